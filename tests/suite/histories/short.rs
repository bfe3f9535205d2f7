//! A history that lasts seconds instead of hours, to happen in real time over sockets.

use fastrand::Rng;

use super::history::{Change, History};
use super::story::{Means, Said};

/// The last deadline is after so many seconds at the latest.
const LONGEST: f64 = 4.0;
/// The service asks for one request in 12 s, if it asks for little: so many jobs have to be looked at.
const THROTTLED_JOBS: usize = 2;

impl History {
    /// A random history that lasts a few seconds.
    pub(crate) fn short(rng: &mut Rng) -> Self {
        loop {
            let mut history = Self::new(rng);
            history.shorten();
            if history.jobs.len() <= THROTTLED_JOBS || !history.may_be_throttled() {
                return history;
            }
        }
    }

    /// Makes everything happen so many times sooner. What the library has no option for, and what asks for a time in whole
    /// seconds, stays as it is.
    fn shorten(&mut self) {
        let by = (self.end() / LONGEST).max(1.0);
        let jobs = self.jobs.len() as f64;
        self.has_sockets = true;
        self.rate = (self.rate * by.min(5.0)).clamp(jobs / 3.0, 60.0);
        self.request_timeout =
            if self.request_timeout > 20.0 { 10.0 } else { (self.request_timeout / by).clamp(0.5, 1.0) };
        for plan in &mut self.waits {
            plan.start /= by;
            plan.timeout /= by;
            plan.initial = (plan.initial / by).max(0.02);
            plan.max = (plan.max / by).max(0.02);
            plan.max_outage /= by;
            plan.grace /= by;
            if let Some(left) = &mut plan.left {
                left.at /= by;
            }
        }
        let limit = self.request_timeout;
        self.jobs.values_mut().flatten().for_each(|said| hasten(said, by, limit));
        for (at, change) in &mut self.changes {
            *at /= by;
            if let Change::Outage(Some(said)) = change {
                hasten(said, by, limit);
            }
        }
    }

    fn may_be_throttled(&self) -> bool {
        let outages = self.changes.iter().filter_map(|(_, change)| match change {
            Change::Outage(said) => said.as_ref(),
            _ => None,
        });
        let is_throttle = |said: &Said| match said.means {
            Means::Unusable { is_throttled } => is_throttled || said.retry_after > 0.0,
            _ => false,
        };
        self.quota.is_some() || self.jobs.values().flatten().chain(outages).any(is_throttle)
    }
}

/// Lets an answer come so many times sooner, and not at about the time at which its request is given up.
fn hasten(said: &mut Said, by: f64, request_timeout: f64) {
    if said.delay > 0.0 {
        let delay = said.delay / by;
        let is_close = (request_timeout * 0.4..request_timeout * 1.6).contains(&delay);
        *said = said.clone().after(if is_close { request_timeout * 0.4 } else { delay });
    }
}
