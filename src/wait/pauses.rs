//! The pauses of a wait: its options for them, and what comes of these.

use std::time::Duration;

use super::Wait;
use crate::schedule::{Polls, Schedule};

impl<T> Wait<T> {
    /// The first pause between polls; 1 s by default, at least 1 ms.
    pub fn initial_interval(mut self, pause: Duration) -> Self {
        self.schedule.initial = pause;
        self
    }

    /// By how much each pause is longer than the one before; 1.25 by default, at least 1.
    pub fn multiplier(mut self, factor: f64) -> Self {
        self.schedule.multiplier = factor;
        self
    }

    /// The longest pause between polls; 10 s by default, at least 1 ms.
    pub fn max_interval(mut self, pause: Duration) -> Self {
        self.schedule.max = pause;
        self
    }

    /// Each pause is spread by ± this share, from 0 to 1; 0.1 by default.
    pub fn jitter(mut self, share: f64) -> Self {
        self.schedule.jitter = share;
        self
    }

    /// How long such a job usually takes, from its beginning, at least 1 ms; nothing by default. Polls are fewer before that
    /// and more around it: where the default schedule has reached its longest pause, jobs that take as long within 20 % are
    /// seen about half as late, by six requests in ten.
    ///
    /// The other options still describe the schedule without it. From twice that time on it is followed; around it the pauses
    /// are a bit less than half of what they would be; before it they may be longer than
    /// [`max_interval`](Self::max_interval), see [`longest_pause`](Self::longest_pause). A job that takes a tenth of the time,
    /// or ten times as long, is on average seen at most twice as late as without this; one that takes half of it, later.
    pub fn expect(mut self, length: Duration) -> Self {
        self.expect = Some(length);
        self
    }

    /// The pauses between polls of a job that has just begun, before they are spread; endless. For showing what to expect.
    pub fn pauses(&self) -> impl Iterator<Item = Duration> + use<T> {
        let schedule = Schedule { jitter: 0.0, ..self.schedule() };
        let (mut polls, mut age) = (Polls::new(&schedule), Duration::ZERO);
        std::iter::repeat_with(move || {
            let pause = polls.next(&schedule, age, || 0.5);
            age = age.saturating_add(pause);
            pause
        })
    }

    /// The longest pause that the schedule may have, at whatever age of the job and spread as far as it may be.
    #[must_use]
    pub fn longest_pause(&self) -> Duration {
        self.schedule().longest()
    }

    pub(super) fn schedule(&self) -> Schedule {
        self.schedule.expecting(self.expect)
    }
}
