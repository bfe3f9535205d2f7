//! Pauses for a job that usually takes a known time D: few polls before, many around it, the default schedule's after it.
//!
//! With pauses p(t) at age t, an end is seen p/2 late on average, and 1/p requests a second are made while the job lasts. If
//! f is the density of the job's length and S the share of jobs that last longer, ∫ (f·p/2 + λ·S/p) dt is to be least, and
//! for each t that is so at p = √(2λ/h), where h = f/S is the hazard. The length is taken for a mixture, of which the hazards
//! add up, so that 1/p² is the sum of both parts' 1/p². Most are log-normal around D, σ = 0.12, as if spread by ±20 %; λ is
//! such that their pause at D is [`AROUND`] of the default's there. Of the others the guess is wrong, they end at any time:
//! after D, by the default's pauses; before it, by ones that grow [`FEWER`] times as fast, and from D/10 on with the age. That
//! keeps mean lateness within twice the default's if the job takes D/10 or less; in between it is a share of the job's length.
//!
//! If the default's pauses have long been their longest, this is half of its lateness at 0.6 of its requests: 0.06 go to what
//! takes D/10 or less, 0.11 to what is in between, and a log-normal takes 0.08 more than what is certain to be within ±20 %.
//! A job of a few minutes takes too few requests for that, and more of them are the first ones.

use std::f64::consts::TAU;
use std::time::Duration;

use super::{Polls, Schedule};

/// The spread of the logarithm of lengths.
const SIGMA: f64 = 0.12;
/// The share of jobs that are guessed wrong.
const WRONG: f64 = 0.02;
/// The pause at the expected length, as a share of the default's there.
const AROUND: f64 = 0.43;
/// How many times as fast as the default's the pauses grow at first.
const FEWER: f64 = 1.85;
/// From this many expected lengths on the default schedule goes on alone.
const OVER: f64 = 2.0;
/// In so many steps it is looked ahead.
const STEPS: u32 = 16;
const SHORTEST: Duration = Duration::from_millis(1);

/// A length that is expected, and the default schedule's pauses that matter to it, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Expected {
    length: f64,
    first: f64,
    at_tenth: f64,
    /// The right guess's part of 1/p², as a share of the hazard.
    right: f64,
}

impl Expected {
    /// Beside the pauses of this schedule.
    pub(super) fn new(length: Duration, default: &Schedule) -> Self {
        let pause_at = |age| {
            let mut polls = Polls::new(default);
            polls.skip_to(default, age);
            polls.plain.as_secs_f64()
        };
        let [first, at_tenth, at_length] = [Duration::ZERO, length / 10, length].map(pause_at);
        let around = AROUND * at_length;
        let right = (hazard(1.0) * around * around).recip();
        Self { length: length.as_secs_f64(), first, at_tenth, right }
    }

    /// The pause at this age, where the default schedule's is `default`.
    pub(super) fn pause(&self, age: Duration, default: Duration) -> Duration {
        let (x, default_seconds) = (age.as_secs_f64() / self.length, default.as_secs_f64());
        if x >= OVER {
            return default;
        }
        let now = self.at(x, default_seconds);
        // No later than if the last poll had been at any moment until then: pauses may shrink quickly.
        let later = (1..=STEPS).map(|step| {
            let after = now * f64::from(step) / f64::from(STEPS);
            after + self.at(x + after / self.length, default_seconds)
        });
        Duration::try_from_secs_f64(later.fold(now, f64::min)).unwrap_or(default).max(SHORTEST)
    }

    /// The longest pause at any age.
    pub(super) fn longest(&self, default: &Schedule) -> Duration {
        let mut polls = Polls::new(default);
        let pauses = (0..2000).map(|step| {
            let age = Duration::try_from_secs_f64(self.length * f64::from(step) / 1000.0).unwrap_or(Duration::MAX);
            polls.skip_to(default, age);
            self.pause(age, polls.plain)
        });
        pauses.fold(default.max, Duration::max)
    }

    /// The pause at `x` expected lengths, without looking ahead.
    fn at(&self, x: f64, default: f64) -> f64 {
        let wrong = if x < 1.0 {
            let grown = |default: f64| self.first + FEWER * (default - self.first);
            grown(default.min(self.at_tenth)) * (10.0 * x).max(1.0)
        } else {
            default
        };
        (self.right * hazard(x) + 1.0 / (wrong * wrong)).sqrt().recip()
    }
}

/// That of the log-normal part.
fn hazard(x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let z = x.ln() / SIGMA;
    let density = (-z * z / 2.0).exp() / (x * SIGMA * TAU.sqrt());
    // The logistic function is that close to the normal distribution's.
    let lasting = 1.0 / (1.0 + (1.702 * z).exp());
    (1.0 - WRONG) * density / ((1.0 - WRONG) * lasting + WRONG)
}

#[cfg(test)]
mod tests;
