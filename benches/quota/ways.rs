//! Two ways to wait for many jobs, each against a sandbox of its own and in paused time: this crate, and one loop a job.

use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use dcs_wait::sandbox::{Answer, Quota, Sandbox, Story};
use dcs_wait::{Client, Credentials};
use futures_util::StreamExt as _;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::Outcome;

/// Long enough for each job to end.
const TIMEOUT: Duration = Duration::from_secs(24 * 3600);

/// How to wait.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    /// All with one client, at no more than this rate.
    Fleet { max_rate: f64 },
    /// Each with its own loop, its own backoff and a client that knows of no other.
    Loops,
}

impl Way {
    pub(crate) fn name(self) -> String {
        match self {
            Self::Fleet { max_rate } => format!("dcs-wait {max_rate}/s"),
            Self::Loops => "naive".to_owned(),
        }
    }
}

/// What changes at the service, and when.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Quota(Quota),
    Outage(Option<Answer>),
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Run {
    /// How late the end of each job was seen, in seconds.
    pub(crate) late: Vec<f64>,
    pub(crate) requests: Vec<Asked>,
}

/// A request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    /// When, in seconds.
    pub(crate) at: f64,
    pub(crate) job: usize,
    pub(crate) is_usable: bool,
}

/// The pauses between polls until they grow no more.
pub(crate) fn pauses() -> Outcome<Vec<Duration>> {
    let client = Sandbox::without_sockets().client().build()?;
    Ok(client.wait_for_jobs([""; 0]).pauses().take(30).collect())
}

/// The most requests in any one second.
pub(crate) fn busiest_second(requests: &[Asked]) -> usize {
    let within = |(index, first): (usize, &Asked)| {
        requests[index..].iter().take_while(|request| request.at < first.at + 1.0).count()
    };
    requests.iter().enumerate().map(within).max().unwrap_or_default()
}

/// Waits for jobs of these lengths, in a runtime of its own.
pub(crate) fn run(way: Way, lengths: &[Duration], changes: &[(Duration, Change)], seed: u64) -> Outcome<Run> {
    fastrand::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    runtime.block_on(async {
        let sandbox = Sandbox::without_sockets();
        sandbox.accept_only(Credentials::token("bench")?);
        sandbox.record_headers(false);
        let begin = Instant::now();
        let service = pin!(async {
            for (after, change) in changes {
                if !after.is_zero() {
                    sleep_until(begin + *after).await;
                }
                match change.clone() {
                    Change::Quota(quota) => sandbox.set_quota(Some(quota)),
                    Change::Outage(answer) => sandbox.set_outage(answer),
                }
            }
            pending::<()>().await;
        });
        for (job, length) in lengths.iter().enumerate() {
            sandbox.add_job(job.to_string(), Story::new().running().until(*length).succeeds());
        }
        let waiting = pin!(async {
            match way {
                Way::Fleet { max_rate } => fleet(&sandbox, max_rate, lengths.len(), begin).await,
                Way::Loops => loops(&sandbox, lengths.len(), begin).await,
            }
        });
        let ends = tokio::select! {
            biased;
            () = service => return Err("the service does not end".into()),
            ends = waiting => ends?,
        };
        let late = ends.iter().zip(lengths).map(|(end, length)| (*end - *length).as_secs_f64()).collect();
        let requests = sandbox.requests().into_iter().map(|request| Asked {
            at: (Instant::from_std(request.at) - begin).as_secs_f64(),
            job: request.path.rsplit('/').next().and_then(|job| job.parse().ok()).unwrap_or(usize::MAX),
            is_usable: request.status == Some(200),
        });
        let run = Run { late, requests: requests.collect() };
        if let Way::Fleet { max_rate } = way {
            assert!(busiest_second(&run.requests) as f64 <= max_rate, "the rate is never exceeded");
        }
        Ok(run)
    })
}

async fn fleet(sandbox: &Sandbox, max_rate: f64, jobs: usize, begin: Instant) -> Outcome<Vec<Duration>> {
    let client = sandbox.client().max_rate(max_rate).build()?;
    let ids = (0..jobs).map(|job| job.to_string());
    let mut outcomes = client.wait_for_jobs(ids).timeout(TIMEOUT).outcomes();
    let mut ends = vec![Duration::MAX; jobs];
    while let Some(outcome) = outcomes.next().await {
        outcome.result?;
        ends[outcome.job_id.parse::<usize>()?] = begin.elapsed();
    }
    Ok(ends)
}

async fn loops(sandbox: &Sandbox, jobs: usize, begin: Instant) -> Outcome<Vec<Duration>> {
    let mut tasks = JoinSet::new();
    for job in 0..jobs {
        let client = sandbox.client().max_rate(1e6).build()?;
        tasks.spawn(async move { (job, one_loop(&client, &job.to_string(), begin).await) });
    }
    let mut ends = vec![Duration::MAX; jobs];
    while let Some(ended) = tasks.join_next().await {
        let (job, end) = ended?;
        ends[job] = end;
    }
    Ok(ends)
}

/// The same pauses after usable answers; after others 1 s doubling to 30 s, with full jitter.
async fn one_loop(client: &Client, id: &str, begin: Instant) -> Duration {
    let mut pauses = client.wait_for_job(id).pauses();
    let mut trouble = 1.0;
    loop {
        let pause = match client.job(id).await {
            Ok(job) if job.status.is_over() => return begin.elapsed(),
            Ok(_) => {
                trouble = 1.0;
                pauses.next().unwrap_or_default().mul_f64(0.9 + 0.2 * fastrand::f64())
            }
            Err(_) => {
                let pause = Duration::from_secs_f64(trouble * fastrand::f64());
                trouble = f64::min(2.0 * trouble, 30.0);
                pause
            }
        };
        sleep(pause).await;
    }
}
