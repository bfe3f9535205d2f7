//! How the credentials stand with the service, for all clones of a client: whether the clock had to be corrected, whether
//! they may be used side by side, whether they were refused for good. Knows neither HTTP nor where they came from.
//!
//! More than five refusals in a row lock a key for everybody who uses it. Therefore requests go one at a time until the
//! first answer that is no refusal, and again after a refusal until it is repaired.

use std::future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};

use crate::error::Error;
use crate::pace::Admission;

/// A clock that is off by no more than this, in seconds, is not why a request was refused.
const TOLERATED_SKEW: i64 = 60;

#[derive(Debug)]
pub(crate) struct Standing {
    state: Mutex<State>,
    /// The gate has changed.
    changed: Notify,
    closed: watch::Sender<Option<Error>>,
}

#[derive(Debug, Default)]
struct State {
    /// What to add to our clock, in seconds, to get the service's.
    offset: i64,
    /// Counts repairs: an answer to a request from before a repair says nothing about the time after it.
    generation: u64,
    /// A repair was made, and no request has succeeded since.
    repaired: bool,
    /// Requests may go side by side.
    open: bool,
    /// The one that goes alone, and until when it may.
    alone: Option<(u64, Instant)>,
    /// Refused for good.
    closed: bool,
    passes: u64,
}

/// The right to make one request.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    standing: &'a Standing,
    number: u64,
    /// What to add to our clock, in seconds.
    pub(crate) offset: i64,
    generation: u64,
}

/// What a refusal (401) means for the request that met it.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Something was repaired meanwhile or just now: the same request is worth another try.
    Again,
    /// The credentials are refused for good, for every wait of the client, now and later.
    Refused,
}

impl Standing {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::default(), changed: Notify::new(), closed: watch::Sender::new(None) }
    }

    /// Gives the right to make a request now. One that goes alone may take until `limit`; no answer until then counts as
    /// none at all. Nothing but that request can be in the way of it, so that it takes no heed of `room` for others.
    pub(crate) fn pass(&self, room: bool, limit: Instant) -> Admission<Pass<'_>> {
        let mut state = self.lock();
        if state.closed {
            return Admission::Busy;
        }
        if !state.open {
            match state.alone {
                Some((_, until)) if until > Instant::now() => return Admission::Busy,
                Some(_) => state.open = true,
                None => {}
            }
        }
        if state.open && !room {
            return Admission::NoRoom;
        }
        state.passes += 1;
        let number = state.passes;
        state.alone = (!state.open).then_some((number, limit));
        Admission::Go(Pass { standing: self, number, offset: state.offset, generation: state.generation })
    }

    /// Waits until nobody goes alone.
    pub(crate) async fn gate(&self) {
        loop {
            let changed = self.changed.notified();
            let until = {
                let state = self.lock();
                match state.alone {
                    _ if state.closed => None,
                    Some((_, until)) if !state.open && until > Instant::now() => Some(until),
                    _ => return,
                }
            };
            match until {
                Some(until) => tokio::select! { () = changed => {}, () = sleep_until(until) => {} },
                None => changed.await,
            }
        }
    }

    /// Notes that a request got another answer than a refusal, or none at all: a dead service must not make all the
    /// others wait for one time-out after another.
    pub(crate) fn not_refused(&self, pass: &Pass<'_>, succeeded: bool) {
        let mut state = self.lock();
        if state.generation == pass.generation && !state.closed {
            state.open = true;
            state.repaired &= !succeeded;
        }
    }

    /// Notes a refusal. `skew` is the service's clock less the one that the request was signed with, in seconds, if the
    /// service told its time and the request was signed. `error` is what every wait ends with if nothing can be repaired.
    pub(crate) fn refused(&self, pass: &Pass<'_>, skew: Option<i64>, error: &Error) -> Verdict {
        let mut state = self.lock();
        if state.generation != pass.generation {
            return Verdict::Again;
        }
        state.open = false;
        match skew {
            Some(skew) if !state.repaired && skew.saturating_abs() > TOLERATED_SKEW => {
                tracing::warn!(seconds = skew, "the clock is wrong, signing with the service's time");
                state.offset = state.offset.saturating_add(skew);
                state.generation += 1;
                state.repaired = true;
                Verdict::Again
            }
            _ => {
                state.closed = true;
                self.closed.send_replace(Some(error.clone()));
                Verdict::Refused
            }
        }
    }

    /// Resolves once the credentials are refused for good.
    pub(crate) async fn closed(&self) -> Error {
        let mut closed = self.closed.subscribe();
        loop {
            if let Some(error) = closed.borrow_and_update().clone() {
                return error;
            }
            if closed.changed().await.is_err() {
                // The sender lives as long as `self` does.
                return future::pending().await;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let mut state = self.standing.lock();
        if state.alone.is_some_and(|(number, _)| number == self.number) {
            state.alone = None;
        }
        drop(state);
        self.standing.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests;
