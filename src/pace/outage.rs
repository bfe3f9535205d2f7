//! When nobody gets a usable answer any more: an outage is one trouble, not one for each wait. Until it is over, one
//! request at a time finds out whether it is.

use std::time::Duration;

use tokio::time::Instant;

use crate::schedule::{Errors, Random};

/// So many waits in a row meet their first unusable answer, without a usable one in between: that is no trouble of one job.
const MANY: u32 = 5;
/// The longest pause between two probes. One costs the same however many wait for its answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Whether the service answers at all.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// First failures in a row, and when the first of them was asked for.
    failures: u32,
    since: Option<Instant>,
    /// There was an answer that tells that it is there.
    was_there: bool,
    pub(super) outage: Option<Outage>,
}

#[derive(Debug)]
pub(super) struct Outage {
    /// When the first request was made that got no usable answer.
    pub(super) since: Instant,
    /// The service had answered before.
    pub(super) was_there: bool,
    found_at: Instant,
    /// When the last request was made that got none.
    pub(super) last_asked: Instant,
    /// When the next may be made.
    next: Instant,
    /// The one that is being made, and since when.
    pub(super) probe: Option<(u64, Instant)>,
    /// How many were made.
    pub(super) probes: u32,
    pauses: Errors,
}

impl Health {
    /// Notes an answer that tells that the service is there. Returns how long it was not.
    pub(super) fn answered(&mut self, now: Instant) -> Option<Duration> {
        self.failures = 0;
        self.since = None;
        self.was_there = true;
        self.outage.take().map(|outage| now.saturating_duration_since(outage.since))
    }

    /// Notes that there was no usable answer; `is_first` if it is the first one of its wait in a row. Returns whether this
    /// makes it an outage.
    pub(super) fn failed(
        &mut self,
        asked_at: Instant,
        is_first: bool,
        now: Instant,
        retry_after: Duration,
        random: Random,
    ) -> bool {
        let since = *self.since.get_or_insert(asked_at);
        self.failures = self.failures.saturating_add(u32::from(is_first));
        let begins = self.outage.is_none() && self.failures >= MANY;
        if begins {
            self.outage = Some(Outage {
                since,
                was_there: self.was_there,
                found_at: now,
                last_asked: asked_at,
                next: now,
                probe: None,
                probes: 0,
                pauses: Errors::FIRST,
            });
        }
        if let Some(outage) = &mut self.outage {
            outage.last_asked = outage.last_asked.max(asked_at);
            // What was under way when it was found is no probe.
            if begins || asked_at > outage.found_at {
                outage.next = now + outage.pauses.next(random).min(LONGEST_PAUSE).max(retry_after);
            }
        }
        begins
    }
}

impl Outage {
    /// When the next probe may start: after its pause, or when the patience of a wait ends, `limits` in their order.
    pub(super) fn next_probe(&self, limits: [Instant; 2]) -> Instant {
        limits.into_iter().find(|limit| *limit > self.last_asked).map_or(self.next, |limit| limit.min(self.next))
    }
}
