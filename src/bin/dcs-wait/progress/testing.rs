//! The board of a wait in the library's sandbox, in paused time: events are the library's own.

use std::time::{Duration, Instant};

use dcs_wait::sandbox::{Sandbox, Story};
use dcs_wait::{Event, WaitForJobs};
use futures_util::StreamExt as _;

use super::board::{Board, Change, Limits};
use crate::verdict::Verdict;

pub(super) const LIMITS: Limits = Limits {
    timeout: Duration::from_secs(1800),
    max_outage: Duration::from_secs(600),
    max_interval: Duration::from_secs(10),
    request_timeout: Duration::from_secs(10),
};

/// The board after so many seconds of waiting for jobs with these stories, and when that is.
pub(super) async fn board(jobs: impl IntoIterator<Item = (&str, Story)>, seconds: u64) -> (Board, Instant) {
    let mut changes = Vec::new();
    play(jobs, seconds, &mut changes).await
}

/// The same; and what changed, and at which second.
pub(super) async fn play(
    jobs: impl IntoIterator<Item = (&str, Story)>,
    seconds: u64,
    changes: &mut Vec<(u64, Change)>,
) -> (Board, Instant) {
    let sandbox = Sandbox::without_sockets();
    let jobs: Vec<(&str, Story)> = jobs.into_iter().collect();
    let ids: Vec<String> = jobs.iter().map(|(id, _)| (*id).to_owned()).collect();
    for (id, story) in jobs {
        sandbox.add_job(id, story);
    }
    let start = tokio::time::Instant::now();
    let client = sandbox.client().max_rate(1000.0).build().unwrap();
    let wait: WaitForJobs = client.wait_for_jobs(&ids).jitter(0.0).timeout(LIMITS.timeout);
    let mut board = Board::new(&ids, LIMITS, start.into_std());
    let mut events = wait.events();
    let end = start + Duration::from_secs(seconds);
    while let Ok(Some(event)) = tokio::time::timeout_at(end, events.next()).await {
        let now = tokio::time::Instant::now();
        if let Event::Outcome(outcome) = event {
            board.end(&Verdict::of(outcome, false, false), now.into_std());
        } else if let Some(change) = board.show(&event, now.into_std()) {
            changes.push(((now - start).as_secs(), change));
        }
    }
    (board, end.into_std())
}
