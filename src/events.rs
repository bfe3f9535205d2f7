//! What a wait tells while it lasts and when it is over. Knows nothing of how the waiting is done.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_util::stream;

use crate::error::{Error, Result};
use crate::job::Job;
use crate::running::Running;
use crate::wait::WaitForJob;

/// A step of a wait.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// The service answered, and the job is not over.
    #[non_exhaustive]
    Status {
        /// The id that was asked for.
        job_id: String,
        /// The job; `None` if it is not visible yet.
        job: Option<Job>,
        /// When the next poll is due, from now.
        next_poll: Duration,
        /// How often the wait has asked so far.
        polls: u32,
    },
    /// No usable answer came; the wait bears it and asks again.
    #[non_exhaustive]
    Retry {
        /// The id that was asked for.
        job_id: String,
        /// What came instead.
        error: Error,
        /// When the next poll is due, from now.
        next_poll: Duration,
        /// How often the wait has asked so far.
        polls: u32,
    },
    /// The wait is over. The last event.
    Outcome(Outcome),
}

impl Event {
    /// The id that was asked for.
    #[must_use]
    pub fn job_id(&self) -> &str {
        match self {
            Self::Status { job_id, .. } | Self::Retry { job_id, .. } => job_id,
            Self::Outcome(outcome) => &outcome.job_id,
        }
    }
}

/// How a wait ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Outcome {
    /// The id that was asked for.
    pub job_id: String,
    /// What awaiting the wait would have given.
    pub result: Result<Job>,
    /// The job as it was last seen, whatever the result.
    pub job: Option<Job>,
    /// How long the wait lasted.
    pub waited: Duration,
    /// How often it asked.
    pub polls: u32,
}

/// The events of a wait, from [`WaitForJob::events`].
#[must_use = "a stream does nothing until it is polled"]
pub struct Events(Pin<Box<dyn Stream<Item = Event> + Send>>);

enum Stage {
    Set(WaitForJob),
    Running(Box<Running>),
    Over,
}

impl Events {
    pub(crate) fn new(wait: WaitForJob) -> Self {
        let events = stream::unfold(Stage::Set(wait), |stage| async {
            let mut running = match stage {
                Stage::Set(wait) => {
                    let job_id = wait.job_id.clone();
                    match Running::start(wait) {
                        Ok(running) => Box::new(running),
                        Err(error) => {
                            let result = Err(error);
                            let outcome = Outcome { job_id, result, job: None, waited: Duration::ZERO, polls: 0 };
                            return Some((Event::Outcome(outcome), Stage::Over));
                        }
                    }
                }
                Stage::Running(running) => running,
                Stage::Over => return None,
            };
            let event = running.next().await;
            // What is over gives its place up at once, not when the stream is dropped.
            let stage = if matches!(event, Event::Outcome(_)) { Stage::Over } else { Stage::Running(running) };
            Some((event, stage))
        });
        Self(Box::pin(events))
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
