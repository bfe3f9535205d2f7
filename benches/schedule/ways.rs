//! Waits for jobs of known lengths: by the crate's own engine, or as a simulated loop.

use std::time::Duration;

use dcs_wait::Credentials;
use dcs_wait::sandbox::{Sandbox, Story};
use futures_util::StreamExt as _;
use tokio::time::Instant;

use crate::peers::Peer;
use crate::{Figures, Outcome};

const SEED: u64 = 2026;
/// Long enough for each job to end.
const TIMEOUT: Duration = Duration::from_secs(7 * 24 * 3600);

/// How to wait.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    Default,
    Expect,
    Peer(&'static Peer),
}

impl Way {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Default => "dcs-wait",
            Self::Expect => "dcs-wait --expect",
            Self::Peer(peer) => peer.name,
        }
    }
}

/// Waits for jobs of about this length, where `expected` is told to whoever wants to know it.
pub(crate) fn run(way: Way, expected: f64, length: f64) -> Outcome<Figures> {
    fastrand::seed(SEED);
    let (lengths, seen) = match way {
        Way::Peer(peer) => {
            let lengths = spread(length, 20_000);
            let seen = lengths.iter().map(|length| simulated(peer, length.as_secs_f64())).collect();
            (lengths, seen)
        }
        Way::Default | Way::Expect => {
            // Fewer where each is polled more often.
            let lengths = spread(length, (240_000.0 / length).clamp(240.0, 2000.0) as u32);
            let expected = matches!(way, Way::Expect).then(|| Duration::from_secs_f64(expected));
            let seen = crate_itself(expected, &lengths)?;
            (lengths, seen)
        }
    };
    let count = lengths.len() as f64;
    let late: Vec<f64> = seen.iter().zip(&lengths).map(|((at, _), length)| at - length.as_secs_f64()).collect();
    let mean = late.iter().sum::<f64>() / count;
    Ok(Figures {
        late: mean,
        error: (late.iter().map(|late| (late - mean).powi(2)).sum::<f64>() / count / count).sqrt(),
        worst: late.iter().copied().fold(0.0, f64::max),
        requests: seen.iter().map(|(_, requests)| f64::from(*requests)).sum::<f64>() / count,
    })
}

/// Lengths within ±20 %, evenly and yet by chance, so that no pause is in step with them.
fn spread(length: f64, jobs: u32) -> Vec<Duration> {
    let share = |job| 0.8 + 0.4 * (f64::from(job) + fastrand::f64()) / f64::from(jobs);
    (0..jobs).map(|job| Duration::from_secs_f64(length * share(job))).collect()
}

/// When the end is seen, and after how many requests.
fn simulated(peer: &Peer, length: f64) -> (f64, u32) {
    let (mut at, mut asked) = (peer.before, 1);
    while at < length {
        at += (peer.pause)(asked);
        asked += 1;
    }
    (at, asked)
}

/// The same, by the crate's engine.
fn crate_itself(expected: Option<Duration>, lengths: &[Duration]) -> Outcome<Vec<(f64, u32)>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    runtime.block_on(async {
        let sandbox = Sandbox::without_sockets();
        sandbox.accept_only(Credentials::token("bench")?);
        sandbox.record_headers(false);
        for (job, length) in lengths.iter().enumerate() {
            sandbox.add_job(job.to_string(), Story::new().running().until(*length).succeeds());
        }
        // No job is held up by another one.
        let client = sandbox.client().max_rate(1e6).build()?;
        let mut wait = client.wait_for_jobs((0..lengths.len()).map(|job| job.to_string())).timeout(TIMEOUT);
        if let Some(expected) = expected {
            wait = wait.expect(expected);
        }
        let (begin, mut outcomes) = (Instant::now(), wait.outcomes());
        let mut seen = vec![(f64::NAN, 0); lengths.len()];
        while let Some(outcome) = outcomes.next().await {
            outcome.result?;
            seen[outcome.job_id.parse::<usize>()?] = (begin.elapsed().as_secs_f64(), outcome.polls);
        }
        Ok(seen)
    })
}
