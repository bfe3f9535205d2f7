//! The gate: who may make a request now, alone or side by side.

use std::sync::Arc;

use tokio::time::{Instant, sleep_until};

use super::{Purpose, Standing};
use crate::credentials::Credentials;
use crate::pace::Admission;

/// The right to make one request.
#[derive(Debug)]
pub(crate) struct Pass {
    standing: Arc<Standing>,
    number: u64,
    /// What to sign with.
    pub(crate) credentials: Arc<Credentials>,
    /// What to add to our clock, in seconds.
    pub(crate) offset: i64,
    generation: u64,
}

impl Pass {
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }
}

impl Standing {
    /// Gives the right to make a request now. One that goes alone may take until `limit`; no answer until then counts as
    /// none at all. Nothing but that request can be in the way of it, so that it takes no heed of `room` for others.
    pub(crate) fn pass(self: &Arc<Self>, room: bool, limit: Instant) -> Admission<Pass> {
        let mut state = self.lock();
        let is_blocked = state.closed || state.is_repairing();
        let Some(credentials) = state.credentials.clone().filter(|_| !is_blocked) else {
            return Admission::Busy;
        };
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
        state.given += 1;
        let number = state.given;
        state.alone = (!state.open).then_some((number, limit));
        let (offset, generation) = (state.offset, state.generation);
        Admission::Go(Pass { standing: Arc::clone(self), number, credentials, offset, generation })
    }

    /// Waits until nobody goes alone and the source is not being asked.
    pub(crate) async fn gate(&self) {
        loop {
            let changed = self.changed.notified();
            let (is_repairing, until) = {
                let mut state = self.lock();
                if state.credentials.is_none() && !state.closed {
                    self.load(&mut state, Purpose::First);
                }
                let alone = state.alone.filter(|(_, until)| !state.open && *until > Instant::now());
                if !state.closed && !state.is_repairing() && alone.is_none() {
                    return;
                }
                (state.is_repairing(), alone.map(|(_, until)| until))
            };
            match until {
                _ if is_repairing => self.settle().await,
                Some(until) => tokio::select! { () = changed => {}, () = sleep_until(until) => {} },
                None => changed.await,
            }
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut state = self.standing.lock();
        if state.alone.is_some_and(|(number, _)| number == self.number) {
            state.alone = None;
        }
        drop(state);
        self.standing.changed.notify_waiters();
    }
}
