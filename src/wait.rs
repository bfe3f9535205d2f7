//! The options of a wait for one job or for many, and the future that it is. Knows nothing of how the waiting is done.

mod future;
mod pauses;

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::check;
use crate::client::Client;
use crate::engine::Rules;
use crate::error::Result;
use crate::events::Outcome;
use crate::job::Job;
use crate::running::{Events, Outcomes, Running, Until};
use crate::schedule::Schedule;

/// A shorter pause is none.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);

/// A wait for one job, from [`Client::wait_for_job`].
pub type WaitForJob = Wait<Job>;

/// A wait for many jobs, from [`Client::wait_for_jobs`].
pub type WaitForJobs = Wait<Vec<Outcome>>;

/// A wait for jobs: set options, then `.await` it, or take its [`events`](Self::events). `T` is what awaiting it gives.
///
/// It polls at once, then after growing, jittered pauses; bears outages, throttling and broken answers; and resolves as
/// soon as the jobs are seen to be over, or out of time. Dropping it stops it: no task, thread or request outlives it.
///
/// | option | default |
/// |---|---|
/// | [`timeout`](Self::timeout) or [`deadline`](Self::deadline) | 30 min |
/// | [`initial_interval`](Self::initial_interval), [`multiplier`](Self::multiplier), [`max_interval`](Self::max_interval) | 1 s, 1.25, 10 s |
/// | [`jitter`](Self::jitter) | 0.1 |
/// | [`expect`](Self::expect) | nothing |
/// | [`max_outage`](Self::max_outage) | 10 min |
/// | [`not_found_grace`](Self::not_found_grace) | 30 s |
/// | [`any`](WaitForJobs::any), [`fail_fast`](WaitForJobs::fail_fast), of many jobs | all, off |
///
/// # Errors
///
/// Awaiting a wait for one job gives the job only if that succeeded. A job that failed is
/// [`Error::JobFailed`](crate::Error::JobFailed), so that `?` cannot walk past it; see [`Error`](crate::Error) for the
/// others. Awaiting a wait for many gives the outcomes only if enough jobs succeeded, else
/// [`Error::Several`](crate::Error::Several), which carries them.
#[must_use = "a wait does nothing until it is awaited"]
pub struct Wait<T> {
    client: Client,
    job_ids: Vec<String>,
    end: EndOfTime,
    schedule: Schedule,
    expect: Option<Duration>,
    max_outage: Duration,
    not_found_grace: Duration,
    until: Until,
    gives: PhantomData<fn() -> T>,
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
        Wait::new(self.clone(), vec![id.into()])
    }

    /// Waits until many jobs are over, all by the same options, with one deadline and at the client's rate: a builder that is a
    /// future, and a stream of outcomes or events if need be. An id that is given twice is waited for once. Nothing is sent
    /// before it is awaited.
    ///
    /// It costs no task and no thread a job, and less than 2 KiB of memory for each.
    pub fn wait_for_jobs<I: Into<String>>(&self, ids: impl IntoIterator<Item = I>) -> WaitForJobs {
        Wait::new(self.clone(), ids.into_iter().map(Into::into).collect())
    }
}

impl<T> Wait<T> {
    fn new(client: Client, job_ids: Vec<String>) -> Self {
        Self {
            client,
            job_ids,
            end: EndOfTime::After(Duration::from_secs(30 * 60)),
            schedule: Schedule::DEFAULT,
            expect: None,
            max_outage: Duration::from_secs(10 * 60),
            not_found_grace: Duration::from_secs(30),
            until: Until::default(),
            gives: PhantomData,
        }
    }

