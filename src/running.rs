//! A wait in progress: maps jobs and errors onto the engine, and its ends onto results.

mod streams;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::{Instrument as _, Span};

pub use self::streams::{Events, Outcomes};
use crate::auth::Pass;
use crate::client::Client;
use crate::engine::{Answer, End, Engine, News, Reply, Rules, Step};
use crate::error::{Error, Result, Unfinished};
use crate::events::{Event, Outcome};
use crate::fleet::{Fleet, Service, Told};
use crate::job::{Job, JobStatus};
use crate::pace::Admission;
use crate::text::one_line;
use crate::watch::Watch;

/// So many statuses that this crate has never heard of are logged, each once.
const UNKNOWN_LOGGED: usize = 16;

/// What ends a wait for many jobs before all are over.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Until {
    /// The first success.
    pub(crate) any: bool,
    /// The first that is none.
    pub(crate) fail_fast: bool,
}

/// A wait that has begun.
pub(crate) struct Running {
    client: Client,
    fleet: Fleet<Jobs>,
    until: Until,
    begun: Instant,
    has_asked: bool,
    stop: Arc<Notify>,
    unknown: Vec<String>,
    span: Span,
}

/// The jobs of a client, as something to wait for.
struct Jobs {
    client: Client,
    deadline: Instant,
    watch: Mutex<Watch>,
}

impl Service for Jobs {
    type Pass = Pass;
    type Value = Job;
    type Error = Error;

    fn admit(&self, room: bool) -> Admission<Pass> {
        self.client.admit(room, Some(self.deadline))
    }

    fn ask(&self, id: &str, pass: Pass) -> BoxFuture<'static, Option<Reply<Job, Error>>> {
        let (client, deadline, id) = (self.client.clone(), self.deadline, Box::<str>::from(id));
        Box::pin(async move { client.ask(&id, pass, Some(deadline)).await.map(|asked| asked.into_reply(judge)) })
    }

    async fn free(&self) {
        self.client.free().await;
    }

    fn slept(&self) -> Option<Duration> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner).slept()
    }

    async fn halted(&self) -> Error {
        self.client.closed().await
    }
}

fn judge(job: Job) -> Answer<Job, Error> {
    if job.status.is_over() {
        return Answer::Ended(job);
    }
    let age = job.age();
    Answer::Unfinished(job, age)
}

impl Running {
    /// A wait that begins now. It ends when `stop` says so.
    pub(crate) fn new(
        client: Client,
        ids: impl Iterator<Item = Box<str>>,
        rules: Rules,
        until: Until,
        stop: Arc<Notify>,
    ) -> Self {
        let jobs = Jobs { client: client.clone(), deadline: rules.deadline, watch: Mutex::new(Watch::new()) };
        Self {
            fleet: Fleet::new(jobs, rules, client.pace(), ids),
            client,
            until,
            begun: Instant::now(),
            has_asked: false,
            stop,
            unknown: Vec::new(),
            span: tracing::debug_span!("wait"),
        }
    }

