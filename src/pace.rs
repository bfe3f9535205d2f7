//! The request rate that all waits of a client share: never more than so many request starts in a window of time, spread
//! evenly, less while the service says that it is too much, one at a time while it does not answer, and the time before a
//! deadline kept for the last polls. Knows neither what is asked nor whom.
//!
//! Nobody holds a lock while it waits for its turn, and nobody is woken by another: whoever is told `Later` comes again
//! then. A wait that is not polled any more holds nobody up.

mod outage;
mod plan;
mod seat;
mod throttle;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use self::outage::Health;
use self::plan::Plan;
pub(crate) use self::seat::{Attempt, Probe, Seat};
use self::throttle::Throttle;
use crate::engine::MAX_RETRY_AFTER;
use crate::schedule::Random;
use crate::text::duration;

/// Requests start this much further apart than the rate asks for, because they do not all take equally long to reach the
/// service, where the rate is counted.
const MARGIN: Duration = Duration::from_millis(50);
/// Timers come late by up to this: what was due by then starts at once, so that a high rate is reached.
const GRAIN: Duration = Duration::from_millis(2);
/// Longer than any patience.
const A_YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// The pace of all requests of a client.
#[derive(Debug)]
pub(crate) struct Pace {
    /// What is never exceeded.
    limit: Tempo,
    random: Random,
    state: Mutex<State>,
}

/// A rate: `burst` starts in any stretch of `window`.
#[derive(Debug, Clone, Copy)]
struct Tempo {
    burst: usize,
    window: Duration,
    /// Between two regular starts; last polls with one deadline may start together.
    spacing: Duration,
}

#[derive(Debug)]
struct State {
    /// The most recent starts, as many as the limit's burst at most.
    starts: VecDeque<Instant>,
    /// When the next regular start is due.
    next: Option<Instant>,
    throttle: Throttle,
    health: Health,
    /// No regular start before, because the service asked for that.
    hold: Option<Instant>,
    /// Who waits for a turn: the longest overdue first.
    waiting: BTreeSet<Key>,
    /// How many last polls are still ahead of each seat: by deadline, then the latest comer first.
    seats: BTreeMap<Key, usize>,
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

/// What an answer says about the pace.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Signal {
    /// The service is there.
    Answered,
    /// There were too many requests; so many a second are allowed, if known.
    Throttled { told: Option<f64> },
    /// No usable answer.
    Unusable {
        /// It is the first one in a row that this wait met.
        is_first: bool,
    },
}

impl Tempo {
    /// So many requests a second; below 1, one request in so many seconds.
    fn new(rate: f64) -> Self {
        let window = Duration::from_secs_f64((1.0 / rate).max(1.0)) + MARGIN;
        // A rate beyond any service's is no reason to remember that many starts.
        let rate = rate.clamp(1.0, 100_000.0);
        let (burst, spacing) = (rate as u32, window.div_f64(rate));
        Self { burst: burst as usize, window: spacing * burst, spacing }
    }
}

impl Pace {
    /// At most `rate` requests in any one second; below 1, one request in 1/`rate` seconds.
    pub(crate) fn new(rate: f64, random: Random) -> Arc<Self> {
        // Of a rate with a fraction, the whole ones fit into a second.
        let rate = if rate > 1.0 { rate.floor() } else { rate };
        let state = State {
            starts: VecDeque::new(),
            next: None,
            throttle: Throttle::new(rate),
            health: Health::default(),
            hold: None,
            waiting: BTreeSet::new(),
            seats: BTreeMap::new(),
            given: 0,
        };
        Arc::new(Self { limit: Tempo::new(rate), random, state: Mutex::new(state) })
    }

    /// The time between two regular starts, if the service does not ask for more.
    pub(crate) fn spacing(&self) -> Duration {
        self.limit.spacing
    }

    /// Waits for a turn of a request that belongs to no wait; `None` if something else than the rate is in the way. `admit`
    /// is told whether planned last polls leave room.
    pub(crate) async fn turn<P>(self: &Arc<Self>, admit: impl Fn(bool) -> Admission<P>) -> Option<(P, Option<Probe>)> {
        let due = Instant::now();
        let mut seat = self.seat(due, 0, [A_YEAR; 2]);
        loop {
            match seat.regular(due, Instant::now(), false, &admit) {
                Attempt::Go(pass, probe) => return Some((pass, probe)),
                Attempt::Later(at) => sleep_until(at).await,
                Attempt::Busy => return None,
            }
        }
    }

