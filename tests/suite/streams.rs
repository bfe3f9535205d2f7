//! Signals, closed pipes and full disks.

use std::fs::OpenOptions;
use std::process::Stdio;

use dcs_wait::sandbox::Story;

use crate::support::{Run, command, finish, requests, sandbox, signal};

#[tokio::test]
async fn an_interruption_says_where_each_job_stands_and_how_to_go_on() {
    for (name, status) in [("INT", 130), ("TERM", 143)] {
        let sandbox = sandbox([("endless", Story::new().running()), ("done", Story::new().succeeds())]).await;
        let child =
            command(&sandbox, "endless done -o json --project-id 0123456789abcdef0123456789abcdef").spawn().unwrap();
        requests(&sandbox, 4).await;
        signal(&child, name).await;
        let run = Run::from(child.wait_with_output().await.unwrap());
        assert_eq!(run.status, status, "{}", run.stderr);
        let objects = run.json();
        assert_eq!(objects.len(), 2, "exactly one line an id: {objects:?}");
        assert_eq!((&objects[0]["job_id"], &objects[0]["outcome"]), (&"done".into(), &"succeeded".into()));
        let interrupted = &objects[1];
        assert_eq!((&interrupted["outcome"], &interrupted["status"]), (&"interrupted".into(), &"RUNNING".into()));
        assert!(interrupted["polls"].as_u64().unwrap() >= 1);
        let lines: Vec<&str> = run.stderr.lines().rev().take(3).collect();
        assert!(
            lines[2].starts_with("dcs-wait: error: interrupted: job endless was RUNNING when last seen 0."),
            "{lines:?}"
        );
        assert_eq!(lines[1], "dcs-wait: hint: only the wait was interrupted, the job goes on by itself");
        let again = "dcs-wait: to take up the wait again: dcs-wait --project-id 0123456789abcdef0123456789abcdef --output json endless";
        assert_eq!(lines[0], again);
    }
}

#[tokio::test]
async fn a_closed_pipe_ends_the_run_quietly() {
    let sandbox = sandbox([("one", Story::new().running().times(3).succeeds()), ("two", Story::new().running())]).await;
    let mut child = command(&sandbox, "one two -q -o events").spawn().unwrap();
    drop(child.stdout.take());
    let run = Run::from(child.wait_with_output().await.unwrap());
    assert_eq!((run.status, run.stderr.as_str()), (141, ""));
}

#[tokio::test]
async fn a_full_disk_is_said_and_makes_0_a_2_and_keeps_any_other_status() {
    let sandbox = sandbox([("good", Story::new().succeeds()), ("bad", Story::new().fails("no memory"))]).await;
    for (id, status) in [("good", 2), ("bad", 1)] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let run = finish(command(&sandbox, id).stdout(Stdio::from(full))).await;
        assert_eq!(run.status, status);
        assert!(run.stderr.contains("error: cannot write standard output: No space left on device"), "{}", run.stderr);
    }
}

#[tokio::test]
async fn a_standard_error_that_cannot_be_written_changes_nothing() {
    let sandbox =
        sandbox([("good", Story::new().running().succeeds()), ("bad", Story::new().fails("no memory"))]).await;
    for (id, status) in [("good", 0), ("bad", 1), ("a/b", 2)] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        assert_eq!(finish(command(&sandbox, id).arg("-vv").stderr(Stdio::from(full))).await.status, status);
    }
}

#[tokio::test]
async fn an_interruption_goes_before_a_closed_pipe() {
    let sandbox = sandbox([("endless", Story::new().running())]).await;
    let mut child = command(&sandbox, "endless").spawn().unwrap();
    requests(&sandbox, 2).await;
    // As in a pipeline, where Ctrl-C ends the reader too.
    drop(child.stdout.take());
    signal(&child, "INT").await;
    let run = Run::from(child.wait_with_output().await.unwrap());
    assert_eq!(run.status, 130);
    assert!(run.stderr.ends_with("to take up the wait again: dcs-wait endless\n"), "{}", run.stderr);
}

#[tokio::test]
async fn a_reader_that_does_not_read_stops_neither_the_polling_nor_an_interruption() {
    let sandbox = sandbox([("endless", Story::new().running())]).await;
    let child = command(&sandbox, "endless -q -o events --max-interval 1ms").spawn().unwrap();
    // More than a pipe and the queue hold: a line is over 100 bytes, a pipe 64 KiB.
    requests(&sandbox, 1200).await;
    signal(&child, "TERM").await;
    let mut child = child;
    let status = tokio::time::timeout(std::time::Duration::from_secs(5), child.wait()).await.expect("in time").unwrap();
    assert_eq!(status.code(), Some(143));
}

#[tokio::test]
async fn help_that_cannot_be_written_is_an_error() {
    let sandbox = sandbox([]).await;
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let run = finish(command(&sandbox, "--help").stdout(Stdio::from(full))).await;
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("cannot write standard output"), "{}", run.stderr);
}

#[tokio::test]
async fn a_reader_of_standard_error_that_does_not_read_stops_nothing() {
    let sandbox = sandbox([("endless", Story::new().running())]).await;
    let mut child = command(&sandbox, "endless -vv --max-interval 1ms").spawn().unwrap();
    // Far more than a pipe and the queue hold.
    requests(&sandbox, 1500).await;
    signal(&child, "TERM").await;
    let status = tokio::time::timeout(std::time::Duration::from_secs(8), child.wait()).await.expect("in time").unwrap();
    assert_eq!(status.code(), Some(143));
}
