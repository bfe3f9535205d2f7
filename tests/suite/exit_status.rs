//! One test an exit status; 130, 141 and 143 are in `streams`.

use std::time::Duration;

use dcs_wait::sandbox::{Answer, Story};

use crate::support::{command, finish, run, sandbox};

#[tokio::test]
async fn status_0_every_job_succeeded() {
    let sandbox = sandbox([("one", Story::new().running().succeeds()), ("two", Story::new().succeeds())]).await;
    assert_eq!(run(&sandbox, "one two").await.status, 0);
}

#[tokio::test]
async fn status_1_a_job_failed() {
    let sandbox = sandbox([("one", Story::new().fails("no memory")), ("two", Story::new().succeeds())]).await;
    let run = run(&sandbox, "one two").await;
    assert_eq!(run.status, 1);
    assert!(run.stderr.contains("dcs-wait: error: job one failed: no memory\n"), "{}", run.stderr);
}

#[tokio::test]
async fn status_2_is_found_before_any_wait_begins() {
    let sandbox = sandbox([("job", Story::new().succeeds())]).await;
    assert_eq!(run(&sandbox, "job a/b").await.status, 2);
    assert_eq!(sandbox.requests().len(), 0);
}

#[tokio::test]
async fn status_3_denied() {
    let forbidden =
        Answer::http(403).body(r#"{"error_code":"DCS.2003","error_msg":"Policy does not allow dcs:job:get"}"#);
    let sandbox = sandbox([("job", Story::new().then(forbidden))]).await;
    let run = run(&sandbox, "job").await;
    assert_eq!(run.status, 3);
    assert!(
        run.stderr
            .contains("job job: denied: HTTP 403 DCS.2003 Policy does not allow dcs:job:get (request id sandbox-1)"),
        "{}",
        run.stderr
    );
}

#[tokio::test]
async fn status_4_no_such_job() {
    let sandbox = sandbox([]).await;
    let run = run(&sandbox, "job --not-found-grace 0s").await;
    assert_eq!(run.status, 4);
    assert_eq!(run.stdout, "job  -  -  -  not found\n");
}

#[tokio::test]
async fn status_4_the_service_rejects_the_request_and_a_wrong_place_is_said() {
    let wrong = Answer::http(404).body(r#"{"error_code":"APIG.0101","error_msg":"The API does not exist"}"#);
    let sandbox = sandbox([("job", Story::new().then(wrong))]).await;
    let run = run(&sandbox, "job").await;
    assert_eq!(run.status, 4);
    assert_eq!(run.stdout, "job  -  -  -  rejected\n");
    assert!(run.stderr.contains("the host, the region or the path is wrong"), "{}", run.stderr);
}

#[tokio::test]
async fn status_5_unavailable_for_longer_than_allowed() {
    let down = || Answer::http(503);
    let sandbox = sandbox([("never", Story::new().then(down())), ("lost", Story::new().running().then(down()))]).await;
    let never = run(&sandbox, "never --max-outage 300ms").await;
    assert_eq!((never.status, never.stdout.as_str()), (5, "never  -  -  -  unreachable\n"), "{}", never.stderr);
    let lost = run(&sandbox, "lost --max-outage 300ms").await;
    assert_eq!((lost.status, lost.stdout.as_str()), (5, "lost  RUNNING  masterStandbySwapJob  -  unreachable\n"));
    assert!(lost.stderr.contains("job lost was RUNNING when last seen"), "{}", lost.stderr);
    assert!(lost.stderr.contains("HTTP 503 (request id sandbox-"), "{}", lost.stderr);
}

#[tokio::test]
async fn status_5_unreachable() {
    let sandbox = sandbox([]).await;
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let run =
        finish(command(&sandbox, "job --max-outage 100ms").env("DCS_WAIT_ENDPOINT", format!("http://{unused}"))).await;
    assert_eq!(run.status, 5);
    assert!(run.stderr.contains(&format!("cannot connect: {unused}: Connection refused")), "{}", run.stderr);
}

#[tokio::test]
async fn status_5_a_deadline_without_one_usable_answer() {
    let sandbox = sandbox([("job", Story::new().then(Answer::http(503)))]).await;
    assert_eq!(run(&sandbox, "job -t 100ms").await.status, 5);
}

#[tokio::test]
async fn status_124_the_deadline_passed_and_the_job_was_seen_unfinished() {
    let sandbox = sandbox([("job", Story::new().init().running())]).await;
    let run = run(&sandbox, "job -t 200ms").await;
    assert_eq!(run.status, 124);
    assert_eq!(run.stdout, "job  RUNNING  masterStandbySwapJob  -  timed out\n");
    assert!(
        run.stderr.contains("error: out of time after 0.2s: job job was RUNNING when last seen 0.0s ago"),
        "{}",
        run.stderr
    );
    let again = "to take up the wait again: dcs-wait --timeout 200ms job\n";
    assert!(run.stderr.ends_with(again), "{}", run.stderr);
}

#[tokio::test]
async fn with_several_jobs_the_lowest_status_but_zero_wins() {
    let sandbox = sandbox([
        ("fine", Story::new().succeeds()),
        ("failed", Story::new().fails("no memory")),
        ("denied", Story::new().then(Answer::http(403))),
        ("rejected", Story::new().then(Answer::http(400))),
        ("endless", Story::new().running()),
        ("down", Story::new().then(Answer::http(503))),
    ])
    .await;
    for (ids, status) in [
        ("fine failed denied rejected endless down", 1),
        ("fine denied rejected endless down", 3),
        ("fine rejected endless down", 4),
        ("fine endless down", 5),
        ("fine endless", 124),
    ] {
        let run = run(&sandbox, &format!("{ids} -t 50ms")).await;
        assert_eq!(run.status, status, "{ids}: {}", run.stderr);
        assert_eq!(run.stdout.lines().count(), ids.split(' ').count(), "{}", run.stdout);
    }
}

#[tokio::test]
async fn a_last_poll_that_hangs_is_cut_5_s_after_the_deadline() {
    let hangs = Answer::status("SUCCESS").after(Duration::from_secs(60));
    let sandbox = sandbox([("job", Story::new().then(hangs))]).await;
    let start = std::time::Instant::now();
    let run = run(&sandbox, "job -t 0").await;
    assert_eq!(run.status, 5, "{}", run.stderr);
    let took = start.elapsed().as_secs_f64();
    assert!((5.0..6.5).contains(&took), "{took}");
}

#[tokio::test]
async fn a_dead_service_costs_5_s_more_than_the_deadline_whatever_the_number_of_jobs() {
    let hangs = || Story::new().then(Answer::status("SUCCESS").after(Duration::from_secs(60)));
    let sandbox = sandbox([("one", hangs()), ("two", hangs()), ("three", hangs())]).await;
    let start = std::time::Instant::now();
    let run = run(&sandbox, "one two three -t 0").await;
    assert_eq!((run.status, run.stdout.lines().count()), (5, 3), "{}", run.stderr);
    let took = start.elapsed().as_secs_f64();
    assert!((5.0..6.5).contains(&took), "{took}");
}
