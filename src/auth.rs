//! How the credentials stand with the service, for all clones of a client: whether the clock had to be corrected, whether
//! they may be used side by side, whether they were refused for good. Knows neither HTTP nor where they came from.
//!
//! More than five refusals in a row lock a key for everybody who uses it. Therefore requests go one at a time until the
//! first answer that is no refusal, and again after a refusal until it is repaired.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::error::Error;

/// A clock that is off by no more than this, in seconds, is not why a request was refused.
const TOLERATED_SKEW: i64 = 60;

#[derive(Debug)]
pub(crate) struct Standing {
    state: Mutex<State>,
    one_at_a_time: tokio::sync::Mutex<()>,
    refused: watch::Sender<Option<Error>>,
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
}

/// The right to make one request.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    /// What to add to our clock, in seconds.
    pub(crate) offset: i64,
    generation: u64,
    alone: Option<tokio::sync::MutexGuard<'a, ()>>,
}

/// What a refusal (401) means for the request that met it.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Something was repaired meanwhile or just now: the same request is worth another try.
    Again,
    /// The credentials are refused for good.
    Refused,
}

impl Standing {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::default(),
            one_at_a_time: tokio::sync::Mutex::default(),
            refused: watch::Sender::new(None),
        }
    }

    /// Waits until a request may be made.
    pub(crate) async fn pass(&self) -> Pass<'_> {
        if let Some(pass) = self.side_by_side() {
            return pass;
        }
        let alone = self.one_at_a_time.lock().await;
        // While this one waited, the one before may have opened the gate.
        self.side_by_side().unwrap_or_else(|| {
            let state = self.lock();
            Pass { offset: state.offset, generation: state.generation, alone: Some(alone) }
        })
    }

    /// Whether `pass` still stands after some time: a refusal in between makes void what is not alone.
    pub(crate) fn honours(&self, pass: &Pass<'_>) -> bool {
        let state = self.lock();
        state.generation == pass.generation && (state.open || pass.alone.is_some())
    }

    /// Notes that a request got another answer than a refusal, or none at all: a dead service must not make all the
    /// others wait for one time-out after another.
    pub(crate) fn not_refused(&self, pass: &Pass<'_>, succeeded: bool) {
        let mut state = self.lock();
        if state.generation == pass.generation {
            state.open = true;
            state.repaired &= !succeeded;
        }
    }

    /// Notes a refusal. `skew` is the service's clock less the one that the request was signed with, in seconds, if the
    /// service told its time and the request was signed.
    pub(crate) fn refused(&self, pass: &Pass<'_>, skew: Option<i64>) -> Verdict {
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
            _ => Verdict::Refused,
        }
    }

    /// Ends every wait of the client, now and later.
    pub(crate) fn close(&self, error: Error) {
        self.refused.send_replace(Some(error));
    }

    /// Resolves once the credentials are refused for good.
    pub(crate) async fn closed(&self) -> Error {
        let mut refused = self.refused.subscribe();
        loop {
            if let Some(error) = refused.borrow_and_update().clone() {
                return error;
            }
            if refused.changed().await.is_err() {
                // The sender lives as long as `self` does.
                std::future::pending::<()>().await;
            }
        }
    }

    fn side_by_side(&self) -> Option<Pass<'_>> {
        let state = self.lock();
        state.open.then_some(Pass { offset: state.offset, generation: state.generation, alone: None })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
