//! Who is asked about next: the longest overdue as the pace allows, and each once more before the deadline.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use tokio::time::Instant;

use super::{Fleet, LAST_POLL_LIMIT, LATE, MAX_IN_FLIGHT, Service, State};
use crate::pace::Attempt;

impl<S: Service> Fleet<S> {
    /// Starts what may start now. Returns when to try again, if nothing happens before.
    pub(super) fn start(&mut self, now: Instant) -> Instant {
        let deadline = self.rules.deadline;
        let marks = [Duration::ZERO, LATE, LAST_POLL_LIMIT].map(|after| deadline + after);
        let mark = marks.into_iter().find(|mark| *mark > now).unwrap_or(now + LAST_POLL_LIMIT);
        if self.is_blocked {
            return mark;
        }
        while self.in_flight.len() < MAX_IN_FLIGHT {
            self.look_again(now);
            let last_poll = self.seat.last_polls_begin(self.last_polls, now);
            let is_last = now >= last_poll && !self.queue.is_empty();
            let latest = if now < last_poll { mark.min(last_poll) } else { mark };
            let Some((due, index)) =
                (if is_last { peek(&self.queue) } else { self.failed_before(now).or_else(|| self.longest_overdue()) })
            else {
                return latest;
            };
            if !is_last && now >= due && self.put_off(index) {
                continue;
            }
            let Self { service, seat, waits, .. } = self;
            let engine = &waits[index as usize].engine;
            let attempt = if is_last || (engine.is_last_try && now >= due) {
                seat.urgent(due, now, |room| service.admit(room))
            } else if due > now {
                seat.leave();
                Attempt::Later(due)
            } else {
                seat.regular(due, now, engine.asked == 0, |room| service.admit(room))
            };
            match attempt {
                Attempt::Go(pass, probe) => self.ask(index, is_last, pass, probe),
                Attempt::Later(at) => return at.min(latest),
                Attempt::Busy => {
                    self.is_blocked = true;
                    return mark;
                }
            }
        }
        mark
    }

    /// Whatever pauses and is due first, by the regular turns that there are before the deadline.
    fn longest_overdue(&self) -> Option<(Instant, u32)> {
        let first = [peek(&self.queue), peek(&self.looked)].into_iter().flatten().min();
        first.filter(|(due, _)| *due < self.rules.deadline)
    }

    /// In an outage, every other time: what failed before and is due again.
    fn failed_before(&self, now: Instant) -> Option<(Instant, u32)> {
        if !self.seat.asks_again() {
            return None;
        }
        let waits = (0_u32..).zip(&self.waits);
        let failed = waits
            .filter(|(_, wait)| matches!(wait.state, State::Queued | State::Looked) && wait.engine.is_in_trouble());
        failed.map(|(index, wait)| (wait.engine.due, index)).min().filter(|(due, _)| *due <= now)
    }

    /// If all have had their last poll and there is time for others, because somebody else has given up its place: plans
    /// them anew.
    fn look_again(&mut self, now: Instant) {
        if self.last_polls == 0 && !self.looked.is_empty() {
            let polls = self.looked.len();
            if self.seat.last_polls_begin(polls, now) > now {
                self.queue = std::mem::take(&mut self.looked);
                for Reverse((_, index)) in &self.queue {
                    self.waits[*index as usize].state = State::Queued;
                }
                self.plan(polls);
            }
        }
    }

    pub(super) fn plan(&mut self, last_polls: usize) {
        self.last_polls = last_polls;
        self.seat.set_last_polls(last_polls);
    }

    /// If the next poll of a wait that pauses would be its last try in an outage that is over by now: it is not.
    fn put_off(&mut self, index: u32) -> bool {
        let Self { rules, seat, waits, .. } = self;
        let engine = &mut waits[index as usize].engine;
        let is_later = engine.is_last_try && engine.put_off(rules, seat.outage().map(|(everywhere, _)| everywhere));
        if is_later {
            let entry = Reverse((engine.due, index));
            self.leave_heap(index).push(entry);
        }
        is_later
    }

    /// What was due while the machine slept is due now: a job does not stand because a machine does that waits for it.
    pub(super) fn hasten(&mut self, by: Duration, now: Instant) {
        let Self { queue, looked, waits, .. } = self;
        for heap in [queue, looked] {
            let hastened = heap.drain().map(|Reverse((_, index))| {
                let engine = &mut waits[index as usize].engine;
                engine.hasten(by, now);
                Reverse((engine.due, index))
            });
            let hastened: Vec<_> = hastened.collect();
            heap.extend(hastened);
        }
    }

    /// Takes a wait that pauses out of its heap.
    pub(super) fn leave_heap(&mut self, index: u32) -> &mut BinaryHeap<Reverse<(Instant, u32)>> {
        let heap = if self.waits[index as usize].state == State::Queued { &mut self.queue } else { &mut self.looked };
        if peek(heap).is_some_and(|(_, first)| first == index) {
            heap.pop();
        } else {
            heap.retain(|entry| entry.0.1 != index);
        }
        heap
    }
}

fn peek(heap: &BinaryHeap<Reverse<(Instant, u32)>>) -> Option<(Instant, u32)> {
    heap.peek().map(|Reverse(entry)| *entry)
}
