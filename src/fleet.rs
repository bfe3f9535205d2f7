//! Many waits as one: asks about whichever is longest overdue whenever the pace allows, lets the engine judge the answers,
//! and tells step by step what comes of it. A wait for one thing is a fleet of one. Without a task or a thread: a wait that
//! pauses is an entry in a queue. It knows no HTTP, no job and no wall clock.

mod closing;
mod service;
mod turns;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until};

use self::closing::Closing;
pub(crate) use self::service::Service;
use self::service::signal;
use crate::engine::{Engine, Reply, Rules, Step};
use crate::pace::{Pace, Probe, Seat, Signal};

/// How long the poll that is in flight at the deadline may still take, and whatever is in the way of one.
pub(crate) const LAST_POLL_LIMIT: Duration = Duration::from_secs(5);
/// How long after the deadline a last poll may still start that the clock's grain or a lower rate has held up.
pub(crate) const LATE: Duration = Duration::from_secs(1);
/// A sleep of the machine is noticed so long after it at the latest.
const GLANCE: Duration = Duration::from_secs(2);
/// So many requests may be made at a time, each with a connection of its own.
const MAX_IN_FLIGHT: usize = 100;

/// Waits with one deadline.
pub(crate) struct Fleet<S: Service> {
    service: S,
    rules: Rules,
    seat: Seat,
    waits: Vec<Wait<S>>,
    /// Those that pause and have their last poll still ahead, by when they are due.
    queue: BinaryHeap<Reverse<(Instant, u32)>>,
    /// Those that pause and have had it: there may still be a turn for another one.
    looked: BinaryHeap<Reverse<(Instant, u32)>>,
    in_flight: FuturesUnordered<BoxFuture<'static, Answered<S>>>,
    /// How many have their last poll still ahead.
    last_polls: usize,
    closing: Option<Closing<S::Error>>,
    /// Something else than the rate is in the way.
    is_blocked: bool,
    /// An answer was of no use: this may be the end of others' patience too.
    has_failed: bool,
    /// When somebody last asked in an outage, as far as is known here.
    last_asked: Option<Instant>,
    /// The time of last polls is over.
    is_late: bool,
}

type Answered<S> = (u32, Option<Probe>, Option<Reply<<S as Service>::Value, <S as Service>::Error>>);

/// A step of a wait, and of which one.
pub(crate) type Told<S> = (u32, Step<<S as Service>::Value, <S as Service>::Error>);

/// One wait of a fleet.
pub(crate) struct Wait<S: Service> {
    pub(crate) id: Box<str>,
    pub(crate) engine: Engine<S::Value, S::Error>,
    state: State,
    is_closing: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In the queue.
    Queued,
    /// It has had its last poll.
    Looked,
    /// It is being asked about; the last poll or not.
    Asking {
        is_last: bool,
    },
    Over,
}

impl<S: Service> Fleet<S> {
    /// Waits that begin now.
    pub(crate) fn new(service: S, rules: Rules, pace: &Arc<Pace>, ids: impl IntoIterator<Item = Box<str>>) -> Self {
        let now = Instant::now();
        let wait = |id| Wait { id, engine: Engine::new(&rules, now), state: State::Queued, is_closing: false };
        let waits: Vec<Wait<S>> = ids.into_iter().map(wait).collect();
        let queue = (0..).take(waits.len()).map(|index| Reverse((now, index))).collect();
        let last_polls = waits.len();
        Self {
            service,
            rules,
            seat: pace.seat(rules.deadline, last_polls, rules.patience()),
            waits,
            queue,
            looked: BinaryHeap::new(),
            in_flight: FuturesUnordered::new(),
            last_polls,
            closing: None,
            is_blocked: false,
            has_failed: false,
            last_asked: None,
            is_late: false,
        }
    }

    pub(crate) fn wait(&mut self, index: u32) -> &mut Wait<S> {
        &mut self.waits[index as usize]
    }

    /// The next step of any wait; `None` once all are over. Nothing is lost if it is dropped while it waits.
    pub(crate) async fn next(&mut self) -> Option<Told<S>> {
        loop {
            let now = Instant::now();
            if let Some(told) = self.close_next(now) {
                return Some(told);
            }
            let wake = self.start(now);
            if self.in_flight.is_empty() && self.queue.is_empty() && self.looked.is_empty() {
                return None;
            }
            let Self { service, in_flight, is_blocked, .. } = self;
            tokio::select! {
                biased;
                Some(answered) = in_flight.next() => {
                    if let Some(step) = self.answered(answered) {
                        return Some(step);
                    }
                }
                error = service.halted(), if self.closing.is_none() => self.halt(error),
                () = service.free(), if *is_blocked => self.is_blocked = false,
                slept = nap(service, wake) => {
                    if let Some(slept) = slept {
                        self.hasten(slept, Instant::now());
                    }
                }
            }
        }
    }

    fn ask(&mut self, index: u32, is_last: bool, pass: S::Pass, probe: Option<Probe>) {
        self.leave_heap(index);
        let wait = &mut self.waits[index as usize];
        let was_last = wait.state == State::Looked;
        wait.state = State::Asking { is_last: is_last || was_last };
        let asking = self.service.ask(&wait.id, pass);
        if is_last {
            self.plan(self.last_polls - 1);
        }
        self.in_flight.push(Box::pin(async move { (index, probe, asking.await) }));
    }

    fn answered(&mut self, (index, probe, reply): Answered<S>) -> Option<Told<S>> {
        let now = Instant::now();
        let Self { rules, seat, waits, .. } = self;
        let Wait { engine, state, .. } = &mut waits[index as usize];
        let State::Asking { is_last } = *state else { return None };
        let step = reply.map(|reply| {
            if let Some((asked_at, signal)) = reply.asked_at.zip(signal(&reply.answer, engine.is_in_trouble())) {
                seat.pace().note(asked_at, signal, reply.retry_after);
                self.has_failed |= matches!(signal, Signal::Unusable { .. });
            }
            engine.judge(rules, reply, seat.outage().map(|(everywhere, _)| everywhere), now)
        });
        // Only now, so that no other one starts before its answer is known.
        drop(probe);
        match &step {
            Some(Step::Over(_)) => self.over(index),
            // What has to be asked again is not over with its last poll.
            None if is_last => {
                *state = State::Queued;
                self.queue.push(Reverse((engine.due, index)));
                self.plan(self.last_polls + 1);
            }
            None | Some(Step::Pause(..)) => {
                let entry = Reverse((engine.due, index));
                *state = if is_last { State::Looked } else { State::Queued };
                if is_last {
                    self.looked.push(entry)
                } else {
                    self.queue.push(entry)
                };
            }
        }
        Some((index, step?))
    }

    /// Marks a wait as over that is in no heap.
    fn over(&mut self, index: u32) {
        let state = std::mem::replace(&mut self.waits[index as usize].state, State::Over);
        if matches!(state, State::Queued | State::Asking { is_last: false }) {
            self.plan(self.last_polls - 1);
        }
    }
}

/// Sleeps until `wake`, or until the machine turns out to have slept: then for how long.
async fn nap(service: &impl Service, wake: Instant) -> Option<Duration> {
    loop {
        sleep_until(wake.min(Instant::now() + GLANCE)).await;
        let slept = service.slept();
        if slept.is_some() || Instant::now() >= wake {
            return slept;
        }
    }
}

#[cfg(test)]
mod tests;
