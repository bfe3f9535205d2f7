//! A machine that is short of something, and signals at any moment: the command ends with a status that is true, one line
//! an id, and never with a panic.

use std::process::Stdio;
use std::time::Duration;

use dcs_wait::sandbox::{Answer, Sandbox, Story};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;

use crate::support::{Run, command, finish, requests, sandbox, signal, within};

/// The command below a shell that takes something away from it first.
fn below(sandbox: &Sandbox, limit: &str, args: &str) -> Command {
    let mut command = within(sandbox, "sh");
    command.args(["-c", &format!("{limit}; exec '{}' {args}", env!("CARGO_BIN_EXE_dcs-wait"))]);
    command
}

fn assert_no_panic(run: &Run) {
    assert!(![101, 134].contains(&run.status) && !run.stderr.contains("panicked"), "{run:?}");
}

#[tokio::test]
async fn without_descriptors_it_does_not_start_or_bears_it() {
    let sandbox = sandbox([("good", Story::new().running().succeeds())]).await;
    // With three the system cannot even load it.
    for most in 4..=16 {
        let args = "good --max-outage 50ms -t 10s";
        let run = finish(&mut below(&sandbox, &format!("ulimit -n {most}"), args)).await;
        assert_no_panic(&run);
        let lines = run.stdout.lines().count();
        match run.status {
            0 | 5 => assert_eq!(lines, 1, "{most}: {run:?}"),
            2 => {
                assert_eq!(lines, 0, "{most}: {run:?}");
                assert!(run.stderr.contains("Too many open files"), "{most}: {run:?}");
            }
            _ => panic!("{most}: {run:?}"),
        }
    }
    let run = finish(&mut below(&sandbox, "ulimit -n 16", "good")).await;
    assert_eq!(run.status, 0, "{run:?}");
}

#[tokio::test]
async fn descriptors_that_run_out_during_the_wait_are_an_outage() {
    let sandbox = sandbox([]).await;
    let ids: Vec<String> = (0..20).map(|number| format!("job-{number}")).collect();
    for id in &ids {
        // Slow, so that many are asked about at once.
        let running = Answer::status("RUNNING").after(Duration::from_millis(50));
        sandbox.add_job(id, Story::new().then(running).times(3).succeeds());
    }
    let args = format!("{} -v -t 20s --request-timeout 5s", ids.join(" "));
    let run = finish(&mut below(&sandbox, "ulimit -n 14", &args)).await;
    assert_eq!((run.status, run.stdout.lines().count()), (0, 20), "{}", run.stderr);
    assert!(run.stderr.contains("Too many open files"), "{}", run.stderr);
}

#[tokio::test]
async fn with_too_little_memory_it_does_not_start_or_is_killed_but_never_claims_a_success() {
    let sandbox = sandbox([("good", Story::new().running().succeeds())]).await;
    // A name is looked up on a thread, for which there may be no room.
    let by_name = format!("good --max-outage 50ms --endpoint {}", sandbox.endpoint().replace("127.0.0.1", "localhost"));
    let mut refused = 0;
    for (kib, args) in (4..=32).flat_map(|mib| ["good", &by_name].map(|args| (mib * 1024, args))) {
        let output = below(&sandbox, &format!("ulimit -v {kib}"), args).output().await.unwrap();
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!stderr.contains("panicked"), "{kib}: {stderr}");
        match output.status.code() {
            Some(0) => assert!(stdout.starts_with("good  SUCCESS"), "{kib}: {stdout}"),
            Some(2) => assert!(stderr.contains("cannot start"), "{kib}: {stderr}"),
            Some(5) => assert!(args == by_name && stderr.contains("no thread"), "{kib}: {stderr}"),
            // The system could not load it, or it was killed for want of memory.
            Some(127) | None => {}
            Some(status) => panic!("{kib}: {status}: {stderr}"),
        }
        refused += usize::from(output.status.code() != Some(0));
    }
    assert!(refused > 0);
    assert_eq!(finish(&mut below(&sandbox, "ulimit -v 100000", "good")).await.status, 0);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn it_leaves_no_core_file() {
    let sandbox = sandbox([("endless", Story::new().running())]).await;
    let mut child = command(&sandbox, "endless").spawn().unwrap();
    requests(&sandbox, 1).await;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id().unwrap())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().collect::<Vec<_>>()[4..], ["0", "0", "bytes"], "{core}");
    child.kill().await.unwrap();
}

