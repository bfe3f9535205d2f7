//! Random histories: jobs and what is said of them, waits and their options, and what changes meanwhile.

use std::collections::BTreeMap;
use std::time::Duration;

use dcs_wait::sandbox::Quota;
use fastrand::Rng;

use super::story::{self, Mood, Said};

/// How requests are authenticated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Keys {
    Token,
    Key,
    /// A source that may have another key later.
    Source,
}

/// What changes while the waits last.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Outage(Option<Said>),
    /// The service's clock is so many seconds ahead from now on.
    Clock(i64),
    /// Another key is accepted; the source has it too, or not.
    Key {
        is_told: bool,
    },
}

/// How and when a wait is left before it is over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Left {
    pub(crate) at: f64,
    /// It is kept, but not polled any more, instead of dropped.
    pub(crate) is_kept: bool,
}

/// The options of one wait.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) ids: Vec<String>,
    /// Of one job, by the call for that.
    pub(crate) is_single: bool,
    /// Awaited, instead of read as a stream.
    pub(crate) is_awaited: bool,
    pub(crate) left: Option<Left>,
    /// All times in seconds.
    pub(crate) start: f64,
    pub(crate) timeout: f64,
    pub(crate) initial: f64,
    pub(crate) multiplier: f64,
    pub(crate) max: f64,
    pub(crate) jitter: f64,
    pub(crate) max_outage: f64,
    pub(crate) grace: f64,
    pub(crate) any: bool,
    pub(crate) fail_fast: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct History {
    pub(crate) waits: Vec<Plan>,
    /// What is said of each job; the last answer for ever.
    pub(crate) jobs: BTreeMap<String, Vec<Said>>,
    /// In their order, and when.
    pub(crate) changes: Vec<(f64, Change)>,
    pub(crate) keys: Keys,
    pub(crate) rate: f64,
    pub(crate) request_timeout: f64,
    pub(crate) quota: Option<Quota>,
    /// In real time over sockets, instead of paused time without.
    pub(crate) has_sockets: bool,
}

impl Plan {
    pub(crate) fn deadline(&self) -> f64 {
        self.start + self.timeout
    }
}

impl History {
    pub(crate) fn new(rng: &mut Rng) -> Self {
        let request_timeout = of(rng, &[0.05, 0.5, 2.0, 10.0, 10.0, 30.0]);
        let quota = (rng.u32(..10) == 0).then(|| quota(rng));
        let mood = Mood {
            unusable: of(rng, &[0, 5, 20, 50, 80, 97]),
            missing: of(rng, &[0, 0, 3, 30]),
            ends: of(rng, &[0, 0, 0, 2]),
            unauthenticated: of(rng, &[0, 0, 0, 5, 40]),
            slow: of(rng, &[0, 0, 10, 60]),
            retry_after: of(rng, &[0, 0, 5, 30]),
            has_429: quota.is_none() && rng.bool(),
            request_timeout,
        };
        let keys = of(rng, &[Keys::Token, Keys::Token, Keys::Token, Keys::Key, Keys::Source]);
        let rate = of(rng, &[0.2, 0.5, 1.0, 1.9, 2.0, 3.0, 5.0, 5.0, 10.0, 20.0, 50.0]);
        let is_one = rng.u32(..5) < 3;
        let count = of(rng, &[1, 1, 2, 4, 8, 15, 50]);
        let mut jobs = BTreeMap::new();
        let mut waits = Vec::new();
        for wait in 0..if is_one { 1 } else { 1 + rng.u32(..8) } {
            let count = if is_one { count } else { 1 + rng.u32(..2) * rng.u32(..4) };
            let ids: Vec<String> = (0..count).map(|job| format!("job-{wait}-{job}")).collect();
            let plan = plan(rng, ids, is_one, &mood);
            for id in &plan.ids {
                jobs.entry(id.clone()).or_insert_with(|| said(rng, &mood, plan.timeout));
            }
            waits.push(plan);
        }
        let end = waits.iter().map(Plan::deadline).fold(0.0, f64::max);
        let changes = changes(rng, keys, end, &mood);
        Self { waits, jobs, changes, keys, rate, request_timeout, quota, has_sockets: false }
    }

    /// When the last deadline is.
    pub(crate) fn end(&self) -> f64 {
        self.waits.iter().map(Plan::deadline).fold(0.0, f64::max)
    }
}

