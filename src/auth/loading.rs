//! Asking the source of the credentials. Nobody holds a lock while it waits: all that wait for the answer drive it.

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
                    let silent = || Error::invalid("credentials", "their source gives no answer");
                    let loaded = timeout(LIMIT, source.load()).await;
                    (number, loaded.unwrap_or_else(|_| Err(silent())))
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
        let current = state.credentials.as_deref();
        match (purpose, loaded) {
            (Purpose::First, Ok(login)) => state.take(login, now),
            (Purpose::First, Err(error)) => self.close(state, &error),
            (Purpose::Repair(_), Ok(login)) if current != Some(&login.credentials) => {
                tracing::info!("the credentials were refused, others are used now");
                state.take(login, now);
                state.repair();
                state.closed = false;
                self.closed.send_replace(None);
            }
            (Purpose::Repair(error), Ok(_)) => self.close(state, &error),
            (Purpose::Repair(error), Err(problem)) => {
                tracing::warn!(%problem, "the credentials were refused and cannot be read again");
                self.close(state, &error);
            }
            (Purpose::Renewal, Ok(login)) => {
                if current != Some(&login.credentials) {
                    tracing::debug!("renewed the credentials");
                    state.generation += 1;
                    state.open = false;
                    state.repaired = false;
                    state.take(login, now);
                }
            }
            (Purpose::Renewal, Err(problem)) => {
                tracing::warn!(%problem, "cannot renew the credentials, trying again later")
            }
        }
    }
}
