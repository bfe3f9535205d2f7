//! How the rate follows a quota that nobody knows: a refusal for being too fast (429) lowers it, silence lets it grow.
//!
//! The rule is that of TCP's CUBIC, which the adaptive retry mode of the AWS SDKs uses too. A refusal halves the rate *w*;
//! from there it rises quickly at first, flattens out as it comes back to *w*, where the limit was last met, and then rises
//! ever faster to find out whether there is more:
//!
//! > *r(x) = w (1 + ½ (x − 1)³)*
//!
//! *x* grows by 1 with a hundred usable answers or in five minutes: so a limit that stays where it is costs about one refusal
//! in a hundred requests, whether it is one a minute or a hundred a second, and a limit that is lifted is found in minutes.
//! It converges because the cut is in proportion to the rate and the growth is not: of two clients that share a quota the
//! faster one loses more at each refusal, until both have the same. A service that tells its limit is taken at its word:
//! the rate is set to it at once, and stays there for the first hundred answers.

use std::time::Duration;

use tokio::time::Instant;

/// The share of the rate that a refusal takes.
const CUT: f64 = 0.5;
/// So many usable answers bring the rate back to where it was cut, or this time does.
const ANSWERS: f64 = 100.0;
const TIME: Duration = Duration::from_secs(300);
/// It never falls below this, in requests a second: the smallest quota that neighbouring services publish is 5 a minute.
const LEAST: f64 = 1.0 / 12.0;

/// The rate as it is now, in requests a second.
#[derive(Debug)]
pub(super) struct Throttle {
    max: f64,
    cut: Option<Cut>,
}

#[derive(Debug)]
struct Cut {
    at: Instant,
    /// The rate that was too much, or the limit that was told.
    limit: f64,
    is_told: bool,
    usable: u32,
}

impl Throttle {
    /// Begins at `max`, and never goes above it.
    pub(super) fn new(max: f64) -> Self {
        Self { max, cut: None }
    }

    pub(super) fn max(&self) -> f64 {
        self.max
    }

    pub(super) fn rate(&self, now: Instant) -> f64 {
        let Some(cut) = &self.cut else { return self.max };
        let elapsed = now.saturating_duration_since(cut.at).as_secs_f64();
        let x = f64::from(cut.usable) / ANSWERS + elapsed / TIME.as_secs_f64();
        let bend = CUT * (x - 1.0).powi(3);
        let rate = cut.limit * (1.0 + if cut.is_told { bend.max(0.0) } else { bend });
        rate.max(LEAST).min(self.max)
    }

    /// Notes a usable answer.
    pub(super) fn answered(&mut self, now: Instant) {
        if let Some(cut) = &mut self.cut {
            cut.usable = cut.usable.saturating_add(1);
        }
        if self.rate(now) >= self.max {
            self.cut = None;
        }
    }

    /// Notes a refusal for being too fast; `told` is the limit that it names. What was asked for before the last cut tells
    /// nothing about the rate after it. Returns whether the rate is another one now.
    pub(super) fn throttled(&mut self, asked_at: Instant, now: Instant, told: Option<f64>) -> bool {
        if self.cut.as_ref().is_some_and(|cut| asked_at <= cut.at) {
            return false;
        }
        let rate = self.rate(now);
        let told = told.filter(|told| *told < rate);
        self.cut = Some(Cut { at: now, limit: told.unwrap_or(rate), is_told: told.is_some(), usable: 0 });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(throttle: &mut Throttle, answers: u32, now: Instant) -> f64 {
        for _ in 0..answers {
            throttle.answered(now);
        }
        throttle.rate(now)
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_halves_the_rate_and_a_hundred_answers_bring_it_back_and_more_beyond() {
        let now = Instant::now();
        let mut throttle = Throttle::new(100.0);
        assert!(throttle.throttled(now, now, None));
        assert_eq!(throttle.rate(now), 50.0);
        let rates = [50, 50, 50, 50].map(|answers| after(&mut throttle, answers, now));
        assert_eq!(rates, [93.75, 100.0, 100.0, 100.0]);
        // The limit was met at 10 and is found to be gone.
        throttle.throttled(now + Duration::from_millis(1), now, Some(10.0));
        let later = now + Duration::from_millis(2);
        throttle.throttled(later, later, None);
        let rates = [0, 100, 100, 100, 100].map(|answers| after(&mut throttle, answers, later));
        assert_eq!(rates, [5.0, 10.0, 15.0, 50.0, 100.0]);
    }

    #[tokio::test(start_paused = true)]
    async fn time_brings_the_rate_back_too() {
        let now = Instant::now();
        let mut throttle = Throttle::new(4.0);
        throttle.throttled(now, now, None);
        assert_eq!(
            [0, 150, 300, 900].map(|secs| throttle.rate(now + Duration::from_secs(secs))),
            [2.0, 3.75, 4.0, 4.0]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_that_is_told_is_the_rate_at_once_and_for_a_hundred_answers() {
        let now = Instant::now();
        let mut throttle = Throttle::new(5.0);
        throttle.throttled(now, now, Some(1.0));
        let rates = [0, 50, 50, 100].map(|answers| after(&mut throttle, answers, now));
        assert_eq!(rates, [1.0, 1.0, 1.0, 1.5]);
        let later = now + Duration::from_secs(1);
        throttle.throttled(later, later, Some(60.0));
        assert!(throttle.rate(later) < 0.8, "a limit that is above the rate is shared with others");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_asked_for_before_a_cut_cuts_no_more() {
        let now = Instant::now();
        let mut throttle = Throttle::new(8.0);
        assert!(throttle.throttled(now, now + Duration::from_millis(50), None));
        assert!(!throttle.throttled(now + Duration::from_millis(20), now + Duration::from_millis(70), None));
        assert!(throttle.throttled(now + Duration::from_millis(80), now + Duration::from_millis(90), None));
        assert!((2.0..2.1).contains(&throttle.rate(now + Duration::from_millis(90))));
    }

    #[tokio::test(start_paused = true)]
    async fn it_never_falls_below_the_least_nor_rises_above_the_most() {
        let mut now = Instant::now();
        let mut throttle = Throttle::new(5.0);
        for _ in 0..100 {
            now += Duration::from_millis(1);
            throttle.throttled(now, now, None);
        }
        assert_eq!(throttle.rate(now), LEAST);
        assert_eq!(throttle.rate(now + Duration::from_secs(86_400)), 5.0);
        let mut slow = Throttle::new(0.01);
        slow.throttled(now, now, None);
        assert_eq!(slow.rate(now), 0.01);
    }
}
