//! A wait in progress as streams: of its events, and of its outcomes alone.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_util::{StreamExt as _, stream};
use tokio::sync::Notify;

use super::Running;
use crate::error::{Error, Result};
use crate::events::{Event, Outcome};

/// The events of a wait, from [`Wait::events`](crate::Wait::events).
#[must_use = "a stream does nothing until it is polled"]
pub struct Events {
    events: Pin<Box<dyn Stream<Item = Event> + Send>>,
    stop: Arc<Notify>,
}

enum Stage<S> {
    Set(S, Vec<String>),
    Running(Box<Running>),
    Invalid(Error, std::vec::IntoIter<String>),
}

impl Events {
    /// The events of a wait that is started when they are first asked for: all, or only the outcomes.
    pub(crate) fn new(
        is_all: bool,
        job_ids: Vec<String>,
        start: impl FnOnce(Arc<Notify>) -> Result<Running> + Send + 'static,
    ) -> Self {
        let stop = Arc::new(Notify::new());
        let stopped = Arc::clone(&stop);
        let events = stream::unfold(Stage::Set(start, job_ids), move |mut stage| {
            let stopped = Arc::clone(&stopped);
            async move {
                loop {
                    stage = match stage {
                        Stage::Set(start, job_ids) => match start(stopped.clone()) {
                            Ok(running) => Stage::Running(Box::new(running)),
                            Err(error) => Stage::Invalid(error, job_ids.into_iter()),
                        },
                        Stage::Running(mut running) => {
                            let event = match is_all {
                                true => running.next().await?,
                                false => Event::Outcome(running.next_outcome().await?),
                            };
                            return Some((event, Stage::Running(running)));
                        }
                        Stage::Invalid(error, mut rest) => {
                            let (job_id, result) = (rest.next()?, Err(error.clone()));
                            let (job, seen_ago, waited) = (None, None, Duration::ZERO);
                            let outcome = Outcome { job_id, result, job, seen_ago, waited, polls: 0 };
                            return Some((Event::Outcome(outcome), Stage::Invalid(error, rest)));
                        }
                    }
                }
            }
        });
        Self { events: Box::pin(events), stop }
    }

    /// Ends the wait now: what is not over yet gives one more event, its outcome, with
    /// [`Error::Abandoned`](crate::Error::Abandoned).
    pub fn stop(&self) {
        self.stop.notify_one();
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.events.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}

/// The outcomes of a wait for many jobs, from [`WaitForJobs::outcomes`](crate::WaitForJobs::outcomes).
#[derive(Debug)]
#[must_use = "a stream does nothing until it is polled"]
pub struct Outcomes(pub(crate) Events);

impl Stream for Outcomes {
    type Item = Outcome;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Outcome>> {
        loop {
            match std::task::ready!(self.0.poll_next_unpin(cx)) {
                Some(Event::Outcome(outcome)) => return Poll::Ready(Some(outcome)),
                Some(_) => {}
                None => return Poll::Ready(None),
            }
        }
    }
}
