//! How long the thread of a runtime is held up by a busy machine: whatever goes on there may be late by so much.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How often it looks at the clock, and when it expects to come back: timers take up to 2 ms more.
const EVERY: Duration = Duration::from_millis(4);
const EXPECTED: Duration = Duration::from_millis(6);
/// Longer than anything is on its way.
const STRETCH: Duration = Duration::from_millis(500);
/// What is on its way takes a few turns of the runtime, and each may take some time that is not noticed.
const UNNOTICED: Duration = Duration::from_millis(20);

/// Looks at the clock again and again, for as long as the runtime lasts.
pub(crate) struct Stalls(Arc<Mutex<Looks>>);

struct Looks {
    before: Instant,
    /// When it was late within the last stretch, and by how much.
    late: VecDeque<(Instant, Duration)>,
    /// The most of a stretch.
    worst: Duration,
}

impl Stalls {
    pub(crate) fn watch() -> Self {
        let looks = Looks { before: Instant::now(), late: VecDeque::new(), worst: Duration::ZERO };
        let looks = Arc::new(Mutex::new(looks));
        let own = Arc::clone(&looks);
        tokio::spawn(async move {
            loop {
                sleep(EVERY).await;
                own.lock().unwrap().look();
            }
        });
        Self(looks)
    }

    /// How long anything may have been on its way, in seconds.
    pub(crate) fn way(&self) -> f64 {
        (self.0.lock().unwrap().look() + UNNOTICED).as_secs_f64()
    }
}

impl Looks {
    fn look(&mut self) -> Duration {
        let now = Instant::now();
        self.late.push_back((now, (now - self.before).saturating_sub(EXPECTED)));
        while self.late.front().is_some_and(|(at, _)| *at + STRETCH < now) {
            self.late.pop_front();
        }
        self.before = now;
        self.worst = self.worst.max(self.late.iter().map(|(_, late)| *late).sum());
        self.worst
    }
}
