//! What an answer means to a wait: when to ask next, or how it is over. Judges one wait at a time and never waits itself;
//! it knows no HTTP, no job and no wall clock, and waits for anything.

mod terms;

use std::time::Duration;

use tokio::time::Instant;

pub(crate) use self::terms::{Answer, End, Everywhere, News, Reply, Rules, Step};
use crate::schedule::{Errors, Polls};

/// A longer `Retry-After` is cut to this.
pub(crate) const MAX_RETRY_AFTER: Duration = Duration::from_secs(120);

/// The state of one wait. Small, because there may be very many.
#[derive(Debug)]
pub(crate) struct Engine<T, E> {
    polls: Polls,
    errors: Errors,
    /// When to ask next.
    pub(crate) due: Instant,
    first_asked: Option<Instant>,
    /// How much older it is than the wait.
    lead: Duration,
    last_usable: Option<Instant>,
    /// When the first of the unusable answers since then was asked for, later by all the time that it had no turn.
    trouble_since: Option<Instant>,
    /// The longest `Retry-After` so far.
    longest_asked: Duration,
    missing: Option<Box<E>>,
    /// The value as last seen, and when.
    pub(crate) seen: Option<Box<(T, Instant)>>,
    /// The last error that was borne, and when.
    pub(crate) trouble: Option<Box<(E, Instant)>>,
    /// How often it asked.
    pub(crate) asked: u32,
    /// The next poll is the last try at the end of an outage.
    pub(crate) is_last_try: bool,
    /// When it would ask next if it were not for any limit.
    next: Instant,
}

impl<T, E> Engine<T, E> {
    /// A wait that begins now.
    pub(crate) fn new(rules: &Rules, now: Instant) -> Self {
        Self {
            polls: Polls::new(&rules.schedule),
            errors: Errors::FIRST,
            due: now,
            first_asked: None,
            lead: Duration::ZERO,
            last_usable: None,
            trouble_since: None,
            longest_asked: Duration::ZERO,
            missing: None,
            seen: None,
            trouble: None,
            asked: 0,
            is_last_try: false,
            next: now,
        }
    }

    /// Judges an answer that is known since `now`; `everywhere` if it is one more of those that are of no use.
    pub(crate) fn judge(
        &mut self,
        rules: &Rules,
        reply: Reply<T, E>,
        everywhere: Option<Everywhere>,
        now: Instant,
    ) -> Step<T, E> {
        self.asked += u32::from(reply.asked_at.is_some());
        // What fails before a request is made counts like one.
        let asked_at = reply.asked_at.unwrap_or(now);
        let first_asked = *self.first_asked.get_or_insert(asked_at);
        let retry_after = reply.retry_after.unwrap_or_default().min(MAX_RETRY_AFTER);
        self.longest_asked = self.longest_asked.max(retry_after);
        self.is_last_try = false;

        let mut latest = rules.deadline;
        let (news, pause) = match reply.answer {
            Answer::Ended(value) => return Step::Over(End::Ended(value)),
            Answer::Refused(error) => return Step::Over(End::Refused(error)),
            Answer::Missing(error) if self.seen.is_some() || now >= first_asked + rules.missing_grace => {
                return Step::Over(End::Missing(error));
            }
            Answer::Missing(error) => {
                self.missing = Some(Box::new(error));
                (News::Missing, self.usable(rules, now))
            }
            Answer::Unfinished(value, age) => {
                if self.seen.is_none() {
                    let age = age.unwrap_or_default();
                    self.lead = age.saturating_sub(now - first_asked);
                    self.polls.skip_to(&rules.schedule, age);
                }
                self.seen = Some(Box::new((value, now)));
                (News::Unfinished, self.usable(rules, now))
            }
            Answer::Throttled(error, _) | Answer::Unusable(error) => {
                self.trouble = Some(Box::new((error, now)));
                let is_first = self.trouble_since.is_none();
                // What it waited for its turn, others being asked about meanwhile, is no part of an outage.
                let overdue = asked_at.saturating_duration_since(self.due);
                self.trouble_since = Some(self.trouble_since.map_or(asked_at, |since| since + overdue));
                let limit = self.outage_limit(rules, everywhere);
                // A pause as long as the limit is no outage: there has to be a try after the first failure. Past the
                // deadline, that alone decides.
                let goes_on = is_first && self.last_usable.is_some();
                if now >= limit && !goes_on && now < rules.deadline {
                    return Step::Over(End::Unreachable);
                }
                if now < limit {
                    latest = latest.min(limit);
                }
                (News::Trouble, self.errors.next(rules.random))
            }
        };

        if now >= rules.deadline {
            return Step::Over(self.out_of_time());
        }
        self.next = now + pause.max(retry_after);
        self.set_due(rules, latest);
        Step::Pause(news, self.due - now)
    }