fn plan(rng: &mut Rng, mut ids: Vec<String>, is_one: bool, mood: &Mood) -> Plan {
    let timeout = match rng.u32(..12) {
        0 => 0.0,
        1 => rng.f64() * 0.1,
        2 | 3 => rng.f64() * 5.0,
        4..7 => rng.f64() * 60.0,
        7..10 => rng.f64() * 600.0,
        _ => rng.f64() * 7200.0,
    };
    let initial = of(rng, &[0.01, 0.1, 1.0, 1.0, 3.0, 10.0_f64]).max(timeout / 80.0);
    let is_single = !is_one && ids.len() == 1 && rng.bool();
    if !is_single && rng.u32(..8) == 0 {
        // Twice is once.
        ids.extend(ids.clone());
    }
    let is_awaited = !is_single && rng.u32(..4) == 0;
    let start = if is_one || rng.bool() { 0.0 } else { (rng.f64() * mood.request_timeout.mul_add(4.0, 5.0)).floor() };
    let is_left = !is_one && !is_awaited && rng.u32(..8) == 0;
    // Never at the very time of something else.
    let left = (start + rng.f64() * rng.f64() * timeout * 1e3).floor() / 1e3 + 0.0004;
    Plan {
        is_single,
        is_awaited,
        left: is_left.then(|| Left { at: left.max(start), is_kept: rng.bool() }),
        start,
        // Whole milliseconds, as timers have.
        timeout: (timeout * 1e3).round() / 1e3,
        initial,
        multiplier: of(rng, &[1.0, 1.25, 1.25, 2.0, 10.0]),
        max: initial * of(rng, &[0.5, 1.0, 3.0, 10.0]),
        jitter: of(rng, &[0.0, 0.1, 0.1, 0.5, 1.0]),
        max_outage: of(rng, &[0.0, 1.0, 5.0, 20.0, 60.0, 600.0, 600.0]),
        grace: of(rng, &[0.0, 2.0, 30.0, 30.0]),
        any: rng.u32(..5) == 0,
        fail_fast: rng.u32(..5) == 0,
        ids,
    }
}

fn said(rng: &mut Rng, mood: &Mood, timeout: f64) -> Vec<Said> {
    let most = if timeout < 10.0 { 8 } else { 40 };
    let mut said: Vec<Said> = (0..rng.u32(..most)).map(|_| story::any(rng, mood)).collect();
    said.push(story::last(rng, mood));
    said
}

fn changes(rng: &mut Rng, keys: Keys, end: f64, mood: &Mood) -> Vec<(f64, Change)> {
    let mut changes = Vec::new();
    if rng.u32(..3) == 0 {
        let mut at = 0.0;
        for _ in 0..=rng.u32(..3) {
            at += rng.f64() * rng.f64() * end;
            changes.push((at, Change::Outage(Some(story::outage(rng, mood)))));
            at += of(rng, &[1.0, 10.0, 60.0, 700.0, 7200.0]) * rng.f64();
            changes.push((at, Change::Outage(None)));
        }
    }
    if keys != Keys::Token {
        for _ in 0..rng.u32(..3) {
            // Half of them before the first request.
            let at = if rng.bool() { 0.0 } else { rng.f64() * rng.f64() * end };
            changes.push((at, Change::Clock(of(rng, &[0, 30, -30, 120, -600, 1200, -3600, 86_400]))));
        }
    }
    if keys == Keys::Source {
        for _ in 0..rng.u32(..3) {
            changes.push((rng.f64() * rng.f64() * end, Change::Key { is_told: rng.u32(..4) > 0 }));
        }
    }
    changes.sort_by(|one, other| one.0.total_cmp(&other.0));
    changes
}

fn quota(rng: &mut Rng) -> Quota {
    let limit = of(rng, &[1, 3, 5, 20, 60]);
    let mut quota = Quota::new(limit, Duration::from_secs(of(rng, &[1, 1, 10, 60])));
    if rng.bool() {
        quota = quota.burst(of(rng, &[1, 2, 5]));
    }
    if rng.bool() {
        quota = quota.silent();
    }
    quota
}

fn of<T: Copy>(rng: &mut Rng, choices: &[T]) -> T {
    choices[rng.usize(..choices.len())]
}
