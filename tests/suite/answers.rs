//! What an answer is to a wait: every row of the promise, over the wire.

use std::time::Duration;

use dcs_wait::sandbox::{Answer, Story};
use dcs_wait::{Event, TransportErrorKind};
use futures_util::StreamExt as _;

use crate::support::{client, kind, quick, sandbox};

/// How a wait ends that gets this answer first and the job's success after it, and how often it retried.
async fn outcome_of(answer: Answer) -> (&'static str, usize) {
    let sandbox = sandbox([("job", Story::new().then(answer).succeeds())]).await;
    let client = client(&sandbox).request_timeout(Duration::from_millis(300)).build().unwrap();
    let events: Vec<Event> = quick(client.wait_for_job("job")).not_found_grace(Duration::ZERO).events().collect().await;
    let retries = events.iter().filter(|event| matches!(event, Event::Retry { .. })).count();
    let Some(Event::Outcome(outcome)) = events.last() else { panic!("no outcome") };
    (kind(&outcome.result), retries)
}

fn error(status: u16, code: &str) -> Answer {
    Answer::http(status).body(format!(r#"{{"error_code":"{code}","error_msg":"…"}}"#))
}

#[tokio::test]
async fn a_job_that_is_over_ends_the_wait_with_its_end() {
    assert_eq!(outcome_of(Answer::status("SUCCESS")).await, ("succeeded", 0));
    for failed in ["FAIL", "FAILED", "fail", "Failed"] {
        assert_eq!(outcome_of(Answer::status(failed)).await, ("failed", 0), "{failed}");
    }
}

#[tokio::test]
async fn any_other_status_is_unfinished() {
    for unfinished in ["INIT", "RUNNING", "running", "PAUSED", "SUCCESSFUL"] {
        assert_eq!(outcome_of(Answer::status(unfinished)).await, ("succeeded", 0), "{unfinished}");
    }
}

/// The body of a job that failed, of so many bytes.
fn of_length(bytes: usize) -> String {
    let body = |reason: &str| format!(r#"{{"status":"FAIL","fail_reason":"{reason}"}}"#);
    body(&"x".repeat(bytes - body("").len()))
}

#[tokio::test]
async fn an_answer_of_1_mib_is_read() {
    assert_eq!(outcome_of(Answer::http(200).body(of_length(1 << 20))).await, ("failed", 0));
}

#[tokio::test]
async fn an_unusable_answer_is_borne() {
    let ok = || Answer::http(200);
    let rows = [
        ("not JSON", ok().body("<html>SUCCESS</html>")),
        ("no status", ok().body("{}")),
        ("another job's id", ok().body(r#"{"job_id":"another","status":"FAIL"}"#)),
        ("over 1 MiB", ok().body(of_length((1 << 20) + 1))),
        ("301", Answer::http(301).header("Location", "/")),
        ("304", Answer::http(304)),
        ("307", Answer::http(307).header("Location", "http://127.0.0.1:1/")),
        ("408", Answer::http(408)),
        ("425", Answer::http(425)),
        ("429", error(429, "APIG.0308")),
        ("500", error(500, "DCS.5000")),
        ("502", Answer::http(502)),
        ("503", error(503, "APIG.0201")),
        ("504", Answer::http(504)),
        ("599", Answer::http(599)),
        ("reset", Answer::hang_up()),
        ("cut body", Answer::status("FAIL").cut()),
        ("time-out", Answer::status("FAIL").after(Duration::from_secs(60))),
        ("another 2xx", Answer::http(202).body(r#"{"status":"FAIL"}"#)),
        ("204", Answer::http(204)),
    ];
    let outcomes = rows.map(|(name, answer)| async move { (name, outcome_of(answer).await) });
    for (name, outcome) in futures_util::future::join_all(outcomes).await {
        assert_eq!(outcome, ("succeeded", 1), "{name}");
    }
}

#[tokio::test]
async fn a_final_answer_ends_the_wait() {
    for (answer, expected) in [
        (error(401, "APIG.0301"), "denied"),
        (error(403, "DCS.2003"), "denied"),
        (error(404, "APIG.0101"), "rejected"),
        (error(404, "DCS.4001"), "rejected"),
        (error(404, "DCS.3022"), "not found"),
        (Answer::http(404), "not found"),
        (error(400, "DCS.4070"), "rejected"),
        (Answer::http(405), "rejected"),
        (Answer::http(407), "transport"),
        (Answer::http(418), "rejected"),
    ] {
        let shown = format!("{answer:?}");
        assert_eq!(outcome_of(answer).await, (expected, 0), "{shown}");
    }
}

#[tokio::test]
async fn a_403_ends_only_the_wait_that_met_it() {
    let sandbox = sandbox([
        ("forbidden", Story::new().then(error(403, "DCS.2003"))),
        ("allowed", Story::new().running().times(20).succeeds()),
    ])
    .await;
    let client = client(&sandbox).build().unwrap();
    let (forbidden, allowed) = tokio::join!(
        quick(client.wait_for_job("forbidden")).into_future(),
        quick(client.wait_for_job("allowed")).into_future()
    );
    assert_eq!((kind(&forbidden), kind(&allowed)), ("denied", "succeeded"));
}

#[tokio::test]
async fn a_job_never_seen_may_be_missing_within_the_grace() {
    let missing = || Story::new().then(error(404, "DCS.3022")).times(3).succeeds();
    let sandbox =
        sandbox([("late", missing()), ("too-late", missing()), ("gone", Story::new().running().then(error(404, "X")))])
            .await;
    let client = client(&sandbox).build().unwrap();
    assert_eq!(kind(&quick(client.wait_for_job("late")).await), "succeeded");
    assert_eq!(kind(&quick(client.wait_for_job("too-late")).not_found_grace(Duration::ZERO).await), "not found");
    assert_eq!(kind(&quick(client.wait_for_job("gone")).await), "not found", "a job that was seen has no grace");
}

#[tokio::test]
async fn a_refused_connection_is_transient() {
    let sandbox = sandbox([]).await;
    let client = client(&sandbox).build().unwrap();
    drop(sandbox);
    // The port is closed when the sandbox's task is gone.
    tokio::task::yield_now().await;
    let error = client.job("job").await.unwrap_err();
    assert!(error.is_transient());
    assert!(matches!(error, dcs_wait::Error::Transport(error) if error.kind == TransportErrorKind::Connect));
}

#[tokio::test]
async fn asking_once_answers_for_a_failed_job_too() {
    let sandbox = sandbox([("job", Story::new().fails("no memory"))]).await;
    let job = client(&sandbox).build().unwrap().job("job").await.unwrap();
    assert_eq!(job.fail_reason.as_deref(), Some("no memory"));
    assert_eq!(job.job_type.as_deref(), Some("masterStandbySwapJob"));
    assert!(job.status.is_over() && job.duration().is_some());
}
