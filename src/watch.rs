//! Whether the machine has slept: timers follow a clock that stands meanwhile, jobs do not. Knows no wait.

use std::time::{Duration, Instant, SystemTime};

/// Less than this may be the wall clock being set right.
const NOTICED: Duration = Duration::from_secs(5);

/// Compares the wall clock with the one that timers follow.
#[derive(Debug)]
pub(crate) struct Watch {
    wall: SystemTime,
    timers: Instant,
}

impl Watch {
    pub(crate) fn new() -> Self {
        Self { wall: SystemTime::now(), timers: Instant::now() }
    }

    /// How long the machine has slept since the last look, if it has. A wall clock that is set forward looks the same, and
    /// costs no more than a poll.
    pub(crate) fn slept(&mut self) -> Option<Duration> {
        let before = std::mem::replace(self, Self::new());
        ahead(self.wall.duration_since(before.wall).unwrap_or_default(), self.timers - before.timers)
    }
}

fn ahead(wall: Duration, timers: Duration) -> Option<Duration> {
    wall.checked_sub(timers).filter(|ahead| *ahead > NOTICED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_ran_on_while_timers_stood_tells_for_how_long() {
        let seconds = Duration::from_secs;
        assert_eq!(ahead(seconds(3602), seconds(2)), Some(seconds(3600)));
        assert_eq!(ahead(seconds(7), seconds(2)), None);
        assert_eq!(ahead(seconds(0), seconds(2)), None, "set back");
        let mut watch = Watch::new();
        assert_eq!(watch.slept(), None);
        watch.wall -= seconds(60);
        // The two clocks are read one after the other.
        assert!(watch.slept().is_some_and(|slept| slept > seconds(59)));
        assert_eq!(watch.slept(), None, "told once");
    }
}
