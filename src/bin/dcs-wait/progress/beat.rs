//! When a line is due although nothing happens. Pure: the clock is an argument.

use std::time::{Duration, Instant};

/// After so much silence something is said, then after twice as much, and so on.
const FIRST: Duration = Duration::from_secs(30);
/// The longest silence: less than any runner allows.
const LONGEST: Duration = Duration::from_secs(5 * 60);
/// Of many jobs, what they make together is said so often at most at first, then less often.
const COUNTS: Duration = Duration::from_secs(10);
const COUNTS_LATER: Duration = FIRST;

/// When the next line is due.
#[derive(Debug)]
pub(crate) struct Beat {
    last: Instant,
    silence: Duration,
    /// When counts were said last, and when they may be said again.
    counted: Instant,
    pause: Duration,
    /// Counts have changed since they were said.
    is_stale: bool,
}

/// What is due.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Counts,
    Heartbeat,
}

impl Beat {
    pub(crate) fn new(now: Instant) -> Self {
        Self { last: now, silence: FIRST, counted: now, pause: COUNTS, is_stale: false }
    }

    /// Notes that there was a line, or that standard output had one.
    pub(crate) fn said(&mut self, now: Instant) {
        self.last = now;
        self.silence = FIRST;
    }

    /// Notes that counts have changed.
    pub(crate) fn changed(&mut self) {
        self.is_stale = true;
    }

    /// When something is due if nothing happens.
    pub(crate) fn next(&self) -> Instant {
        let heartbeat = self.last + self.silence;
        if self.is_stale { heartbeat.min(self.counted + self.pause) } else { heartbeat }
    }

    /// What is due now, if anything. It counts as said.
    pub(crate) fn take(&mut self, now: Instant) -> Option<Due> {
        if self.is_stale && now >= self.counted + self.pause {
            self.is_stale = false;
            self.counted = now;
            self.pause = (self.pause + self.pause / 2).min(COUNTS_LATER);
            self.said(now);
            return Some(Due::Counts);
        }
        if now < self.last + self.silence {
            return None;
        }
        self.last = now;
        self.silence = (self.silence * 2).min(LONGEST);
        // Whatever is said then has the counts too.
        self.is_stale = false;
        Some(Due::Heartbeat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At which seconds something is due if somebody looks whenever it says so.
    fn dues(beat: &mut Beat, start: Instant, count: usize) -> Vec<u64> {
        let mut looks = Vec::new();
        while looks.len() < count {
            let now = beat.next();
            assert_eq!(beat.take(now - Duration::from_millis(1)), None);
            assert!(beat.take(now).is_some());
            looks.push((now - start).as_secs());
        }
        looks
    }

    #[test]
    fn silence_is_broken_after_half_a_minute_then_ever_less_often_but_every_five_minutes() {
        let start = Instant::now();
        assert_eq!(dues(&mut Beat::new(start), start, 7), [30, 90, 210, 450, 750, 1050, 1350]);
    }

    #[test]
    fn a_line_begins_the_silence_anew() {
        let start = Instant::now();
        let mut beat = Beat::new(start);
        assert_eq!(dues(&mut beat, start, 3), [30, 90, 210]);
        beat.said(start + Duration::from_secs(220));
        assert_eq!(dues(&mut beat, start, 2), [250, 310]);
    }

    #[test]
    fn counts_are_said_when_they_have_changed_and_ever_less_often() {
        let start = Instant::now();
        let mut beat = Beat::new(start);
        let mut counts = Vec::new();
        while counts.len() < 6 {
            beat.changed();
            let now = beat.next();
            assert_eq!(beat.take(now), Some(Due::Counts));
            counts.push((now - start).as_secs());
        }
        assert_eq!(counts, [10, 25, 47, 77, 107, 137]);
        assert_eq!(dues(&mut beat, start, 2), [167, 227], "and then nothing changes");
    }
}
