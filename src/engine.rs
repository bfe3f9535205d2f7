//! The waiting loop: pause, fetch, judge, until it is over or out of time. It knows no HTTP, no job and no wall clock; it
//! takes a fetch closure, a schedule and tokio's clock, and waits for anything.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::schedule::{Errors, Polls, Random, Schedule};

/// How long a wait may go without a usable answer before the first one.
const MAX_FIRST_OUTAGE: Duration = Duration::from_secs(30);
/// A longer `Retry-After` is cut to this.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(120);

/// How long to be patient, and with what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// When the last poll starts.
    pub(crate) deadline: Instant,
    /// The longest stretch without one usable answer.
    pub(crate) max_outage: Duration,
    /// How long something never yet seen may be missing.
    pub(crate) missing_grace: Duration,
}

/// What came of asking once.
#[derive(Debug)]
pub(crate) struct Reply<T, E> {
    /// When the request started; `None` if none was sent.
    pub(crate) asked_at: Option<Instant>,
    pub(crate) answer: Answer<T, E>,
    /// A lower bound on the next pause.
    pub(crate) retry_after: Option<Duration>,
}

impl<T, E> Reply<T, E> {
    /// There was no chance to ask.
    pub(crate) fn no_turn() -> Self {
        Self { asked_at: None, answer: Answer::NoTurn, retry_after: None }
    }
}

/// What an answer is to a wait.
#[derive(Debug)]
pub(crate) enum Answer<T, E> {
    /// It is over.
    Ended(T),
    /// It is not over, and this old if known.
    Unfinished(T, Option<Duration>),
    /// It is not there, or not there yet.
    Missing(E),
    /// The answer, or its absence, says nothing.
    Unusable(E),
    /// Asking again is pointless.
    Refused(E),
    /// There was no chance to ask before time ran out.
    NoTurn,
}

/// One round of a wait.
#[derive(Debug)]
pub(crate) enum Step<T, E> {
    /// It goes on: the next poll is due after the pause.
    Pause(News<T, E>, Duration),
    /// It was the last round.
    Over(End<T, E>),
}

/// What a round that is not the last has brought.
#[derive(Debug)]
pub(crate) enum News<T, E> {
    /// Seen, but not over.
    Unfinished(T),
    /// Not there yet.
    Missing,
    /// An error that is borne.
    Trouble(E),
}

/// How a wait ended.
#[derive(Debug)]
pub(crate) enum End<T, E> {
    Ended(T),
    Refused(E),
    Missing(E),
    /// The deadline passed; it was seen unfinished.
    OutOfTime,
    /// No usable answer for too long, or none at all until the deadline.
    Unreachable,
}

/// The state of one wait.
#[derive(Debug)]
pub(crate) struct Engine<T, E> {
    limits: Limits,
    polls: Polls,
    errors: Errors,
    due: Instant,
    first_asked: Option<Instant>,
    /// When it asked last.
    pub(crate) last_asked: Option<Instant>,
    last_usable: Option<Instant>,
    /// The last answer was of no use.
    in_trouble: bool,
    /// The poll that had to be the last one is made.
    last_made: bool,
    /// The longest `Retry-After` so far.
    longest_asked: Duration,
    missing: Option<E>,
    /// The value as last seen, and when.
    pub(crate) seen: Option<(T, Instant)>,
    /// The last error that was borne, and when.
    pub(crate) trouble: Option<(E, Instant)>,
    /// How often it asked.
    pub(crate) asked: u32,
}

impl<T: Clone, E: Clone> Engine<T, E> {
    pub(crate) fn new(limits: Limits, schedule: Schedule, random: Random) -> Self {
        Self {
            limits,
            polls: Polls::new(schedule, random),
            errors: Errors::new(random),
            due: Instant::now(),
            first_asked: None,
            last_asked: None,
            last_usable: None,
            in_trouble: false,
            last_made: false,
            longest_asked: Duration::ZERO,
            missing: None,
            seen: None,
            trouble: None,
            asked: 0,
        }
    }

