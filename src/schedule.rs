//! How long to pause: the schedule after usable answers and the backoff after unusable ones, as pure iterators. The
//! growth is that of the crate `backoff`, which no other module names; the spreading is done here, because that crate's
//! own cannot be seeded.

use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff as _;

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
}

impl Schedule {
    pub(crate) const DEFAULT: Self =
        Self { initial: Duration::from_secs(1), multiplier: 1.25, max: Duration::from_secs(10), jitter: 0.1 };
}

/// The pauses after usable answers; endless.
#[derive(Debug)]
pub(crate) struct Polls<R = Random> {
    growth: ExponentialBackoff,
    jitter: f64,
    random: R,
    /// The sum of the plain pauses so far.
    age: Duration,
}

impl<R: FnMut() -> f64> Polls<R> {
    pub(crate) fn new(schedule: Schedule, random: R) -> Self {
        let growth = growth(schedule.initial, schedule.multiplier, schedule.max);
        Self { growth, jitter: schedule.jitter, random, age: Duration::ZERO }
    }

    /// Goes on as if the polling had begun `age` ago; never goes back.
    pub(crate) fn skip_to(&mut self, age: Duration) {
        while self.age + self.growth.current_interval <= age {
            let before = self.growth.current_interval;
            self.age += step(&mut self.growth);
            if self.growth.current_interval == before {
                // It grows no more, so that there is nothing left to skip.
                break;
            }
        }
    }
}

impl<R: FnMut() -> f64> Iterator for Polls<R> {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let plain = step(&mut self.growth);
        self.age += plain;
        let spread = 1.0 + self.jitter * (2.0 * (self.random)() - 1.0);
        Some(plain.mul_f64(spread).min(self.growth.max_interval))
    }
}

/// The pauses after unusable answers: doubling, with full jitter; endless.
#[derive(Debug)]
pub(crate) struct Errors<R = Random> {
    growth: ExponentialBackoff,
    random: R,
}

impl<R: FnMut() -> f64> Errors<R> {
    pub(crate) fn new(random: R) -> Self {
        Self { growth: growth(FIRST_ERROR_PAUSE, 2.0, LONGEST_ERROR_PAUSE), random }
    }

    /// Begins again at the first pause.
    pub(crate) fn reset(&mut self) {
        self.growth.reset();
    }
}

impl<R: FnMut() -> f64> Iterator for Errors<R> {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        Some(step(&mut self.growth).mul_f64((self.random)()))
    }
}

fn growth(initial: Duration, multiplier: f64, max: Duration) -> ExponentialBackoff {
    let initial = initial.min(max);
    ExponentialBackoff {
        current_interval: initial,
        initial_interval: initial,
        multiplier,
        max_interval: max,
        randomization_factor: 0.0,
        max_elapsed_time: None,
        ..ExponentialBackoff::default()
    }
}

/// The plain pause, and one step of growth. The pause is read off, not taken from `next_backoff`, which blurs it by up
/// to a nanosecond even without randomization.
fn step(growth: &mut ExponentialBackoff) -> Duration {
    let plain = growth.current_interval;
    growth.next_backoff();
    plain
}

#[cfg(test)]
mod tests;
