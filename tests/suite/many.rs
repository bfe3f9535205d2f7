//! Several jobs side by side under one rate.

use std::time::{Duration, Instant};

use dcs_wait::sandbox::{Sandbox, Story};
use futures_util::future::join_all;

use crate::support::{command, finish, sandbox};

/// The most requests that the server received in any one second.
fn busiest_second(sandbox: &Sandbox) -> usize {
    let times: Vec<Instant> = sandbox.requests().iter().map(|request| request.at).collect();
    let second = Duration::from_secs(1);
    let within = |start: &Instant| times.iter().filter(|time| *time >= start && **time < *start + second).count();
    times.iter().map(within).max().unwrap_or_default()
}

#[tokio::test]
async fn no_second_sees_more_requests_than_the_rate_whatever_the_number_of_jobs() {
    let sandbox = sandbox([]).await;
    let ids: Vec<String> = (0..10).map(|_| sandbox.start_job(Story::new().running().succeeds())).collect();
    let run = finish(command(&sandbox, "--max-rate 8").args(&ids)).await;
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert_eq!(sandbox.requests().len(), 20);
    assert_eq!(busiest_second(&sandbox), 8);
}

#[tokio::test]
async fn all_clones_of_a_client_share_one_rate() {
    let sandbox = sandbox([("job", Story::new().running())]).await;
    let client = sandbox.client().max_rate(3.0).build().unwrap();
    let asks = (0..7).map(|_| {
        let client = client.clone();
        async move { client.job("job").await }
    });
    assert!(join_all(asks).await.iter().all(Result::is_ok));
    assert_eq!(busiest_second(&sandbox), 3);
}

#[tokio::test]
async fn jobs_are_waited_for_side_by_side() {
    let sandbox = sandbox([
        ("slow", Story::new().running().lasting(Duration::from_millis(300)).succeeds()),
        ("quick", Story::new().running().succeeds()),
    ])
    .await;
    let run = finish(&mut command(&sandbox, "slow quick")).await;
    let ids: Vec<&str> = run.stdout.lines().filter_map(|line| line.split("  ").next()).collect();
    assert_eq!(ids, ["quick", "slow"]);
}