    /// Sits out the pause that the round before announced, fetches and judges.
    ///
    /// `last_poll` tells when the last poll has to start: the deadline, or before it where turns are scarce. `halted`
    /// resolves when asking has become pointless; it ends a pause, but not a fetch.
    pub(crate) async fn round<F: Future<Output = Reply<T, E>>>(
        &mut self,
        fetch: impl FnOnce() -> F,
        last_poll: impl Fn() -> Instant,
        halted: impl Future<Output = E>,
    ) -> Step<T, E> {
        tokio::select! {
            biased;
            error = halted => return Step::Over(End::Refused(error)),
            () = sleep_until(self.due) => {}
        }
        if self.last_made && self.due >= self.limits.deadline {
            // The last poll was before the deadline: this pause only sat out the rest of the time.
            return Step::Over(self.out_of_time());
        }
        let reply = fetch().await;
        self.judge(reply, Instant::now(), last_poll())
    }

    fn judge(&mut self, reply: Reply<T, E>, now: Instant, last_poll: Instant) -> Step<T, E> {
        if let Some(asked_at) = reply.asked_at {
            self.asked += 1;
            self.last_asked = Some(asked_at);
        }
        // What fails before a request is made counts like one.
        let first_asked = *self.first_asked.get_or_insert(reply.asked_at.unwrap_or(now));
        let retry_after = reply.retry_after.unwrap_or_default().min(MAX_RETRY_AFTER);
        self.longest_asked = self.longest_asked.max(retry_after);

        // Where turns are scarce the last poll is before the deadline. Once it is made, what is left of the time may still
        // bring another turn.
        self.last_made = reply.asked_at.is_some_and(|at| at >= last_poll);
        let mut latest = if self.last_made { self.limits.deadline } else { last_poll.max(now) };
        let (news, pause) = match reply.answer {
            Answer::Ended(value) => return Step::Over(End::Ended(value)),
            Answer::Refused(error) => return Step::Over(End::Refused(error)),
            Answer::NoTurn => return Step::Over(self.out_of_time()),
            Answer::Missing(error) if self.seen.is_some() || now >= first_asked + self.limits.missing_grace => {
                return Step::Over(End::Missing(error));
            }
            Answer::Missing(error) => {
                self.missing = Some(error);
                (News::Missing, self.usable(now))
            }
            Answer::Unfinished(value, age) => {
                if self.seen.is_none() {
                    self.polls.skip_to(age.unwrap_or_default());
                }
                self.seen = Some((value.clone(), now));
                (News::Unfinished(value), self.usable(now))
            }
            Answer::Unusable(error) => {
                self.trouble = Some((error.clone(), now));
                let limit = self.outage_limit(first_asked);
                // A pause as long as the limit is no outage: there has to be a try after the first failure. Past the
                // deadline, that alone decides.
                let first = !std::mem::replace(&mut self.in_trouble, true) && self.last_usable.is_some();
                if now >= limit && !first && now < self.limits.deadline {
                    return Step::Over(End::Unreachable);
                }
                if now < limit {
                    latest = latest.min(limit);
                }
                (News::Trouble(error), self.errors.next().unwrap_or_default())
            }
        };

        if now >= self.limits.deadline {
            return Step::Over(self.out_of_time());
        }
        self.due = latest.min(now + pause.max(retry_after));
        Step::Pause(news, self.due - now)
    }

    /// Notes a usable answer; returns the schedule's pause.
    fn usable(&mut self, now: Instant) -> Duration {
        self.last_usable = Some(now);
        self.in_trouble = false;
        self.errors.reset();
        self.polls.next().unwrap_or_default()
    }

    /// When an outage has lasted too long.
    fn outage_limit(&self, first_asked: Instant) -> Instant {
        match self.last_usable {
            Some(at) => at + self.limits.max_outage,
            None => first_asked + self.limits.max_outage.min(MAX_FIRST_OUTAGE) + self.longest_asked,
        }
    }

    fn out_of_time(&mut self) -> End<T, E> {
        match self.missing.take() {
            _ if self.seen.is_some() => End::OutOfTime,
            Some(error) => End::Missing(error),
            None => End::Unreachable,
        }
    }
}

#[cfg(test)]
mod tests;
