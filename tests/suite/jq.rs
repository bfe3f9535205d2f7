//! The lines with jq in README print what they say.

use dcs_wait::sandbox::{Answer, Story};

use crate::support::{Run, finish, path, sandbox, within};

const README: &str = include_str!("../../README.md");

/// Runs a line of a shell with these ids.
async fn shell(line: &str) -> Run {
    let sandbox = sandbox([
        ("a", Story::new().init().running().succeeds()),
        ("b", Story::new().job_type("modifyBandwidth").aged(std::time::Duration::from_secs(7)).fails("no memory")),
        ("c", Story::new().then(Answer::http(400).header("X-Request-Id", "req-7"))),
        ("d", Story::new().running().times(3).succeeds()),
        ("e", Story::new().then(Answer::hang_up())),
    ])
    .await;
    finish(within(&sandbox, "sh").args(["-c", line]).env("PATH", path()).env("ids", "a b c d")).await
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[tokio::test]
async fn the_lines_with_jq_print_what_they_say() {
    let jq = std::process::Command::new("jq").arg("--version").output();
    assert!(jq.is_ok_and(|output| output.status.success()), "this test needs jq: apt-get install jq");
    let lines: Vec<(&str, &str)> = README
        .lines()
        .filter(|line| line.starts_with("dcs-wait ") && line.contains("| jq "))
        .map(|line| line.rsplit_once(" # ").expect("what it is for"))
        .collect();
    let expected: [(&str, &[&str]); 7] = [
        ("which did not succeed", &["b", "c"]),
        ("and why they failed", &["b: no memory"]),
        ("how many ended how", &[r#"{"failed":1,"rejected":1,"succeeded":2}"#]),
        ("how long the longest took", &["7000"]),
        ("a table", &[]),
        ("for a support ticket", &["req-7"]),
        ("each step at once", &["INIT", "RUNNING", "RUNNING", "RUNNING", "RUNNING"]),
    ];
    assert_eq!(lines.len(), expected.len());
    for ((line, comment), (what, printed)) in lines.into_iter().zip(expected) {
        let run = shell(line).await;
        assert_eq!((run.status, comment), (0, what), "{}", run.stderr);
        if what == "a table" {
            let rows = sorted(&run.stdout);
            assert_eq!(rows.len(), 4, "{rows:?}");
            assert_eq!(rows[1], r#""b","failed","modifyBandwidth",7000"#);
            assert_eq!(rows[2], r#""c","rejected",,"#);
        } else {
            assert_eq!(sorted(&run.stdout), printed, "{line}");
        }
    }
}

#[tokio::test]
async fn an_error_without_a_request_id_is_nothing_for_a_support_ticket() {
    let line = README.lines().find(|line| line.ends_with("# for a support ticket")).expect("a line");
    let run = shell(&format!("ids='c e'; export DCS_WAIT_MAX_OUTAGE=50ms; {line}")).await;
    assert_eq!((run.status, run.stdout.as_str()), (0, "req-7\n"), "{}", run.stderr);
}

#[tokio::test]
async fn with_pipefail_the_status_is_that_of_the_wait() {
    let bash = |set: &str| format!("bash -c '{set} dcs-wait -q -o json a b | jq -s length'");
    assert_eq!(shell(&bash("")).await.status, 0);
    let strict = shell(&bash("set -o pipefail;")).await;
    assert_eq!((strict.status, strict.stdout.as_str()), (1, "2\n"));
}
