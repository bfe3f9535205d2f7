//! How long to pause: the schedule after usable answers and the backoff after unusable ones, as pure steps. The growth is
//! that of the crate `backoff`, which no other module names; the spreading is done here, because that crate's own cannot
//! be seeded. What is kept of a wait is two numbers, because there may be very many waits.

mod expect;

use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff as _;

use self::expect::Expected;

/// The first pause after an unusable answer, before jitter.
const FIRST_ERROR_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause after an unusable answer.
const LONGEST_ERROR_PAUSE: Duration = Duration::from_secs(30);

/// Where randomness comes from: a number from 0 up to, but not including, 1.
pub(crate) type Random = fn() -> f64;

/// The shape of the pauses between polls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Schedule {
    pub(crate) initial: Duration,
    pub(crate) multiplier: f64,
    pub(crate) max: Duration,
    /// Each pause is spread by ± this share, and never over `max`.
    pub(crate) jitter: f64,
    /// Changes the pauses until well after this length; before it they may be over `max`.
    pub(crate) expected: Option<Expected>,
}

impl Schedule {
    pub(crate) const DEFAULT: Self = Self {
        initial: Duration::from_secs(1),
        multiplier: 1.25,
        max: Duration::from_secs(10),
        jitter: 0.1,
        expected: None,
    };

    /// For what usually takes this long.
    pub(crate) fn expecting(self, length: Option<Duration>) -> Self {
        Self { expected: length.map(|length| Expected::new(length, &self)), ..self }
    }

    /// The longest pause, whatever the age and the randomness.
    pub(crate) fn longest(&self) -> Duration {
        self.expected.map_or(self.max, |expected| expected.longest(self))
    }

    fn spread(&self, plain: Duration, random: f64) -> Duration {
        plain.mul_f64(1.0 + self.jitter * (2.0 * random - 1.0)).min(self.max.max(plain))
    }
}

/// Where the pauses after usable answers stand; they never end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Polls {
    /// The next pause, before jitter.
    plain: Duration,
    /// The sum of the plain pauses so far.
    age: Duration,
}

impl Polls {
    pub(crate) fn new(schedule: &Schedule) -> Self {
        Self { plain: schedule.initial.min(schedule.max), age: Duration::ZERO }
    }

    /// The next pause, `age` after the beginning: that matters only if a length is expected.
    pub(crate) fn next(&mut self, schedule: &Schedule, age: Duration, random: impl FnOnce() -> f64) -> Duration {
        let plain = match &schedule.expected {
            None => self.advance(schedule),
            Some(expected) => {
                self.skip_to(schedule, age);
                expected.pause(age, self.plain)
            }
        };
        schedule.spread(plain, random())
    }

    /// Goes on as if the polling had begun `age` ago; never goes back.
    pub(crate) fn skip_to(&mut self, schedule: &Schedule, age: Duration) {
        while self.age + self.plain <= age {
            if self.advance(schedule) == self.plain {
                // It grows no more, so that there is nothing left to skip.
                break;
            }
        }
    }

    /// The next pause of the schedule that expects nothing, before jitter.
    fn advance(&mut self, schedule: &Schedule) -> Duration {
        let plain = self.plain;
        self.age += plain;
        self.plain = grown(plain, schedule.multiplier, schedule.max);
        plain
    }
}

/// Where the pauses after unusable answers stand: doubling, with full jitter, without an end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Errors {
    plain: Duration,
}

impl Errors {
    pub(crate) const FIRST: Self = Self { plain: FIRST_ERROR_PAUSE };

    /// The next pause.
    pub(crate) fn next(&mut self, random: impl FnOnce() -> f64) -> Duration {
        let plain = self.plain;
        self.plain = grown(plain, 2.0, LONGEST_ERROR_PAUSE);
        plain.mul_f64(random())
    }
}

/// The plain pause after this one.
fn grown(plain: Duration, multiplier: f64, max: Duration) -> Duration {
    let mut growth = ExponentialBackoff {
        current_interval: plain,
        multiplier,
        max_interval: max,
        // What it returns is not used: it needs neither random numbers nor the clock.
        randomization_factor: 0.0,
        max_elapsed_time: None,
        ..ExponentialBackoff::default()
    };
    growth.next_backoff();
    growth.current_interval
}

#[cfg(test)]
mod tests;