    /// A seat for waits that last until `deadline`, so many of them: their last polls are planned for as long as the seat is
    /// held. `patience` is how long an outage may last before they have had a usable answer, and after.
    pub(crate) fn seat(self: &Arc<Self>, deadline: Instant, waits: usize, patience: [Duration; 2]) -> Seat {
        let mut state = self.lock();
        state.given += 1;
        let seat = Seat::new(Arc::clone(self), deadline, state.given, patience);
        seat.plan(&mut state, waits);
        drop(state);
        seat
    }

    /// Takes note of what an answer says, to a request that started at `asked_at`.
    pub(crate) fn note(&self, asked_at: Instant, signal: Signal, retry_after: Option<Duration>) {
        let now = Instant::now();
        let wait = retry_after.unwrap_or_default().min(MAX_RETRY_AFTER);
        let mut guard = self.lock();
        let state = &mut *guard;
        let back = match signal {
            Signal::Answered => {
                state.throttle.answered(now);
                state.health.answered(now)
            }
            Signal::Throttled { told } => {
                state.hold = state.hold.max(retry_after.map(|_| now + wait));
                self.slow_down(state, asked_at, now, told);
                state.health.answered(now)
            }
            Signal::Unusable { is_first } => {
                if retry_after.is_some() {
                    self.slow_down(state, asked_at, now, None);
                }
                if state.health.failed(asked_at, is_first, now, wait, self.random) {
                    tracing::warn!("no usable answer for any job, asking one at a time until there is one");
                }
                None
            }
        };
        if let Some(lasted) = back {
            tracing::warn!("usable answers again, after {}", duration(lasted));
        }
    }

    fn slow_down(&self, state: &mut State, asked_at: Instant, now: Instant, told: Option<f64>) {
        let before = state.throttle.rate(now);
        if state.throttle.throttled(asked_at, now, told) {
            let rate = state.throttle.rate(now);
            if before >= state.throttle.max() {
                let rate = (rate * 100.0).round() / 100.0;
                tracing::warn!(
                    "the service asks for a slower pace: at most {rate} requests a second from now on, for all jobs"
                );
            } else {
                tracing::debug!(rate, "still too many requests");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn tempo(&self, now: Instant) -> Tempo {
        Tempo::new(self.throttle.rate(now))
    }

    /// When the limit and the tempo allow a start.
    fn free_at(&self, limit: Tempo, tempo: Tempo) -> Option<Instant> {
        let after = |tempo: Tempo| {
            let oldest = self.starts.len().checked_sub(tempo.burst).and_then(|index| self.starts.get(index));
            oldest.map(|start| *start + tempo.window)
        };
        after(limit).max(after(tempo))
    }

    fn start(&mut self, limit: Tempo, now: Instant) {
        let due = self.next.unwrap_or(now).max(now.checked_sub(GRAIN).unwrap_or(now));
        self.next = Some(due + self.tempo(now).spacing);
        if self.starts.len() == limit.burst {
            self.starts.pop_front();
        }
        self.starts.push_back(now);
    }

    /// Whether a start at `now` leaves room for the last polls that are planned within the next window. One of `own` does
    /// not count: it would be instead of that.
    fn leaves_room(&self, tempo: Tempo, now: Instant, own: Option<Key>) -> bool {
        let planned: usize = self.seats.values().sum();
        let rounds = u32::try_from(planned / tempo.burst + 2).unwrap_or(u32::MAX);
        let far_off = |(deadline, _): &Key| *deadline > now + tempo.window.saturating_mul(rounds);
        if self.seats.keys().next().is_none_or(far_off) {
            return true;
        }
        let recent = self.starts.len() - self.starts.partition_point(|start| *start + tempo.window <= now);
        let mut plan = Plan::new(tempo.burst, tempo.window);
        let planned = self.seats.iter().rev().map(|(key, count)| {
            let (_, soon) = plan.place(key.0, *count, now);
            soon - usize::from(Some(*key) == own && soon > 0)
        });
        recent + planned.sum::<usize>() < tempo.burst
    }
}

#[cfg(test)]
mod tests;