#[tokio::test]
async fn it_needs_no_home_no_temporary_folder_and_no_locale() {
    let sandbox = sandbox([("good", Story::new().running().succeeds())]).await;
    for (name, value) in [
        ("HOME", None),
        ("HOME", Some("/nonexistent")),
        ("HOME", Some("/proc")),
        ("TMPDIR", Some("/nonexistent")),
        ("LC_ALL", Some("C")),
        ("LC_ALL", Some("no_such_LOCALE")),
        ("TZ", Some("Nowhere/Land")),
        ("SSL_CERT_FILE", Some("/nonexistent")),
        ("SSL_CERT_DIR", Some("/nonexistent")),
    ] {
        let mut command = command(&sandbox, "good");
        let run = finish(match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        })
        .await;
        assert_eq!((run.status, run.stdout.lines().count()), (0, 1), "{name}={value:?}: {}", run.stderr);
    }
}

#[tokio::test]
async fn a_name_that_is_not_resolved_is_an_outage() {
    let sandbox = sandbox([]).await;
    let run =
        finish(&mut command(&sandbox, "some --endpoint https://dcs.invalid --max-outage 20ms --request-timeout 5s"))
            .await;
    assert_eq!((run.status, run.stdout.lines().count()), (5, 1), "{}", run.stderr);
    assert!(run.stderr.contains("dcs.invalid"), "{}", run.stderr);
}

#[tokio::test]
async fn stopped_and_continued_it_loses_nothing() {
    for after in 1..=4 {
        let sandbox = sandbox([
            ("good", Story::new().running().times(8).succeeds()),
            ("bad", Story::new().running().times(4).fails("no memory")),
        ])
        .await;
        let child = command(&sandbox, "good bad -o json").spawn().unwrap();
        requests(&sandbox, 2 * after).await;
        signal(&child, "STOP").await;
        // What is in flight arrives at a process that does not run.
        tokio::time::sleep(Duration::from_millis(30)).await;
        signal(&child, "CONT").await;
        let run = Run::from(child.wait_with_output().await.unwrap());
        let outcomes: Vec<_> = run.json().iter().map(|it| (it["job_id"].clone(), it["outcome"].clone())).collect();
        assert_eq!(run.status, 1, "{}", run.stderr);
        assert_eq!(outcomes, [("bad".into(), "failed".into()), ("good".into(), "succeeded".into())]);
    }
}

#[tokio::test]
async fn a_second_interruption_changes_nothing() {
    let ids: Vec<String> = (0..20_000).map(|number| format!("job-{number:05}")).collect();
    for (first, second, status) in
        [("INT", "INT", 130), ("INT", "TERM", 130), ("TERM", "TERM", 143), ("TERM", "INT", 143)]
    {
        let sandbox = sandbox(ids.iter().map(|id| (id.as_str(), Story::new().running()))).await;
        let mut child = command(&sandbox, "-").stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(ids.join("\n").as_bytes()).await.unwrap();
        requests(&sandbox, 2).await;
        signal(&child, first).await;
        // A line is out, and the others are more than a pipe holds: it is still at it.
        let (mut stdout, mut text) = (BufReader::new(child.stdout.take().unwrap()), String::new());
        stdout.read_line(&mut text).await.unwrap();
        signal(&child, second).await;
        stdout.read_to_string(&mut text).await.unwrap();
        let run = Run::from(child.wait_with_output().await.unwrap());
        assert_eq!(run.status, status, "{first} {second}: {}", run.stderr);
        let mut told: Vec<_> = text.lines().filter_map(|line| line.split_whitespace().next()).collect();
        told.sort_unstable();
        assert!(told == ids, "{first} {second}: {} lines for {} jobs", told.len(), ids.len());
    }
}
