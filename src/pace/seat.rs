//! The place of one wait at the pace: its regular turns, and the last poll that is planned for it.

use std::future;
use std::sync::Arc;

use tokio::time::{Instant, sleep_until};

use super::{Admission, Key, Pace, Turn};

/// A wait's place at a [`Pace`], given back on drop.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(super) pace: Arc<Pace>,
    pub(super) key: Key,
}

impl Seat {
    /// When this wait's last poll has to start. It may move later as other waits end.
    pub(crate) fn last_poll(&self) -> Instant {
        let state = self.pace.lock();
        if state.seats.len() <= self.pace.burst {
            return self.key.0;
        }
        self.pace.plan(&state).find(|(key, _)| *key == self.key).map_or(self.key.0, |(_, slot)| slot)
    }

    /// Waits for a turn: the next that is free, or the one that is kept for the last poll. `asked` is when this wait asked
    /// last. A first turn may come instead of the last one: an early look is worth more than a late one.
    pub(crate) async fn turn<P>(&self, asked: Option<Instant>, admit: impl Fn(bool) -> Admission<P>) -> Turn<P> {
        let own = (asked.is_none()).then_some(self.key);
        let regular = async {
            if asked.is_some() && Instant::now() >= self.key.0 {
                // The time of regular turns is over.
                return future::pending().await;
            }
            self.pace.regular(own, &admit).await
        };
        tokio::select! {
            biased;
            turn = self.last_turn(asked, &admit) => turn,
            turn = regular => turn,
        }
    }

    async fn last_turn<P>(&self, asked: Option<Instant>, admit: &impl Fn(bool) -> Admission<P>) -> Turn<P> {
        let (deadline, window) = (self.key.0, self.pace.window);
        // A slot that is free only because others end at the deadline as well is too late.
        let mut planned = asked.is_none() || Instant::now() >= deadline;
        loop {
            let (now, slot) = (Instant::now(), self.last_poll());
            let is_ahead = asked.is_none_or(|asked| asked < slot);
            if is_ahead && slot > now {
                planned = true;
                sleep_until(slot).await;
            } else if is_ahead && (planned || now < deadline) {
                return self.pace.last(admit).await;
            } else if now >= deadline {
                return Turn::TooLate;
            } else {
                // The plan may still give this one a later slot.
                sleep_until(deadline.min(now + window)).await;
            }
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.pace.lock().seats.remove(&self.key);
    }
}
