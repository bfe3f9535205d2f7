//! Many jobs: when the wait for all of them is over, and what is said of each.

use std::collections::HashSet;
use std::process::Stdio;
use std::time::{Duration, Instant};

use dcs_wait::sandbox::{Answer, Story};
use dcs_wait::{Error, WaitForJobs};
use futures_util::StreamExt as _;
use tokio::io::AsyncWriteExt as _;

use crate::support::{client, command, finish, kind, requests, run, sandbox, signal};

fn quick(wait: WaitForJobs) -> WaitForJobs {
    let pause = Duration::from_millis(1);
    wait.initial_interval(pause).max_interval(pause).timeout(Duration::from_secs(30))
}

fn endings(run: &crate::support::Run) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    run.json().iter().map(|object| (text(&object["job_id"]), text(&object["outcome"]))).collect()
}

#[tokio::test]
async fn any_is_done_with_the_first_success_and_a_failure_before_does_not_count() {
    let sandbox = sandbox([
        ("bad", Story::new().fails("no")),
        ("good", Story::new().running().times(5).succeeds()),
        ("endless", Story::new().running()),
    ])
    .await;
    let run = run(&sandbox, "bad good endless --any -o json").await;
    assert_eq!(run.status, 0, "{}", run.stderr);
    let expected = [("bad", "failed"), ("good", "succeeded"), ("endless", "abandoned")];
    assert_eq!(endings(&run), expected.map(|(id, how)| (id.to_owned(), how.to_owned())));
}

#[tokio::test]
async fn any_without_a_success_is_the_lowest_status() {
    let sandbox = sandbox([("bad", Story::new().fails("no")), ("denied", Story::new().then(Answer::http(403)))]).await;
    assert_eq!(run(&sandbox, "bad denied --any").await.status, 1);
    assert_eq!(run(&sandbox, "denied --any").await.status, 3);
}

#[tokio::test]
async fn fail_fast_stops_at_the_first_that_did_not_succeed() {
    let sandbox = sandbox([
        ("good", Story::new().succeeds()),
        ("denied", Story::new().running().times(5).then(Answer::http(403))),
        ("endless", Story::new().running()),
    ])
    .await;
    let run = run(&sandbox, "endless denied good --fail-fast -o json").await;
    assert_eq!(run.status, 3, "{}", run.stderr);
    let expected = [("good", "succeeded"), ("denied", "denied"), ("endless", "abandoned")];
    assert_eq!(endings(&run), expected.map(|(id, how)| (id.to_owned(), how.to_owned())));
    assert!(
        run.stderr.contains("to take up the wait again: dcs-wait --fail-fast --output json endless"),
        "{}",
        run.stderr
    );
}

#[tokio::test]
async fn any_and_fail_fast_together_are_done_with_the_first_that_is_over() {
    for (story, status) in [(Story::new().running().succeeds(), 0), (Story::new().running().fails("no"), 1)] {
        let sandbox = sandbox([("first", story), ("endless", Story::new().running())]).await;
        let run = run(&sandbox, "first endless --any --fail-fast").await;
        assert_eq!(run.status, status, "{}", run.stderr);
        assert_eq!(run.stdout.lines().count(), 2);
        assert!(run.stdout.contains("endless  RUNNING  masterStandbySwapJob  -  abandoned"), "{}", run.stdout);
    }
}