    /// The next event: sits out the pause that the one before announced, and asks. `None` once all is over.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        let (index, step) = self.step().await?;
        Some(match step {
            Step::Pause(news, next_poll) => self.event(index, news, next_poll),
            Step::Over(end) => Event::Outcome(self.outcome(index, end)),
        })
    }

    /// The next outcome; what comes before it is only logged.
    pub(crate) async fn next_outcome(&mut self) -> Option<Outcome> {
        loop {
            if let (index, Step::Over(end)) = self.step().await? {
                return Some(self.outcome(index, end));
            }
        }
    }

    async fn step(&mut self) -> Option<Told<Jobs>> {
        let span = self.span.clone();
        async {
            if !std::mem::replace(&mut self.has_asked, true) {
                self.client.reopen().await;
            }
            loop {
                let (index, step) = tokio::select! {
                    biased;
                    () = self.stop.notified() => {
                        self.fleet.stop();
                        continue;
                    }
                    step = self.fleet.next() => step?,
                };
                if let Step::Pause(news, next_poll) = step {
                    self.log(index, news, next_poll);
                }
                return Some((index, step));
            }
        }
        .instrument(span)
        .await
    }

    fn log(&mut self, index: u32, news: News, next_poll: Duration) {
        let wait = self.fleet.wait(index);
        let (job_id, polls) = (&*wait.id, wait.engine.asked);
        match (news, wait.engine.seen.as_deref(), wait.engine.trouble.as_deref()) {
            (News::Unfinished, Some((job, _)), _) => {
                tracing::debug!(job_id, status = one_line(job.status_text()), polls, ?next_poll, "not over");
                note_unknown(&mut self.unknown, &job.status);
            }
            (News::Trouble, _, Some((error, _))) => {
                tracing::warn!(job_id, %error, polls, ?next_poll, "no usable answer, asking again");
            }
            _ => tracing::debug!(job_id, polls, ?next_poll, "not visible yet"),
        }
    }

    fn event(&mut self, index: u32, news: News, next_poll: Duration) -> Event {
        let wait = self.fleet.wait(index);
        let (job_id, polls) = (String::from(&*wait.id), wait.engine.asked);
        match (news, wait.engine.seen.as_deref(), wait.engine.trouble.as_deref()) {
            (News::Trouble, _, Some((error, _))) => Event::Retry { job_id, error: error.clone(), next_poll, polls },
            (News::Unfinished, Some((job, _)), _) => Event::Status { job_id, job: Some(job.clone()), next_poll, polls },
            _ => Event::Status { job_id, job: None, next_poll, polls },
        }
    }

    fn outcome(&mut self, index: u32, end: End<Job, Error>) -> Outcome {
        let waited = self.begun.elapsed();
        let wait = self.fleet.wait(index);
        let (job_id, polls) = (String::from(&*wait.id), wait.engine.asked);
        let result = result(end, &job_id, &wait.engine, waited);
        let (job, seen_ago) = match &result {
            Ok(job) => (Some(job.clone()), Some(Duration::ZERO)),
            Err(Error::JobFailed(job)) => (Some((**job).clone()), Some(Duration::ZERO)),
            Err(_) => wait.engine.seen.take().map(|seen| (seen.0, seen.1.elapsed())).unzip(),
        };
        // What is over needs no memory.
        wait.engine.forget();
        tracing::debug!(job_id, polls, error = result.as_ref().err().map(tracing::field::display), "over");
        self.decide(&result);
        Outcome { job_id, result, job, seen_ago, waited, polls }
    }

    /// Ends the wait for all if this result decides it.
    fn decide(&mut self, result: &Result<Job>) {
        let is_decisive = match result {
            Ok(_) => self.until.any,
            Err(Error::Abandoned(_)) => false,
            Err(_) => self.until.fail_fast,
        };
        if is_decisive {
            self.until = Until::default();
            self.fleet.stop();
        }
    }
}

fn note_unknown(known: &mut Vec<String>, status: &JobStatus) {
    if let JobStatus::Unknown(text) = status
        && known.len() < UNKNOWN_LOGGED
        && !known.contains(text)
    {
        // Not this module's target: who shows the events does not show this.
        tracing::warn!(target: "dcs_wait", status = %one_line(text), "a status that is not known here; the job counts as not over");
        known.push(text.clone());
    }
}

fn result(end: End<Job, Error>, job_id: &str, engine: &Engine<Job, Error>, waited: Duration) -> Result<Job> {
    let unfinished = || {
        let Engine { seen, trouble, asked, .. } = engine;
        Box::new(Unfinished {
            job_id: job_id.to_owned(),
            job: seen.as_ref().map(|seen| seen.0.clone()),
            seen_ago: seen.as_ref().map(|seen| seen.1.elapsed()),
            last_error: trouble.as_ref().map(|trouble| trouble.0.clone()),
            last_error_ago: trouble.as_ref().map(|trouble| trouble.1.elapsed()),
            waited,
            polls: *asked,
        })
    };
    Err(match end {
        End::Ended(job) if job.status == JobStatus::Success => return Ok(job),
        End::Ended(job) => Error::JobFailed(Box::new(job)),
        End::Refused(error) | End::Missing(error) => error,
        End::OutOfTime => Error::TimedOut(unfinished()),
        End::Unreachable => Error::Unreachable(unfinished()),
        End::Stopped => Error::Abandoned(unfinished()),
    })
}