    /// How long to wait, from when it is first awaited; 30 minutes by default. The last poll starts then and may take 5 s
    /// more. Zero looks once. The clock is the monotonic one, which stands while the machine sleeps; on waking, jobs are
    /// looked at as soon as the rate allows, within two seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.end = EndOfTime::After(timeout);
        self
    }

    /// When to stop waiting, instead of a [`timeout`](Self::timeout): for several waits with one deadline.
    pub fn deadline(mut self, deadline: std::time::Instant) -> Self {
        self.end = EndOfTime::At(deadline.into());
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

    /// Checks every id and option, as the wait itself does before its first request.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`](crate::Error::Invalid), which names the option and what would be right.
    pub fn check(&self) -> Result<()> {
        self.job_ids.iter().try_for_each(|id| check::path_segment("job-id", id))?;
        if let EndOfTime::After(timeout) = self.end {
            check::duration("timeout", timeout, Duration::ZERO)?;
        }
        check::duration("initial-interval", self.schedule.initial, SHORTEST_PAUSE)?;
        check::duration("max-interval", self.schedule.max, SHORTEST_PAUSE)?;
        if let Some(length) = self.expect {
            check::duration("expect", length, SHORTEST_PAUSE)?;
        }
        check::duration("max-outage", self.max_outage, Duration::ZERO)?;
        check::duration("not-found-grace", self.not_found_grace, Duration::ZERO)?;
        check::number("multiplier", self.schedule.multiplier, 1.0, 1e6)?;
        check::number("jitter", self.schedule.jitter, 0.0, 1.0)
    }

    /// The same wait as a stream: each event is given before the pause that it announces, the last one of each job is
    /// [`Event::Outcome`](crate::Event::Outcome). Dropping the stream stops the wait.
    pub fn events(self) -> Events
    where
        T: 'static,
    {
        self.stream(true)
    }

    fn stream(self, is_all: bool) -> Events
    where
        T: 'static,
    {
        Events::new(is_all, self.job_ids.clone(), |stop| self.start(stop))
    }

    /// Begins to wait, if every option is good.
    fn start(self, stop: Arc<Notify>) -> Result<Running> {
        self.check()?;
        let deadline = match self.end {
            EndOfTime::After(timeout) => Instant::now() + timeout,
            EndOfTime::At(deadline) => deadline,
        };
        let rules = Rules {
            deadline,
            max_outage: self.max_outage,
            missing_grace: self.not_found_grace,
            schedule: self.schedule(),
            random: fastrand::f64,
        };
        let mut seen = HashSet::with_capacity(self.job_ids.len());
        let is_new: Vec<bool> = self.job_ids.iter().map(|id| seen.insert(id.as_str())).collect();
        let ids = self.job_ids.into_iter().zip(is_new).filter_map(|(id, is_new)| is_new.then(|| id.into_boxed_str()));
        Ok(Running::new(self.client, ids, rules, self.until, stop))
    }
}

impl WaitForJobs {
    /// Done as soon as one job has succeeded; the others are [`Error::Abandoned`](crate::Error::Abandoned) then. Off by
    /// default. With [`fail_fast`](Self::fail_fast): done with the first job that is over, however it ended.
    pub fn any(mut self) -> Self {
        self.until.any = true;
        self
    }

    /// Done with the first job that did not succeed; the others are [`Error::Abandoned`](crate::Error::Abandoned) then. Off
    /// by default.
    pub fn fail_fast(mut self) -> Self {
        self.until.fail_fast = true;
        self
    }

    /// The same wait as a stream of outcomes, in the order in which they become known, exactly one for each id. Dropping it
    /// stops the wait.
    pub fn outcomes(self) -> Outcomes {
        Outcomes(self.stream(false))
    }
}

// Derived, these would ask the same of `T`.
impl<T> Clone for Wait<T> {
    fn clone(&self) -> Self {
        Self { client: self.client.clone(), job_ids: self.job_ids.clone(), ..*self }
    }
}

impl<T> fmt::Debug for Wait<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { client, job_ids, end, schedule, expect, max_outage, not_found_grace, until, gives: _ } = self;
        f.debug_struct("Wait")
            .field("client", client)
            .field("job_ids", job_ids)
            .field("end", end)
            .field("schedule", schedule)
            .field("expect", expect)
            .field("max_outage", max_outage)
            .field("not_found_grace", not_found_grace)
            .field("until", until)
            .finish()
    }
}
