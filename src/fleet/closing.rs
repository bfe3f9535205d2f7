//! How waits end without an answer of their own: out of time, in an outage, refused for good, or stopped from outside.

use tokio::time::Instant;

use super::{Fleet, LAST_POLL_LIMIT, LATE, Service, State, Told, Wait};
use crate::engine::{End, Everywhere, Step};

/// The waits that end now, and why.
#[derive(Debug)]
pub(super) struct Closing<E> {
    cause: Cause<E>,
    /// The last one first.
    rest: Vec<u32>,
}

#[derive(Debug)]
enum Cause<E> {
    OutOfTime,
    Outage,
    Refused(E),
    Stopped,
}

impl<S: Service> Fleet<S> {
    /// Ends all that is not over yet: what is asked already will not be waited for.
    pub(crate) fn stop(&mut self) {
        self.in_flight.clear();
        self.close(Cause::Stopped, |_| true);
    }

    /// Asking has become pointless: what is asked already is still waited for.
    pub(super) fn halt(&mut self, error: S::Error) {
        self.close(Cause::Refused(error), pauses);
    }

    /// Ends the next wait that ends without an answer of its own.
    pub(super) fn close_next(&mut self, now: Instant) -> Option<Told<S>> {
        loop {
            if let Some(closing) = &mut self.closing {
                let Some(index) = closing.rest.pop() else {
                    match &closing.cause {
                        Cause::Refused(error) if !self.queue.is_empty() || !self.looked.is_empty() => {
                            let error = error.clone();
                            self.halt(error);
                            continue;
                        }
                        Cause::Refused(_) | Cause::Stopped => return None,
                        Cause::OutOfTime | Cause::Outage => self.closing = None,
                    }
                    continue;
                };
                let end = match &closing.cause {
                    Cause::OutOfTime => self.waits[index as usize].engine.out_of_time(),
                    Cause::Outage => End::Unreachable,
                    Cause::Refused(error) => End::Refused(error.clone()),
                    Cause::Stopped => End::Stopped,
                };
                self.over(index);
                return Some((index, Step::Over(end)));
            }
            let deadline = self.rules.deadline;
            if now >= deadline && !self.looked.is_empty() {
                self.close(Cause::OutOfTime, |wait| wait.state == State::Looked);
            } else if now >= deadline + LAST_POLL_LIMIT && !self.queue.is_empty() && self.is_held_up() {
                self.close(Cause::OutOfTime, pauses);
            } else if now >= deadline + LATE && !std::mem::replace(&mut self.is_late, true) {
                // Each is looked at once, however late, but not twice.
                self.close(Cause::OutOfTime, |wait| pauses(wait) && wait.engine.asked > 0);
            } else if let Some((everywhere, last_asked)) = self.news_of_outage().filter(|_| now < deadline) {
                let rules = self.rules;
                let ends = |wait: &Wait<S>| last_asked >= wait.engine.outage_limit(&rules, Some(everywhere));
                self.close(Cause::Outage, |wait| pauses(wait) && ends(wait));
            } else {
                return None;
            }
        }
    }

    /// Since when nobody gets a usable answer, and when it was last asked for, by whomever, if that is news.
    fn news_of_outage(&mut self) -> Option<(Everywhere, Instant)> {
        let outage = self.seat.outage();
        let last_asked = outage.map(|(_, last_asked)| last_asked);
        let is_news = std::mem::replace(&mut self.last_asked, last_asked) != last_asked;
        outage.filter(|_| std::mem::take(&mut self.has_failed) || is_news)
    }

    /// Whether something else than the rate is in the way of all.
    fn is_held_up(&self) -> bool {
        self.is_blocked || self.seat.outage().is_some()
    }

    fn close(&mut self, cause: Cause<S::Error>, ends: impl Fn(&Wait<S>) -> bool) {
        let mut rest = Vec::new();
        for (index, wait) in (0_u32..).zip(&mut self.waits) {
            if wait.state != State::Over && ends(wait) {
                rest.push(index);
                wait.is_closing = true;
            }
        }
        rest.reverse();
        let stays = |index: u32| !self.waits[index as usize].is_closing;
        self.queue.retain(|entry| stays(entry.0.1));
        self.looked.retain(|entry| stays(entry.0.1));
        self.closing = Some(Closing { cause, rest });
    }
}

fn pauses<S: Service>(wait: &Wait<S>) -> bool {
    matches!(wait.state, State::Queued | State::Looked)
}
