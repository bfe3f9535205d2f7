//! The place of waits with one deadline at the pace: their regular turns, and the last polls that are planned for them.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Admission, Key, Pace, Plan, State};
use crate::engine::Everywhere;

/// A place at a [`Pace`], given back on drop.
#[derive(Debug)]
pub(crate) struct Seat {
    pace: Arc<Pace>,
    /// Among the seats.
    key: Key,
    number: u64,
    /// Among those that wait for a turn.
    waiting: Option<Key>,
    patience: [Duration; 2],
    begun: Instant,
}

/// What came of an attempt to start a request.
#[derive(Debug)]
pub(crate) enum Attempt<P> {
    /// It may start now. The second part is to be held until its answer is noted.
    Go(P, Option<Probe>),
    /// Worth another attempt then.
    Later(Instant),
    /// Something else than the rate is in the way.
    Busy,
}

/// The one request that finds out whether an outage is over.
#[derive(Debug)]
pub(crate) struct Probe {
    pace: Arc<Pace>,
    number: u64,
}

/// How soon somebody else's probe is looked after again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// A probe that takes longer is one of a wait that is not polled any more: it holds nobody up.
const GIVEN_UP: Duration = Duration::from_secs(60);

impl Seat {
    pub(super) fn new(pace: Arc<Pace>, deadline: Instant, number: u64, patience: [Duration; 2]) -> Self {
        let begun = Instant::now();
        Self { pace, key: (deadline, u64::MAX - number), number, waiting: None, patience, begun }
    }

    pub(super) fn plan(&self, state: &mut State, polls: usize) {
        if polls == 0 {
            state.seats.remove(&self.key);
        } else {
            state.seats.insert(self.key, polls);
        }
    }

    /// Says how many last polls are still ahead.
    pub(crate) fn set_last_polls(&self, polls: usize) {
        self.plan(&mut self.pace.lock(), polls);
    }

    /// When the first of so many last polls has to start. It may move later as other waits end.
    pub(crate) fn last_polls_begin(&self, polls: usize, now: Instant) -> Instant {
        let state = self.pace.lock();
        let tempo = state.tempo(now);
        let mut plan = Plan::new(tempo.burst, tempo.window);
        // Those with an earlier deadline are planned before, and move nothing.
        for (key, count) in state.seats.range((std::ops::Bound::Excluded(self.key), std::ops::Bound::Unbounded)).rev() {
            plan.place(key.0, *count, now);
        }
        plan.place(self.key.0, polls, now).0
    }

    /// The stretch in which nobody gets a usable answer, as far as this seat is concerned, and when it was last asked for.
    pub(crate) fn outage(&self) -> Option<(Everywhere, Instant)> {
        let state = self.pace.lock();
        let outage = state.health.outage.as_ref()?;
        let everywhere = Everywhere { since: outage.since.max(self.begun), was_there: outage.was_there };
        Some((everywhere, outage.last_asked))
    }

    /// Whether the next request should be about something that failed before: it may be that only first questions fail. Every
    /// other probe is about something else, because it may be that the same ones always fail.
    pub(crate) fn asks_again(&self) -> bool {
        self.pace.lock().health.outage.as_ref().is_some_and(|outage| outage.probes.is_multiple_of(2))
    }

    /// The pace, to tell it what an answer says.
    pub(crate) fn pace(&self) -> &Pace {
        &self.pace
    }

    /// Tries to start a request that was due at `due`: the longest overdue goes first. If it `is_first_look`, the last poll
    /// that is planned for this wait does not stand in its way: an early look is worth more than a late one.
    pub(crate) fn regular<P>(
        &mut self,
        due: Instant,
        now: Instant,
        is_first_look: bool,
        admit: impl FnOnce(bool) -> Admission<P>,
    ) -> Attempt<P> {
        let pace = Arc::clone(&self.pace);
        let mut state = pace.lock();
        let key = self.line_up(&mut state, due);
        let tempo = state.tempo(now);
        let ahead = u32::try_from(state.waiting.range(..key).count()).unwrap_or(u32::MAX);
        let free = state.free_at(pace.limit, tempo).max(state.next).max(state.hold);
        let turn = free.max(self.probe_at(&state, now)).map(|at| at + tempo.spacing.saturating_mul(ahead));
        if let Some(later) = turn.filter(|at| *at > now) {
            return Attempt::Later(later);
        }
        match admit(state.leaves_room(tempo, now, is_first_look.then_some(self.key))) {
            Admission::Go(pass) => {
                // Whoever is still ahead did not come when it could. It gets another place when it does.
                state.waiting = state.waiting.split_off(&key);
                state.waiting.remove(&key);
                self.waiting = None;
                Attempt::Go(pass, self.start(&mut state, now))
            }
            Admission::NoRoom => Attempt::Later(now + tempo.window),
            Admission::Busy => {
                state.waiting.remove(&key);
                self.waiting = None;
                Attempt::Busy
            }
        }
    }

    /// Tries to start a request that has to start now: a last poll, or the last try in an outage. It was due at `due`: if the
    /// rate holds it up, regular ones that were due later do not go before it.
    pub(crate) fn urgent<P>(
        &mut self,
        due: Instant,
        now: Instant,
        admit: impl FnOnce(bool) -> Admission<P>,
    ) -> Attempt<P> {
        let pace = Arc::clone(&self.pace);
        let mut state = pace.lock();
        let key = self.line_up(&mut state, due);
        let free = state.free_at(pace.limit, state.tempo(now));
        if let Some(later) = free.max(self.probe_at(&state, now)).filter(|at| *at > now) {
            return Attempt::Later(later);
        }
        state.waiting.remove(&key);
        self.waiting = None;
        match admit(true) {
            Admission::Go(pass) => Attempt::Go(pass, self.start(&mut state, now)),
            Admission::NoRoom | Admission::Busy => Attempt::Busy,
        }
    }

    /// Takes a place among those that wait for a turn.
    fn line_up(&mut self, state: &mut State, due: Instant) -> Key {
        let key = (due, self.number);
        if let Some(before) = self.waiting.replace(key).filter(|before| *before != key) {
            state.waiting.remove(&before);
        }
        state.waiting.insert(key);
        key
    }

    /// Does not wait for a turn any more.
    pub(crate) fn leave(&mut self) {
        if let Some(key) = self.waiting.take() {
            self.pace.lock().waiting.remove(&key);
        }
    }

    /// In an outage: when the next request may start.
    fn probe_at(&self, state: &State, now: Instant) -> Option<Instant> {
        let outage = state.health.outage.as_ref()?;
        if outage.probe.is_some_and(|(_, begun)| now < begun + GIVEN_UP) {
            return Some(now + LOOK_AGAIN);
        }
        let mut limits = self.patience.map(|patience| outage.since.max(self.begun) + patience);
        limits.sort_unstable();
        Some(outage.next_probe(limits))
    }

    fn start(&self, state: &mut State, now: Instant) -> Option<Probe> {
        state.start(self.pace.limit, now);
        state.given += 1;
        let number = state.given;
        let outage = state.health.outage.as_mut()?;
        outage.probe = Some((number, now));
        outage.probes += 1;
        Some(Probe { pace: Arc::clone(&self.pace), number })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.leave();
        self.pace.lock().seats.remove(&self.key);
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        let mut state = self.pace.lock();
        if let Some(outage) = &mut state.health.outage {
            outage.probe = outage.probe.filter(|(probe, _)| *probe != self.number);
        }
    }
}
