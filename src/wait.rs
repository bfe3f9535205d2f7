//! The options of a wait for one job, and the future that it is. Knows nothing of how the waiting is done.

use std::future::IntoFuture;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::Instant;

use crate::check;
use crate::client::Client;
use crate::engine::Limits;
use crate::error::Result;
use crate::events::Event;
use crate::job::Job;
use crate::running::{Events, Running};
use crate::schedule::{Polls, Schedule};

/// A shorter pause is none.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);

/// A wait for one job, from [`Client::wait_for_job`]: set options, then `.await` it, or take its [`events`](Self::events).
///
/// It polls at once, then after growing, jittered pauses; bears outages, throttling and broken answers; and resolves as
/// soon as the job is seen to be over, or out of time. Dropping it stops it: no task, thread or request outlives it.
///
/// | option | default |
/// |---|---|
/// | [`timeout`](Self::timeout) or [`deadline`](Self::deadline) | 30 min |
/// | [`initial_interval`](Self::initial_interval), [`multiplier`](Self::multiplier), [`max_interval`](Self::max_interval) | 1 s, 1.25, 10 s |
/// | [`jitter`](Self::jitter) | 0.1 |
/// | [`max_outage`](Self::max_outage) | 10 min |
/// | [`not_found_grace`](Self::not_found_grace) | 30 s |
///
/// # Errors
///
/// Awaiting it gives the job only if that succeeded. A job that failed is [`Error::JobFailed`](crate::Error::JobFailed), so that `?` cannot walk
/// past it; see [`Error`](crate::Error) for the others.
#[derive(Debug, Clone)]
#[must_use = "a wait does nothing until it is awaited"]
pub struct WaitForJob {
    client: Client,
    job_id: String,
    end: EndOfTime,
    schedule: Schedule,
    max_outage: Duration,
    not_found_grace: Duration,
}

#[derive(Debug, Clone, Copy)]
enum EndOfTime {
    After(Duration),
    At(Instant),
}

impl Client {
    /// Waits until a job is over: a builder that is a future, and a stream of events if need be. Nothing is sent before it
    /// is awaited.
    pub fn wait_for_job(&self, id: impl Into<String>) -> WaitForJob {
        WaitForJob {
            client: self.clone(),
            job_id: id.into(),
            end: EndOfTime::After(Duration::from_secs(30 * 60)),
            schedule: Schedule::DEFAULT,
            max_outage: Duration::from_secs(10 * 60),
            not_found_grace: Duration::from_secs(30),
        }
    }
}

impl WaitForJob {
    /// How long to wait, from when it is first awaited; 30 minutes by default. The last poll starts then and may take 5 s
    /// more. Zero looks once. The clock is the monotonic one.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.end = EndOfTime::After(timeout);
        self
    }

    /// When to stop waiting, instead of a [`timeout`](Self::timeout): for several waits with one deadline.
    pub fn deadline(mut self, deadline: std::time::Instant) -> Self {
        self.end = EndOfTime::At(deadline.into());
        self
    }

    /// The first pause between polls; 1 s by default, at least 1 ms.
    pub fn initial_interval(mut self, pause: Duration) -> Self {
        self.schedule.initial = pause;
        self
    }

    /// By how much each pause is longer than the one before; 1.25 by default, at least 1.
    pub fn multiplier(mut self, factor: f64) -> Self {
        self.schedule.multiplier = factor;
        self
    }

    /// The longest pause between polls; 10 s by default, at least 1 ms.
    pub fn max_interval(mut self, pause: Duration) -> Self {
        self.schedule.max = pause;
        self
    }

    /// Each pause is spread by ± this share, from 0 to 1; 0.1 by default.
    pub fn jitter(mut self, share: f64) -> Self {
        self.schedule.jitter = share;
        self
    }

    /// The longest stretch without one usable answer; 10 minutes by default. Before the first one it is 30 s or this,
    /// whichever is less, and as much more as a `Retry-After` asks for.
    pub fn max_outage(mut self, limit: Duration) -> Self {
        self.max_outage = limit;
        self
    }

    /// How long a job that was never seen may be missing (404), from the first request on: just after it was started a job
    /// may not be visible yet. 30 s by default.
    pub fn not_found_grace(mut self, grace: Duration) -> Self {
        self.not_found_grace = grace;
        self
    }

    /// Checks the id and every option, as the wait itself does before its first request.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`](crate::Error::Invalid), which names the option and what would be right.
    pub fn check(&self) -> Result<()> {
        check::path_segment("job-id", &self.job_id)?;
        if let EndOfTime::After(timeout) = self.end {
            check::duration("timeout", timeout, Duration::ZERO)?;
        }
        check::duration("initial-interval", self.schedule.initial, SHORTEST_PAUSE)?;
        check::duration("max-interval", self.schedule.max, SHORTEST_PAUSE)?;
        check::duration("max-outage", self.max_outage, Duration::ZERO)?;
        check::duration("not-found-grace", self.not_found_grace, Duration::ZERO)?;
        check::number("multiplier", self.schedule.multiplier, 1.0, 1e6)?;
        check::number("jitter", self.schedule.jitter, 0.0, 1.0)
    }

    /// The pauses between polls, before they are spread; endless. For showing what to expect.
    pub fn pauses(&self) -> impl Iterator<Item = Duration> + use<> {
        Polls::new(Schedule { jitter: 0.0, ..self.schedule }, || 0.5)
    }

    /// Begins to wait, if every option is good.
    fn start(self) -> Result<Running> {
        self.check()?;
        let deadline = match self.end {
            EndOfTime::After(timeout) => Instant::now() + timeout,
            EndOfTime::At(deadline) => deadline,
        };
        let limits = Limits { deadline, max_outage: self.max_outage, missing_grace: self.not_found_grace };
        Ok(Running::new(self.client, self.job_id, limits, self.schedule))
    }

    /// The same wait as a stream: each event is given before the pause that it announces, the last one is
    /// [`Event::Outcome`](crate::Event::Outcome). Dropping the stream stops the wait.
    pub fn events(self) -> Events {
        Events::new(self.job_id.clone(), || self.start())
    }
}

impl IntoFuture for WaitForJob {
    type Output = Result<Job>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Job>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut running = self.start()?;
            loop {
                if let Event::Outcome(outcome) = running.next().await {
                    return outcome.result;
                }
            }
        })
    }
}
