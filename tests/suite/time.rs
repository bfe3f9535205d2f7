//! Deadlines and pauses over real sockets. The exact lists are in the engine's own tests, in paused time.

use std::time::{Duration, SystemTime};

use dcs_wait::sandbox::{Answer, Sandbox, Story};
use dcs_wait::{Error, Event};
use futures_util::StreamExt as _;

use crate::support::{client, kind, quick, run, sandbox};

/// The time between the first two requests.
fn first_gap(sandbox: &Sandbox) -> Duration {
    let requests = sandbox.requests();
    requests[1].at - requests[0].at
}

#[tokio::test]
async fn the_last_poll_starts_at_the_deadline() {
    let sandbox = sandbox([("job", Story::new().running().succeeds())]).await;
    let run = run(&sandbox, "job --initial-interval 1h --max-interval 1h -t 300ms").await;
    assert_eq!(run.status, 0, "a success at the last poll counts: {}", run.stderr);
    assert!(first_gap(&sandbox) >= Duration::from_millis(295), "{:?}", first_gap(&sandbox));
}

#[tokio::test]
async fn no_time_at_all_looks_at_each_job_once() {
    let sandbox = sandbox([]).await;
    let ids: Vec<String> = (0..12).map(|_| sandbox.start_job(Story::new().running())).collect();
    let run = run(&sandbox, &format!("{} -t 0", ids.join(" "))).await;
    assert_eq!(run.status, 124);
    assert_eq!((run.stdout.lines().count(), sandbox.requests().len()), (12, 12));
}

#[tokio::test]
async fn no_time_at_all_looks_at_each_job_once_even_if_the_rate_makes_that_late() {
    let sandbox = sandbox([
        ("one", Story::new().succeeds()),
        ("two", Story::new().running()),
        ("three", Story::new().succeeds()),
    ])
    .await;
    let run = run(&sandbox, "one two three -t 0 --max-rate 2").await;
    assert_eq!((run.status, run.stdout.lines().count(), sandbox.requests().len()), (124, 3, 3), "{}", run.stderr);
}

#[tokio::test]
async fn retry_after_is_kept_in_both_spellings() {
    let now = SystemTime::now();
    let date = |ahead| httpdate::fmt_http_date(now + Duration::from_secs(ahead));
    let seconds = Answer::http(429).header("Retry-After", "1");
    // The date is read against the answer's own clock, which here is a day ahead.
    let by_date = Answer::http(503).header("Date", date(86_400)).header("Retry-After", date(86_401));
    let usable = Answer::status("RUNNING").header("Retry-After", "1");
    for answer in [seconds, by_date, usable] {
        let shown = format!("{answer:?}");
        let sandbox = sandbox([("job", Story::new().then(answer).succeeds())]).await;
        assert_eq!(kind(&quick(client(&sandbox).build().unwrap().wait_for_job("job")).await), "succeeded");
        assert!(first_gap(&sandbox) >= Duration::from_millis(995), "{:?} after {shown}", first_gap(&sandbox));
    }
}

#[tokio::test]
async fn an_old_job_is_not_polled_as_if_it_were_new() {
    let sandbox =
        sandbox([("old", Story::new().aged(Duration::from_secs(3600)).running()), ("new", Story::new().running())])
            .await;
    let client = client(&sandbox).build().unwrap();
    for (id, pauses) in [("old", 8.9..=10.0), ("new", 0.9..=1.1)] {
        let mut events = client.wait_for_job(id).events();
        let Some(Event::Status { next_poll, .. }) = events.next().await else { panic!("no status") };
        assert!(pauses.contains(&next_poll.as_secs_f64()), "{id}: {next_poll:?}");
    }
}

#[tokio::test]
async fn a_time_out_carries_the_last_job_and_the_last_error() {
    let down = Answer::http(503).body(r#"{"error_code":"APIG.0201"}"#);
    let sandbox = sandbox([("job", Story::new().then(down).running())]).await;
    let client = client(&sandbox).build().unwrap();
    let Err(Error::TimedOut(last)) = quick(client.wait_for_job("job")).timeout(Duration::from_millis(1500)).await
    else {
        panic!("not out of time");
    };
    assert_eq!(last.job.as_ref().map(|job| job.status_text()), Some("RUNNING"));
    assert!(last.seen_ago.is_some_and(|ago| ago < Duration::from_millis(500)), "{last:?}");
    let code = last.last_error.as_ref().and_then(|error| error.service()?.code.as_deref());
    assert_eq!(code, Some("APIG.0201"));
    assert!(last.last_error_ago.is_some() && last.polls >= 2 && last.waited >= Duration::from_millis(1500));
}