    /// Puts the last try in an outage off if that is not at its limit any more: an outage of all may have ended meanwhile.
    pub(crate) fn put_off(&mut self, rules: &Rules, everywhere: Option<Everywhere>) -> bool {
        let limit = self.outage_limit(rules, everywhere).min(rules.deadline);
        let is_later = self.is_last_try && self.due < limit;
        if is_later {
            self.set_due(rules, limit);
        }
        is_later
    }

    fn set_due(&mut self, rules: &Rules, latest: Instant) {
        self.is_last_try = self.next > latest && latest < rules.deadline;
        self.due = latest.min(self.next);
    }

    /// Asks earlier by this much, but not before `now`: so long the machine has slept, and so much older the value is.
    pub(crate) fn hasten(&mut self, by: Duration, now: Instant) {
        let earlier = |at: Instant| at.checked_sub(by).map_or(now, |earlier| earlier.max(now)).min(at);
        let due = self.due;
        (self.due, self.next) = (earlier(due), earlier(self.next));
        self.lead = self.lead.saturating_add(by);
        // One before its limit is any try.
        self.is_last_try &= self.due == due;
    }

    /// Lets go of what was seen.
    pub(crate) fn forget(&mut self) {
        self.missing = None;
        self.seen = None;
        self.trouble = None;
    }

    /// Whether the last answer was of no use.
    pub(crate) fn is_in_trouble(&self) -> bool {
        self.trouble_since.is_some()
    }

    /// Notes a usable answer; returns the schedule's pause.
    fn usable(&mut self, rules: &Rules, now: Instant) -> Duration {
        self.last_usable = Some(now);
        self.trouble_since = None;
        self.errors = Errors::FIRST;
        let waited = self.first_asked.map_or(Duration::ZERO, |first_asked| now - first_asked);
        self.polls.next(&rules.schedule, self.lead + waited, rules.random)
    }

    /// When an outage has lasted too long. `everywhere` is that of all, if there is one.
    ///
    /// It is counted from the last usable answer, but a stretch in which the wait had no turn is none: before the first
    /// failure, the schedule's `max` is all that counts of it, and after that the time until it is due. A wait
    /// that was never seen bears the outage of a service that had answered others like those others.
    pub(crate) fn outage_limit(&self, rules: &Rules, everywhere: Option<Everywhere>) -> Instant {
        let [before, after] = rules.patience();
        let of_all = everywhere.map(|everywhere| everywhere.since);
        let Some(usable) = self.last_usable else {
            let first = [self.trouble_since, of_all].into_iter().flatten().min().unwrap_or(rules.deadline);
            let own = first + before + self.longest_asked;
            return match everywhere {
                Some(Everywhere { since, was_there: true }) => own.max(since + after),
                _ => own,
            };
        };
        let own = self.trouble_since.map(|since| {
            let counted = since.saturating_duration_since(usable).min(rules.schedule.max);
            since + after.saturating_sub(counted)
        });
        let of_all = of_all.map(|since| since.max(usable) + after);
        [own, of_all].into_iter().flatten().min().unwrap_or(rules.deadline)
    }

    /// How a wait ends that cannot ask any more because its time is over.
    pub(crate) fn out_of_time(&mut self) -> End<T, E> {
        match self.missing.take() {
            _ if self.seen.is_some() => End::OutOfTime,
            Some(error) => End::Missing(*error),
            None => End::Unreachable,
        }
    }
}
