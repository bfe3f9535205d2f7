//! How the credentials stand with the service, for all clones of a client: which ones are in use, whether the clock had to
//! be corrected, whether they may be used side by side, whether they were refused for good. Knows no HTTP.
//!
//! More than five refusals in a row lock a key for everybody who uses it. Therefore requests go one at a time until the
//! first answer that is no refusal, and again after a refusal until it is repaired.
//!
//! Nobody holds a lock while it waits: a load of credentials is driven by all that wait for it.

mod gate;
mod loading;

use std::future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

pub(crate) use self::gate::Pass;
use self::loading::{Load, Purpose};
use crate::credentials::{Credentials, CredentialsSource, Login};
use crate::error::{Error, Result};

/// A clock that is off by no more than this, in seconds, is not why a request was refused.
const TOLERATED_SKEW: i64 = 60;
/// Credentials that end are renewed when less than this is left of them, or a third of their life.
const RENEW_BEFORE: Duration = Duration::from_secs(40 * 60);
/// How soon a renewal that failed is tried again.
const RENEW_AGAIN: Duration = Duration::from_secs(60);

pub(crate) struct Standing {
    source: Arc<dyn CredentialsSource>,
    state: Mutex<State>,
    /// The state has changed.
    changed: Notify,
    closed: watch::Sender<Option<Error>>,
}

#[derive(Debug, Default)]
struct State {
    credentials: Option<Arc<Credentials>>,
    /// When to renew them.
    renew_at: Option<SystemTime>,
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
    /// The source is being asked.
    loading: Option<(Purpose, Load)>,
    /// Refused for good, or never there.
    closed: bool,
    /// The credentials that were refused last.
    refused: Option<Arc<Credentials>>,
    /// Passes and loads that were given out.
    given: u64,
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
    pub(crate) fn new(source: Arc<dyn CredentialsSource>, now: SystemTime) -> Arc<Self> {
        let mut state = State::default();
        if let Some(login) = source.known() {
            state.take(login, now);
        }
        Arc::new(Self { source, state: Mutex::new(state), changed: Notify::new(), closed: watch::Sender::new(None) })
    }

    /// Notes that a request got another answer than a refusal, or none at all: a dead service must not make all the
    /// others wait for one time-out after another.
    pub(crate) fn not_refused(&self, pass: &Pass, succeeded: bool) {
        let mut state = self.lock();
        if state.generation == pass.generation() && !state.closed {
            state.open = true;
            state.repaired &= !succeeded;
        }
    }

    /// Notes a refusal, and repairs what can be repaired. `skew` is the service's clock less the one that the request was
    /// signed with, in seconds, if the service told its time and the request was signed. `error` is what every wait ends
    /// with if nothing can be repaired.
    pub(crate) async fn refused(&self, pass: Pass, skew: Option<i64>, error: &Error) -> Verdict {
        let generation = pass.generation();
        {
            let mut state = self.lock();
            if state.generation != generation {
                return Verdict::Again;
            }
            state.open = false;
            state.refused = state.credentials.clone();
            match skew.filter(|skew| skew.saturating_abs() > TOLERATED_SKEW) {
                _ if state.closed => return Verdict::Refused,
                _ if state.repaired => self.close(&mut state, error),
                Some(skew) => {
                    tracing::warn!(seconds = skew, "the clock is wrong, signing with the service's time");
                    state.offset = state.offset.saturating_add(skew);
                    state.repair();
                    return Verdict::Again;
                }
                None => self.load(&mut state, Purpose::Repair(error.clone())),
            }
        }
        // Others may go on as soon as it is repaired.
        drop(pass);
        self.settle().await;
        let state = self.lock();
        if state.closed && state.generation == generation { Verdict::Refused } else { Verdict::Again }
    }

    /// Makes sure that there are credentials.
    ///
    /// # Errors
    ///
    /// What the source says, or why they were refused.
    pub(crate) async fn ready(&self) -> Result<()> {
        self.reopen().await;
        {
            let mut state = self.lock();
            if state.credentials.is_none() && !state.closed {
                self.load(&mut state, Purpose::First);
            }
        }
        self.settle().await;
        self.closed.borrow().clone().map_or(Ok(()), Err)
    }

    /// Asks the source once more if its credentials were refused for good, or it had none: it may give others by now.
    pub(crate) async fn reopen(&self) {
        {
            let mut state = self.lock();
            let error = self.closed.borrow().clone();
            let Some(error) = error.filter(|_| state.closed) else { return };
            self.load(&mut state, Purpose::Repair(error));
        }
        self.settle().await;
    }

    /// Resolves once the credentials are refused for good; in the meantime renews them if they end soon by `now`.
    pub(crate) async fn closed(&self, now: impl Fn() -> SystemTime) -> Error {
        {
            let mut state = self.lock();
            if state.renew_at.is_some_and(|at| now() >= at) && !state.closed {
                state.renew_at = Some(now() + RENEW_AGAIN);
                self.load(&mut state, Purpose::Renewal);
            }
        }
        let mut closed = self.closed.subscribe();
        let refused = async {
            loop {
                if let Some(error) = closed.borrow_and_update().clone() {
                    return error;
                }
                if closed.changed().await.is_err() {
                    // The sender lives as long as `self` does.
                    return future::pending().await;
                }
            }
        };
        tokio::select! {
            biased;
            error = refused => error,
            never = async {
                self.settle().await;
                future::pending().await
            } => never,
        }
    }

    fn close(&self, state: &mut State, error: &Error) {
        state.closed = true;
        self.closed.send_replace(Some(error.clone()));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether nothing can be signed before the source has answered. A renewal is no reason to hold still.
    fn is_repairing(&self) -> bool {
        matches!(self.loading, Some((Purpose::First | Purpose::Repair(_), _)))
    }

    /// Uses these credentials from now on.
    fn take(&mut self, login: Login, now: SystemTime) {
        self.renew_at = login.expires_at.map(|end| {
            let life = end.duration_since(now).unwrap_or_default();
            end.checked_sub(RENEW_BEFORE.min(life / 3)).unwrap_or(now)
        });
        self.credentials = Some(Arc::new(login.credentials));
    }

    /// Makes what comes now a new start, once until a request succeeds.
    fn repair(&mut self) {
        self.generation += 1;
        self.repaired = true;
    }
}

impl std::fmt::Debug for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Standing").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