#[tokio::test]
async fn the_library_gives_outcomes_as_they_become_known_and_collects_them() {
    let sandbox = sandbox([
        ("slow", Story::new().running().times(5).succeeds()),
        ("quick", Story::new().succeeds()),
        ("bad", Story::new().running().times(2).fails("no memory")),
    ])
    .await;
    let client = client(&sandbox).build().unwrap();
    let outcomes: Vec<_> = quick(client.wait_for_jobs(["slow", "quick", "slow"])).outcomes().collect().await;
    assert_eq!(outcomes.iter().map(|outcome| outcome.job_id.as_str()).collect::<Vec<_>>(), ["quick", "slow"]);
    let all = quick(client.wait_for_jobs(["slow", "quick"])).await.unwrap();
    assert!(all.len() == 2 && all.iter().all(|outcome| outcome.result.is_ok()));
    let Err(Error::Several(several)) = quick(client.wait_for_jobs(["slow", "bad", "quick"])).await else {
        panic!("a failure among them is an error")
    };
    assert_eq!(several.outcomes.len(), 3);
    assert_eq!(several.to_string(), "1 of 3 jobs did not succeed; the first: job bad failed: no memory");
    assert!(quick(client.wait_for_jobs(["bad", "quick"])).any().await.is_ok());
    assert!(quick(client.wait_for_jobs(Vec::<String>::new())).await.is_ok_and(|outcomes| outcomes.is_empty()));
    let invalid: Vec<_> = client.wait_for_jobs(["quick", "b/d"]).outcomes().collect().await;
    assert!(invalid.len() == 2 && invalid.iter().all(|outcome| kind(&outcome.result) == "invalid"));
}

#[tokio::test]
async fn a_stream_that_is_stopped_gives_each_open_job_once() {
    let sandbox = sandbox([("over", Story::new().succeeds()), ("open", Story::new().running())]).await;
    let client = client(&sandbox).build().unwrap();
    let mut events = quick(client.wait_for_jobs(["over", "open", "unasked"])).max_outage(Duration::ZERO).events();
    let mut outcomes = Vec::new();
    while let Some(event) = events.next().await {
        if let dcs_wait::Event::Outcome(outcome) = event {
            events.stop();
            outcomes.push((outcome.job_id.clone(), kind(&outcome.result)));
        }
    }
    let ids: HashSet<&str> = outcomes.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!((outcomes.len(), ids.len()), (3, 3), "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|(_, kind)| *kind == "abandoned").count(), 2, "{outcomes:?}");
}

#[tokio::test]
async fn one_line_of_log_says_that_there_is_an_outage_and_one_that_it_is_over() {
    let story = || Story::new().then(Answer::http(503)).running().succeeds();
    let sandbox = sandbox([]).await;
    let ids: Vec<String> = (0..40).map(|_| sandbox.start_job(story())).collect();
    let run = finish(command(&sandbox, "--max-rate 100").args(&ids)).await;
    assert_eq!(run.status, 0, "{}", run.stderr);
    let lines = |text: &str| run.stderr.lines().filter(|line| line.contains(text)).count();
    // Of each job, the first answer is of no use: there may be several outages, each of which is said once.
    let begun = lines("no usable answer for any job");
    assert!(begun >= 1 && begun == lines("usable answers again"), "{}", run.stderr);
    assert!(run.stderr.lines().count() < 30, "{}", run.stderr);
}

#[tokio::test]
async fn an_interruption_of_a_hundred_thousand_open_jobs_ends_in_time_with_a_line_for_each() {
    let sandbox = sandbox([]).await;
    let mut command = command(&sandbox, "-");
    let mut child = command.stdin(Stdio::piped()).spawn().expect("the command can be started");
    let mut stdin = child.stdin.take().expect("a pipe");
    let ids: String = (0..100_000).map(|number| format!("job-{number}\n")).collect();
    stdin.write_all(ids.as_bytes()).await.unwrap();
    drop(stdin);
    requests(&sandbox, 3).await;
    let start = Instant::now();
    signal(&child, "INT").await;
    let run: crate::support::Run = child.wait_with_output().await.expect("the command ends").into();
    let took = start.elapsed();
    assert_eq!((run.status, run.stdout.lines().count()), (130, 100_000), "{}", run.stderr);
    let ids: HashSet<&str> = run.stdout.lines().filter_map(|line| line.split("  ").next()).collect();
    assert_eq!(ids.len(), 100_000);
    assert!(run.stderr.lines().count() < 10 && run.stderr.contains("give their ids to: dcs-wait -"), "{}", run.stderr);
    // It is under a second where nothing else runs and the build is optimized.
    assert!(took < Duration::from_secs(3), "{took:?}");
}
