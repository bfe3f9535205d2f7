//! A wait in progress: maps jobs and errors onto the engine, and its ends onto results.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_util::stream;
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument as _, Span};

use crate::client::{Asked, Client, LAST_POLL_LIMIT, Place};
use crate::engine::{Answer, End, Engine, Limits, News, Reply, Step};
use crate::error::{Error, Result, Unfinished};
use crate::events::{Event, Outcome};
use crate::job::{Job, JobStatus};
use crate::pace::Seat;
use crate::schedule::Schedule;
use crate::text::one_line;

/// A wait that has begun.
pub(crate) struct Running {
    client: Client,
    job_id: String,
    engine: Engine<Job, Error>,
    seat: Seat,
    begun: Instant,
    deadline: Instant,
    /// The last status that this crate has never heard of: it is logged once.
    unknown: Option<String>,
    span: Span,
}

impl Running {
    /// A wait that begins now.
    pub(crate) fn new(client: Client, job_id: String, limits: Limits, schedule: Schedule) -> Self {
        Self {
            engine: Engine::new(limits, schedule, fastrand::f64),
            seat: client.pace().seat(limits.deadline),
            begun: Instant::now(),
            deadline: limits.deadline,
            unknown: None,
            span: tracing::debug_span!("wait", %job_id),
            client,
            job_id,
        }
    }

    /// Sits out the pause that the event before announced, and asks.
    pub(crate) async fn next(&mut self) -> Event {
        let span = self.span.clone();
        async {
            let step = self.round().await;
            self.event(step)
        }
        .instrument(span)
        .await
    }

    async fn round(&mut self) -> Step<Job, Error> {
        let Self { client, job_id, engine, seat, deadline, .. } = self;
        if engine.last_asked.is_none() {
            client.reopen().await;
        }
        let place = Place { seat, deadline: *deadline, asked: engine.last_asked };
        let fetch = || async {
            let ask = client.ask(job_id, Some(place));
            let asked = match place.asked {
                // Each job is looked at once, even if its turn comes after the deadline.
                None => ask.await,
                Some(_) => timeout_at(*deadline + LAST_POLL_LIMIT, ask).await.ok().flatten(),
            };
            asked.map_or(Reply::no_turn(), reply)
        };
        engine.round(fetch, || seat.last_poll(), client.closed()).await
    }

    fn event(&mut self, step: Step<Job, Error>) -> Event {
        let (job_id, polls) = (self.job_id.clone(), self.engine.asked);
        match step {
            Step::Pause(News::Unfinished(job), next_poll) => {
                tracing::debug!(status = one_line(job.status_text()), polls, ?next_poll, "not over");
                self.note_unknown(&job.status);
                Event::Status { job_id, job: Some(job), next_poll, polls }
            }
            Step::Pause(News::Missing, next_poll) => {
                tracing::debug!(polls, ?next_poll, "not visible yet");
                Event::Status { job_id, job: None, next_poll, polls }
            }
            Step::Pause(News::Trouble(error), next_poll) => {
                tracing::warn!(%error, polls, ?next_poll, "no usable answer, asking again");
                Event::Retry { job_id, error, next_poll, polls }
            }
            Step::Over(end) => {
                let result = self.result(end);
                let job = match &result {
                    Ok(job) => Some(job.clone()),
                    Err(Error::JobFailed(job)) => Some((**job).clone()),
                    Err(_) => self.engine.seen.take().map(|(job, _)| job),
                };
                tracing::debug!(polls, error = result.as_ref().err().map(tracing::field::display), "over");
                Event::Outcome(Outcome { job_id, result, job, waited: self.begun.elapsed(), polls })
            }
        }
    }

    fn result(&self, end: End<Job, Error>) -> Result<Job> {
        Err(match end {
            End::Ended(job) if job.status == JobStatus::Success => return Ok(job),
            End::Ended(job) => Error::JobFailed(Box::new(job)),
            End::Refused(error) | End::Missing(error) => error,
            End::OutOfTime => Error::TimedOut(Box::new(self.unfinished())),
            End::Unreachable => Error::Unreachable(Box::new(self.unfinished())),
        })
    }

    fn unfinished(&self) -> Unfinished {
        let Engine { seen, trouble, asked, .. } = &self.engine;
        Unfinished {
            job_id: self.job_id.clone(),
            job: seen.as_ref().map(|(job, _)| job.clone()),
            seen_ago: seen.as_ref().map(|(_, at)| at.elapsed()),
            last_error: trouble.as_ref().map(|(error, _)| error.clone()),
            last_error_ago: trouble.as_ref().map(|(_, at)| at.elapsed()),
            waited: self.begun.elapsed(),
            polls: *asked,
        }
    }

    fn note_unknown(&mut self, status: &JobStatus) {
        if let JobStatus::Unknown(text) = status
            && self.unknown.as_ref() != Some(text)
        {
            // Not this module's target: who shows the events does not show this.
            tracing::warn!(target: "dcs_wait", status = %one_line(text), "a status that is not known here; the job counts as not over");
            self.unknown = Some(text.clone());
        }
    }
}

fn reply(asked: Asked<Job>) -> Reply<Job, Error> {
    let answer = match asked.result {
        Ok(job) if job.status.is_over() => Answer::Ended(job),
        Ok(job) => {
            let age = asked.date.zip(job.begin_time).and_then(|(now, begun)| now.duration_since(begun).ok());
            Answer::Unfinished(job, age)
        }
        Err(error @ Error::NotFound(_)) => Answer::Missing(error),
        Err(error) if error.is_transient() => Answer::Unusable(error),
        Err(error) => Answer::Refused(error),
    };
    Reply { asked_at: asked.at, answer, retry_after: asked.retry_after }
}

/// The events of a wait, from [`WaitForJob::events`](crate::WaitForJob::events).
#[must_use = "a stream does nothing until it is polled"]
pub struct Events(Pin<Box<dyn Stream<Item = Event> + Send>>);

enum Stage<S> {
    Set(S),
    Running(Box<Running>),
    Over,
}

impl Events {
    /// The events of a wait that is started when they are first asked for.
    pub(crate) fn new(job_id: String, start: impl FnOnce() -> Result<Running> + Send + 'static) -> Self {
        let stages = (Stage::Set(start), job_id);
        Self(Box::pin(stream::unfold(stages, |(stage, job_id)| async {
            let mut running = match stage {
                Stage::Over => return None,
                Stage::Running(running) => running,
                Stage::Set(start) => match start() {
                    Ok(running) => Box::new(running),
                    Err(error) => {
                        let (result, waited) = (Err(error), Duration::ZERO);
                        let outcome = Outcome { job_id: job_id.clone(), result, job: None, waited, polls: 0 };
                        return Some((Event::Outcome(outcome), (Stage::Over, job_id)));
                    }
                },
            };
            let event = running.next().await;
            // What is over gives its place up at once, not when the stream is dropped.
            let stage = if matches!(event, Event::Outcome(_)) { Stage::Over } else { Stage::Running(running) };
            Some((event, (stage, job_id)))
        })))
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}
