//! A step of GitHub Actions: what its log, its summary and its outputs get. The escapes have properties of their own, beside
//! their code.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use dcs_wait::sandbox::{Answer, Sandbox, Story};
use tokio::process::Command;

use crate::support::{Run, command, finish, sandbox, steady};

/// What a step leaves behind.
pub(crate) struct Step {
    pub(crate) run: Run,
    pub(crate) summary: String,
    pub(crate) outputs: String,
}

impl Step {
    fn output(&self, name: &str) -> &str {
        let mut values = self.outputs.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        values.next().unwrap_or_else(|| panic!("{name} in {}", self.outputs))
    }

    fn annotations(&self) -> Vec<&str> {
        self.run.stderr.lines().filter(|line| line.starts_with("::")).collect()
    }
}

fn folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("github-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs the command in a step whose files have something in them already.
pub(crate) async fn step(sandbox: &Sandbox, args: &str) -> Step {
    step_of(command(sandbox, args)).await
}

async fn step_of(mut command: Command) -> Step {
    let folder = folder();
    let (summary, outputs) = (folder.join("summary"), folder.join("outputs"));
    fs::write(&summary, "before").unwrap();
    fs::write(&outputs, "before=1").unwrap();
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", &summary).env("GITHUB_OUTPUT", &outputs);
    let run = finish(&mut command).await;
    let step =
        Step { run, summary: fs::read_to_string(summary).unwrap(), outputs: fs::read_to_string(outputs).unwrap() };
    fs::remove_dir_all(folder).unwrap();
    step
}

#[tokio::test]
async fn a_job_that_failed_is_an_annotation_a_row_and_outputs() {
    let sandbox =
        sandbox([("good", Story::new().succeeds()), ("bad", Story::new().running().fails("50% is\nfull"))]).await;
    let step = step(&sandbox, "good bad").await;
    assert_eq!(step.run.status, 1, "{}", step.run.stderr);
    assert_eq!(step.run.stdout.lines().count(), 2, "standard output stays the result: {}", step.run.stdout);
    let annotations: Vec<String> = step.annotations().into_iter().map(|line| steady(line, &sandbox)).collect();
    assert_eq!(
        annotations,
        [
            "::error title=dcs-wait%3A job bad failed::job bad failed: 50%25 is full; hint: the operation failed on the service's side (masterStandbySwapJob, after TIME): see to the reason, then start it anew; waiting again does not help"
        ]
    );
    assert!(
        step.summary.starts_with("before\n\n### dcs-wait: 1 succeeded, 1 failed\n\n| job | outcome |"),
        "{}",
        step.summary
    );
    let rows: Vec<&str> = step.summary.lines().filter(|line| line.starts_with("| <code>")).collect();
    let row = "| <code>bad</code> | failed | <code>FAIL</code> | <code>masterStandbySwapJob</code> | 0.0s | <code>50&#37; is full</code> |";
    assert_eq!((rows.len(), rows[0]), (2, row), "{}", step.summary);
    assert!(step.outputs.starts_with("before=1\n"), "{}", step.outputs);
    for (name, value) in [
        ("exit_status", "1"),
        ("job_id", "bad"),
        ("outcome", "failed"),
        ("status", "FAIL"),
        ("job_type", "masterStandbySwapJob"),
        ("fail_reason", "50% is full"),
        ("polls", "2"),
        ("error", ""),
        ("jobs", "2"),
        ("jobs_succeeded", "1"),
        ("jobs_not_succeeded", "1"),
        ("outcomes", r#"[{"job_id":"bad","outcome":"failed"},{"job_id":"good","outcome":"succeeded"}]"#),
    ] {
        assert_eq!(step.output(name), value, "{name}");
    }
    assert!(step.output("duration_ms").parse::<u64>().is_ok() && step.output("waited_ms").parse::<u64>().is_ok());
}

#[tokio::test]
async fn a_success_has_no_annotation() {
    let sandbox = sandbox([("good", Story::new().succeeds())]).await;
    let step = step(&sandbox, "good -q").await;
    assert_eq!((step.run.status, step.run.stderr.as_str()), (0, ""));
    assert_eq!((step.output("outcome"), step.output("exit_status")), ("succeeded", "0"));
}

#[tokio::test]
async fn nothing_to_wait_for_has_outputs_too() {
    let step = step(&sandbox([]).await, "- --allow-empty").await;
    assert_eq!((step.run.status, step.run.stderr.as_str()), (0, ""));
    let outputs = "before=1\nexit_status=0\njobs=0\njobs_succeeded=0\njobs_not_succeeded=0\noutcomes=[]\n";
    assert_eq!(step.outputs.lines().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n") + "\n", outputs);
    assert_eq!(step.summary, "before\n\n### dcs-wait: nothing to wait for\n\n");
}

#[tokio::test]
async fn what_did_not_succeed_is_a_warning_if_one_success_is_enough() {
    let sandbox =
        sandbox([("bad", Story::new().fails("no")), ("good", Story::new().running().times(3).succeeds())]).await;
    let step = step(&sandbox, "bad good --any").await;
    assert_eq!(step.run.status, 0, "{}", step.run.stderr);
    assert_eq!(step.annotations(), ["::warning title=dcs-wait%3A job bad failed::job bad failed: no"]);
    assert_eq!((step.output("job_id"), step.output("outcome")), ("good", "succeeded"));
}

#[tokio::test]
async fn many_jobs_have_ten_annotations_and_one_hint() {
    let sandbox = sandbox([]).await;
    let ids: Vec<String> = (0..15).map(|_| sandbox.start_job(Story::new().fails("no"))).collect();
    let step = step(&sandbox, &ids.join(" ")).await;
    assert_eq!(step.annotations().len(), 10);
    let hinted: Vec<bool> = step.annotations().iter().map(|line| line.contains("; hint: ")).collect();
    assert!(hinted[0] && !hinted[1..].contains(&true), "{hinted:?}");
    assert_eq!(step.annotations()[9], "::error title=dcs-wait::6 more jobs did not succeed");
}

#[tokio::test]
async fn a_step_that_was_refused_has_an_annotation_too() {
    let sandbox = sandbox([]).await;
    for (args, problem) in [
        ("a/b", "::error title=dcs-wait::job-id: \"a/b\" is no job id (1 to 64 of A-Z a-z 0-9 _ -)"),
        (
            "--tiemout 3s x",
            "::error title=dcs-wait::unexpected argument '--tiemout' found; tip: a similar argument exists: '--timeout'; see dcs-wait --help",
        ),
    ] {
        let step = step(&sandbox, args).await;
        assert_eq!((step.run.status, step.output("exit_status")), (2, "2"));
        assert_eq!(step.annotations(), [problem]);
        let quiet = self::step(&sandbox, &format!("--no-github {args}")).await;
        assert_eq!((quiet.annotations(), quiet.outputs.as_str()), (vec![], "before=1"));
    }
}

#[tokio::test]
async fn the_annotation_of_a_setting_that_is_missing_has_its_hint() {
    let mut command = command(&sandbox([]).await, "job");
    command.env("HUAWEICLOUD_SDK_SK", "");
    assert_eq!(
        step_of(command).await.annotations(),
        [
            "::error title=dcs-wait::HUAWEICLOUD_SDK_SK: not set, but HUAWEICLOUD_SDK_AK is; set both; hint: a key has two halves, and both come from one place; in CI, a secret that is not handed to this step is an empty variable"
        ]
    );
}

#[tokio::test]
async fn it_can_be_switched_off_and_is_off_elsewhere() {
    let sandbox = sandbox([("bad", Story::new().fails("no"))]).await;
    let step = step(&sandbox, "bad --no-github").await;
    assert_eq!((step.annotations(), step.summary.as_str(), step.outputs.as_str()), (vec![], "before", "before=1"));
    let elsewhere = finish(command(&sandbox, "bad").env("GITHUB_ACTIONS", "false")).await;
    assert!(!elsewhere.stderr.contains("::"), "{}", elsewhere.stderr);
}

#[tokio::test]
async fn files_that_cannot_be_written_are_said_and_change_no_status() {
    let sandbox = sandbox([("good", Story::new().succeeds()), ("bad", Story::new().fails("no"))]).await;
    for (id, status) in [("good", 0), ("bad", 1)] {
        let mut command = command(&sandbox, &format!("-q {id}"));
        command
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_OUTPUT", "/nonexistent/file")
            .env("GITHUB_STEP_SUMMARY", "/dev/full");
        let run = finish(&mut command).await;
        assert_eq!(run.status, status, "{}", run.stderr);
        let warnings: Vec<&str> = run.stderr.lines().filter(|line| line.contains("warning")).collect();
        assert_eq!(
            warnings,
            [
                "dcs-wait: warning: GITHUB_STEP_SUMMARY: cannot write /dev/full: No space left on device (os error 28)",
                "dcs-wait: warning: GITHUB_OUTPUT: cannot write /nonexistent/file: No such file or directory (os error 2)",
            ]
        );
    }
}

#[tokio::test]
async fn nothing_that_the_service_writes_takes_effect_in_a_step() {
    const EVIL: &str =
        "x\n::add-mask::a\r::error::b ##[add-mask]c\u{1b}[31m\n##[error]d | <img> `e` |\noutcome=succeeded\nEOF";
    let trouble = serde_json::json!({"error_code": EVIL, "error_msg": EVIL, "request_id": EVIL}).to_string();
    let story = || {
        let job = serde_json::json!({"status": EVIL, "job_type": EVIL, "fail_reason": EVIL}).to_string();
        let failed = serde_json::json!({"status": "FAIL", "job_type": EVIL, "fail_reason": EVIL}).to_string();
        let trouble = Answer::http(503).body(trouble.clone());
        Story::new().then(trouble).then(Answer::http(200).body(job)).then(Answer::http(200).body(failed))
    };
    let denied = Story::new().then(Answer::http(403).body(trouble.clone()));
    let sandbox = sandbox([("bad", story()), ("no", denied)]).await;
    for format in ["text", "json", "events"] {
        sandbox.add_job("bad", story());
        let step = step(&sandbox, &format!("bad no -vv -o {format}")).await;
        assert_eq!(step.run.status, 1, "{}", step.run.stderr);
        let lines = step.run.stdout.split(['\n', '\r']).chain(step.run.stderr.split(['\n', '\r']));
        let ours = |line: &str| line.starts_with("::error title=dcs-wait%3A job ");
        let commands: Vec<&str> =
            lines.filter(|line| line.trim_start().starts_with("::") || line.contains("##[")).collect();
        assert_eq!(commands.len(), 2, "{commands:?}");
        assert!(commands.into_iter().all(ours), "{}", step.run.stderr);
        assert_eq!(step.outputs.lines().filter(|line| line.starts_with("outcome=")).count(), 1, "{}", step.outputs);
        assert!(step.outputs.lines().all(|line| line.is_empty() || line.contains('=')), "{}", step.outputs);
        let rows: Vec<&str> = step.summary.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(rows.len(), 4, "{}", step.summary);
        assert!(rows.iter().all(|row| row.matches('|').count() == 7), "{}", step.summary);
        assert!(!step.summary.contains("<img>") && !step.summary.contains('`'), "{}", step.summary);
        for text in [&step.run.stdout, &step.run.stderr, &step.summary, &step.outputs] {
            assert!(!text.contains('\u{1b}'), "{text}");
        }
    }
}
