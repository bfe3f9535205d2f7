//! The request rate that all waits of a client share: never more than so many request starts in a window of time, spread
//! evenly, and the time before a deadline kept for the last polls. Knows neither what is asked nor whom.
//!
//! Nobody holds a lock while it waits for its turn: a wait that is not polled any more holds nobody up.

mod seat;

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

pub(crate) use self::seat::Seat;

/// Requests start this much further apart than the rate asks for, because they do not all take equally long to reach the
/// service, where the rate is counted.
const MARGIN: Duration = Duration::from_millis(50);

/// A rate: `burst` starts in any stretch of `window`.
#[derive(Debug)]
pub(crate) struct Pace {
    burst: usize,
    window: Duration,
    /// Between two regular starts; last polls with one deadline may start together.
    spacing: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The most recent starts, `burst` of them at most.
    starts: VecDeque<Instant>,
    /// Who waits for a regular turn, in order of arrival.
    tickets: BTreeSet<u64>,
    /// Who still has a last poll ahead: by deadline, then the latest comer first.
    seats: BTreeSet<Key>,
    given: u64,
}

type Key = (Instant, u64);

/// What whoever makes the request says when its turn has come.
#[derive(Debug)]
pub(crate) enum Admission<P> {
    Go(P),
    /// It would go, but not at the cost of planned last polls.
    NoRoom,
    /// Something else than the rate is in the way.
    Busy,
}

/// What came of waiting for a turn.
#[derive(Debug)]
pub(crate) enum Turn<P> {
    Go(P),
    /// Something else than the rate is in the way.
    Busy,
    /// The deadline passed, and the last poll was before.
    TooLate,
}

impl Pace {
    /// At most `rate` requests in any one second; below 1, one request in 1/`rate` seconds.
    pub(crate) fn new(rate: f64) -> Arc<Self> {
        let window = Duration::from_secs_f64((1.0 / rate).max(1.0)) + MARGIN;
        // A rate beyond any service's is no reason to remember that many starts.
        let burst = rate.clamp(1.0, 100_000.0) as u32;
        Arc::new(Self { burst: burst as usize, window, spacing: window / burst, state: Mutex::default() })
    }

    /// The time between two regular starts.
    pub(crate) fn spacing(&self) -> Duration {
        self.spacing
    }

    /// Waits for a turn of a request that belongs to no wait. `admit` is told whether planned last polls leave room.
    pub(crate) async fn turn<P>(&self, admit: impl Fn(bool) -> Admission<P>) -> Turn<P> {
        self.regular(None, &admit).await
    }

    /// A seat for a wait that lasts until `deadline`: its last poll is planned for as long as the seat is held.
    pub(crate) fn seat(self: &Arc<Self>, deadline: Instant) -> Seat {
        let mut state = self.lock();
        state.given += 1;
        let key = (deadline, u64::MAX - state.given);
        state.seats.insert(key);
        drop(state);
        Seat { pace: Arc::clone(self), key }
    }

    /// Waits for a regular turn. The planned last poll of `own` does not stand in its way.
    async fn regular<P>(&self, own: Option<Key>, admit: &impl Fn(bool) -> Admission<P>) -> Turn<P> {
        let ticket = Ticket::draw(self);
        loop {
            let now = Instant::now();
            let next_try = {
                let mut state = self.lock();
                state.tickets.insert(ticket.number);
                let ahead = u32::try_from(state.tickets.range(..ticket.number).count()).unwrap_or(u32::MAX);
                match self.free_at(&state, self.spacing).map(|at| at + self.spacing * ahead) {
                    Some(later) if later > now => later,
                    _ => match admit(self.leaves_room(&state, now, own)) {
                        Admission::Go(pass) => {
                            // Whoever is still ahead did not come when it could. It gets another place when it does.
                            state.tickets = state.tickets.split_off(&ticket.number);
                            self.start(&mut state, now);
                            return Turn::Go(pass);
                        }
                        Admission::NoRoom => now + self.window,
                        Admission::Busy => return Turn::Busy,
                    },
                }
            };
            sleep_until(next_try).await;
        }
    }

    /// Waits for a turn that is kept for a last poll.
    async fn last<P>(&self, admit: &impl Fn(bool) -> Admission<P>) -> Turn<P> {
        loop {
            let now = Instant::now();
            let next_try = {
                let mut state = self.lock();
                match self.free_at(&state, Duration::ZERO) {
                    Some(later) if later > now => later,
                    _ => match admit(true) {
                        Admission::Go(pass) => {
                            self.start(&mut state, now);
                            return Turn::Go(pass);
                        }
                        Admission::NoRoom | Admission::Busy => return Turn::Busy,
                    },
                }
            };
            sleep_until(next_try).await;
        }
    }

    /// When the rate allows a start, `spacing` after the one before.
    fn free_at(&self, state: &State, spacing: Duration) -> Option<Instant> {
        let oldest = state.starts.front().filter(|_| state.starts.len() == self.burst);
        oldest.map(|start| *start + self.window).max(state.starts.back().map(|start| *start + spacing))
    }

    fn start(&self, state: &mut State, now: Instant) {
        if state.starts.len() == self.burst {
            state.starts.pop_front();
        }
        state.starts.push_back(now);
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

/// A place in the queue for regular turns, given up on drop.
#[derive(Debug)]
struct Ticket<'a> {
    pace: &'a Pace,
    number: u64,
}

impl<'a> Ticket<'a> {
    fn draw(pace: &'a Pace) -> Self {
        let mut state = pace.lock();
        state.given += 1;
        let number = state.given;
        drop(state);
        Self { pace, number }
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.pace.lock().tickets.remove(&self.number);
    }
}

#[cfg(test)]
mod tests;
