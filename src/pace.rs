//! The request rate that all waits of a client share: never more than so many request starts in a window of time, spread
//! evenly, and the time before a deadline kept for the last polls. Knows neither what is asked nor whom.

use std::collections::{BTreeSet, VecDeque};
use std::future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Requests start this much further apart than the rate asks for, because they do not all take equally long to reach the
/// service, where the rate is counted.
const MARGIN: Duration = Duration::from_millis(50);

/// A rate: `burst` starts in any stretch of `window`.
#[derive(Debug)]
pub(crate) struct Pace {
    burst: usize,
    window: Duration,
    state: Mutex<State>,
    /// Whoever is due waits here in order of arrival.
    regular: tokio::sync::Mutex<()>,
    /// Last polls have a queue of their own: time is kept for them.
    last: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    /// The most recent starts, `burst` of them at most.
    starts: VecDeque<Instant>,
    /// Who still waits: by deadline, then the latest comer first.
    seats: BTreeSet<Key>,
    seats_given: u64,
}

type Key = (Instant, u64);

impl Pace {
    /// At most `rate` requests in any one second; below 1, one request in 1/`rate` seconds.
    pub(crate) fn new(rate: f64) -> Arc<Self> {
        let window = Duration::from_secs_f64((1.0 / rate).max(1.0)) + MARGIN;
        // A rate beyond any service's is no reason to remember that many starts.
        let burst = rate.clamp(1.0, 100_000.0) as usize;
        Arc::new(Self {
            burst,
            window,
            state: Mutex::default(),
            regular: tokio::sync::Mutex::default(),
            last: tokio::sync::Mutex::default(),
        })
    }

    /// Waits for a turn of a request that belongs to no wait.
    pub(crate) async fn turn(&self) {
        self.regular_turn(|_, _| true).await;
    }

    /// A seat for a wait that lasts until `deadline`: its last poll is planned for as long as the seat is held.
    pub(crate) fn seat(self: &Arc<Self>, deadline: Instant) -> Seat {
        let mut state = self.lock();
        let key = (deadline, u64::MAX - state.seats_given);
        state.seats_given += 1;
        state.seats.insert(key);
        drop(state);
        Seat { pace: Arc::clone(self), key }
    }

    /// Waits for a regular turn: `false` if `admit` refuses it. Such turns are spread evenly, so that few requests are in
    /// flight at a time.
    async fn regular_turn(&self, admit: impl Fn(&State, Instant) -> bool) -> bool {
        let _place = self.regular.lock().await;
        let spacing = self.window / u32::try_from(self.burst).unwrap_or(u32::MAX);
        self.claim(spacing, admit).await
    }

    /// Waits for a turn that is kept for a last poll: many may have the same deadline, and then they start together.
    async fn last_turn(&self) {
        let _place = self.last.lock().await;
        self.claim(Duration::ZERO, |_, _| true).await;
    }

    /// Waits until the rate allows a start, `spacing` after the one before, and makes it if `admit` agrees then.
    async fn claim(&self, spacing: Duration, admit: impl Fn(&State, Instant) -> bool) -> bool {
        loop {
            let now = Instant::now();
            let free_at = {
                let mut state = self.lock();
                let oldest = state.starts.front().filter(|_| state.starts.len() == self.burst);
                let free_at = oldest.map(|start| *start + self.window).max(state.starts.back().map(|it| *it + spacing));
                match free_at {
                    Some(later) if later > now => later,
                    _ if !admit(&state, now) => return false,
                    _ => {
                        if state.starts.len() == self.burst {
                            state.starts.pop_front();
                        }
                        state.starts.push_back(now);
                        return true;
                    }
                }
            };
            sleep_until(free_at).await;
        }
    }

    /// Whether a start at `now` leaves room for the last polls that are planned within the next window.
    fn leaves_room(&self, state: &State, now: Instant, own: Option<Key>) -> bool {
        let soon = now + self.window;
        let rounds = u32::try_from(state.seats.len() / self.burst + 1).unwrap_or(u32::MAX);
        let far_off = |(deadline, _): &Key| *deadline > soon + self.window * rounds;
        if state.seats.first().is_none_or(far_off) {
            return true;
        }
        let recent = state.starts.iter().filter(|start| **start + self.window > now).count();
        let planned = self.plan(state).filter(|(key, slot)| Some(*key) != own && (now..soon).contains(slot)).count();
        recent + planned < self.burst
    }

    /// When the last poll of each seat has to start, the latest first: at its deadline, or as much earlier as the rate
    /// asks for because of those after it.
    fn plan<'a>(&self, state: &'a State) -> impl Iterator<Item = (Key, Instant)> + use<'a> {
        let (burst, window) = (self.burst, self.window);
        let mut recent = VecDeque::with_capacity(burst.min(state.seats.len()));
        state.seats.iter().rev().map(move |key| {
            let mut slot = key.0;
            if recent.len() == burst
                && let Some(later) = recent.pop_front()
            {
                slot = slot.min(earlier(later, window));
            }
            recent.push_back(slot);
            (*key, slot)
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A clock that began less than `by` before `at` cannot tell that time: then `at` itself.
fn earlier(at: Instant, by: Duration) -> Instant {
    at.checked_sub(by).unwrap_or(at)
}

/// A wait's place at a [`Pace`], given back on drop.
#[derive(Debug)]
pub(crate) struct Seat {
    pace: Arc<Pace>,
    key: Key,
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

    /// Waits for a turn: the next that is free, or the one that is kept for the last poll. The `first` turn may come
    /// instead of the last one: an early look is worth more than a late one.
    pub(crate) async fn turn(&self, first: bool) {
        let pace = &*self.pace;
        let regular = async {
            let own = first.then_some(self.key);
            if !pace.regular_turn(|state, now| pace.leaves_room(state, now, own)).await {
                future::pending::<()>().await;
            }
        };
        let last = async {
            sleep_until(self.last_poll()).await;
            pace.last_turn().await;
        };
        tokio::select! {
            biased;
            () = last => {}
            () = regular => {}
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.pace.lock().seats.remove(&self.key);
    }
}

#[cfg(test)]
mod tests;
