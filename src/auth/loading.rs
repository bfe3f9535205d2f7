//! Asking the source of the credentials. Nobody holds a lock while it waits: all that wait for the answer drive it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};

use tokio::time::timeout;

use super::{Standing, State};
use crate::credentials::Login;
use crate::error::{Error, Result};

/// How long a source may take. That of an instance needs two requests of 3 s at most.
const LIMIT: Duration = Duration::from_secs(10);

/// Why the source is asked.
#[derive(Debug, Clone)]
pub(super) enum Purpose {
    /// Nothing is known yet.
    First,
    /// The credentials were refused: others, or this is the end of all waits.
    Repair(Error),
    /// They end soon.
    Renewal,
}

pub(super) type Load = Shared<BoxFuture<'static, (u64, Result<Login>)>>;

impl Standing {
    /// Begins to ask the source, unless it is being asked already. Whoever waits for the answer drives it: `settle`.
    pub(super) fn load(&self, state: &mut State, purpose: Purpose) {
        match &mut state.loading {
            // A renewal under way serves a repair as well.
            Some((under_way, _)) => {
                if matches!(purpose, Purpose::Repair(_)) {
                    *under_way = purpose;
                }
            }
            None => {
                state.given += 1;
                let (number, source) = (state.given, Arc::clone(&self.source));
                let load = async move {
                    // A source of somebody else may hang or panic: neither must be the end of all waits.
                    let load = AssertUnwindSafe(async { timeout(LIMIT, source.load()).await }).catch_unwind();
                    let problem = match load.await {
                        Ok(Ok(loaded)) => return (number, loaded),
                        Ok(Err(_)) => "their source gives no answer",
                        Err(_) => "their source panicked",
                    };
                    (number, Err(Error::invalid("credentials", problem)))
                };
                let load = load.boxed().shared();
                state.loading = Some((purpose, load));
            }
        }
    }

    /// Waits until the source is not being asked any more, and does what its answer means.
    pub(super) async fn settle(&self) {
        loop {
            let Some((_, load)) = self.lock().loading.clone() else { return };
            let (number, loaded) = load.await;
            let mut state = self.lock();
            // The first to come back does it for all.
            let is_current =
                |(_, load): &mut (Purpose, Load)| load.peek().is_some_and(|(current, _)| *current == number);
            if let Some((purpose, _)) = state.loading.take_if(is_current) {
                self.apply(&mut state, purpose, loaded);
                drop(state);
                self.changed.notify_waiters();
            }
        }
    }

    fn apply(&self, state: &mut State, purpose: Purpose, loaded: Result<Login>) {
        let now = SystemTime::now();
        let is_refused = |login: &Login| state.refused.as_deref() == Some(&login.credentials);
        match (purpose, loaded) {
            (Purpose::First, Ok(login)) => state.take(login, now),
            (Purpose::First, Err(error)) => self.close(state, &error),
            (Purpose::Repair(error), Ok(login)) if is_refused(&login) => self.close(state, &error),
            (Purpose::Repair(_), Ok(login)) => {
                tracing::info!("other credentials are used now");
                state.take(login, now);
                // Those that were not there before were not refused, and have a repair before them.
                state.repair();
                state.repaired = state.refused.is_some();
                self.open(state);
            }
            (Purpose::Repair(error), Err(problem)) => {
                tracing::warn!(%problem, "the credentials were refused and cannot be read again");
                self.close(state, &error);
            }
            (Purpose::Renewal, Ok(login)) if state.credentials.as_deref() == Some(&login.credentials) => {}
            (Purpose::Renewal, Ok(login)) => {
                tracing::debug!("renewed the credentials");
                state.take(login, now);
                state.repair();
                state.repaired = false;
                state.open = false;
                self.open(state);
            }
            (Purpose::Renewal, Err(problem)) => {
                tracing::warn!(%problem, "cannot renew the credentials, trying again later");
            }
        }
    }

    /// Waits may go on, if they were to end.
    fn open(&self, state: &mut State) {
        if std::mem::take(&mut state.closed) {
            self.closed.send_replace(None);
        }
    }
}
