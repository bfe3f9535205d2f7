//! What schedulers would reach that are told what nobody tells the client. Simulated: no request, no clock.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use dcs_wait::sandbox::Quota;

/// A quota that may change while the waits last.
#[derive(Debug, Clone)]
pub(crate) struct Supply {
    pub(crate) name: &'static str,
    pub(crate) phases: Vec<Phase>,
}

/// So many requests in each period, from then on; the bucket is full at first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Phase {
    pub(crate) from: Duration,
    pub(crate) limit: u32,
    pub(crate) period: Duration,
}

impl Phase {
    pub(crate) fn quota(&self) -> Quota {
        Quota::new(self.limit, self.period)
    }

    pub(crate) fn rate(&self) -> f64 {
        f64::from(self.limit) / self.period.as_secs_f64()
    }
}

/// The same bucket as the sandbox's, for whoever knows what is in it.
struct Bucket<'a> {
    phases: &'a [Phase],
    /// When it will be full.
    full_at: Duration,
}

impl Bucket<'_> {
    /// Takes a token at `time`, or as soon after it as there is one; returns when.
    fn take(&mut self, mut time: Duration) -> Duration {
        loop {
            while let [_, next, ..] = self.phases
                && next.from <= time
            {
                self.phases = &self.phases[1..];
                self.full_at = next.from;
            }
            let refill = self.phases[0].period / self.phases[0].limit;
            let full_at = self.full_at.max(time) + refill;
            let at = full_at.saturating_sub(refill * self.phases[0].limit).max(time);
            match self.phases {
                [_, next, ..] if next.from <= at => time = next.from,
                _ => {
                    self.full_at = full_at;
                    return at;
                }
            }
        }
    }
}

/// How late each end is seen by a scheduler that knows the quota, though not when the jobs end: it asks about the longest
/// overdue as soon as it may, and is never refused.
pub(crate) fn all_knowing(supply: &Supply, lengths: &[Duration], pauses: &[Duration]) -> Vec<f64> {
    let mut bucket = Bucket { phases: &supply.phases, full_at: Duration::ZERO };
    let mut queue: BinaryHeap<_> = (0..lengths.len()).map(|job| Reverse((Duration::ZERO, job, 0))).collect();
    let (mut late, mut now) = (vec![0.0; lengths.len()], Duration::ZERO);
    while let Some(Reverse((due, job, asked))) = queue.pop() {
        now = bucket.take(now.max(due));
        match now.checked_sub(lengths[job]) {
            Some(by) => late[job] = by.as_secs_f64(),
            None => queue.push(Reverse((now + pauses[asked.min(pauses.len() - 1)], job, asked + 1))),
        }
    }
    late
}

/// How late each end is seen by one that knows that too, and asks only about what is over.
pub(crate) fn clairvoyant(supply: &Supply, lengths: &[Duration]) -> Vec<f64> {
    let mut bucket = Bucket { phases: &supply.phases, full_at: Duration::ZERO };
    let mut ends = lengths.to_vec();
    ends.sort_unstable();
    let mut now = Duration::ZERO;
    let late = ends.into_iter().map(|end| {
        now = bucket.take(now.max(end));
        (now - end).as_secs_f64()
    });
    late.collect()
}
