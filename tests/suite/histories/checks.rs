//! What holds for all requests of a client together, and for the outcomes of a wait. Each check has a letter.

use std::collections::{BTreeMap, BTreeSet};

use super::history::{History, Plan};
use super::model::{Model, Reply};
use super::play::{Record, Told};
use super::story::Means;
use super::{jobs, outages};

/// Checks everything; if it cannot be told what was answered, only the rate. Returns whether it could.
///
/// # Errors
///
/// Says what is wrong, by the letter of the check.
pub(crate) fn check(history: &History, record: &Record) -> Result<bool, String> {
    rate(history, record)?;
    let Some(model) = Model::new(history, record)? else { return Ok(false) };
    refusals(&model)?;
    let pace = Pace::new(history, &model);
    for (number, plan) in history.waits.iter().enumerate() {
        let outcomes: Vec<&Told> = record.outcomes.iter().filter(|told| told.wait == number).collect();
        let decided = outcomes_of_a_wait(plan, &outcomes, model.grain)?;
        left(plan, &model)?;
        if let Some((_, is_ok)) = record.awaited.iter().find(|(wait, _)| *wait == number) {
            let mut results = outcomes.iter().map(|told| told.kind == "succeeded");
            let expected = if plan.any { results.any(|it| it) } else { results.all(|it| it) };
            ensure(*is_ok == expected, || format!("[d] the whole is ok: {is_ok}, of {outcomes:?}"))?;
        }
        for told in outcomes {
            jobs::check(history, &model, &pace, plan, told, decided).map_err(|error| format!("{error}; {told:?}"))?;
        }
    }
    holds(history, &model, &pace)?;
    overdue(history, record, &model, &pace)?;
    outages::check(&model)?;
    Ok(true)
}

pub(crate) fn ensure(is_right: bool, wrong: impl FnOnce() -> String) -> Result<(), String> {
    if is_right { Ok(()) } else { Err(wrong()) }
}

/// The rate, as far as the contract tells it.
pub(crate) struct Pace {
    /// So many starts in a stretch of so many seconds.
    burst: f64,
    pub(crate) window: f64,
    jobs: f64,
    /// When the service first asked for less.
    throttled: f64,
}

impl Pace {
    fn new(history: &History, model: &Model) -> Self {
        let is_throttle = |reply: &&Reply| match reply.means {
            Means::Unusable { is_throttled } => is_throttled || reply.retry_after > 0.0,
            _ => false,
        };
        Self {
            burst: history.rate.floor().max(1.0),
            window: (1.0 / history.rate).max(1.0) + 0.05,
            jobs: history.jobs.len() as f64,
            throttled: model.replies.iter().filter(is_throttle).map(|it| it.end).fold(f64::INFINITY, f64::min),
        }
    }

    /// The longest time between two starts of those that have to start.
    pub(crate) fn gap(&self, at: f64) -> f64 {
        if at < self.throttled { self.window } else { self.window.max(12.05) }
    }

    /// How long before a deadline last polls may start.
    pub(crate) fn lead(&self, at: f64) -> f64 {
        if at < self.throttled {
            ((self.jobs / self.burst).ceil() + 1.0) * self.window
        } else {
            (self.jobs + 1.0) * self.gap(at)
        }
    }

    pub(crate) fn is_throttled(&self, at: f64) -> bool {
        at >= self.throttled
    }

    pub(crate) fn is_for_one_job(&self) -> bool {
        self.jobs < 1.5
    }
}

/// g: nothing is asked after a wait was left.
fn left(plan: &Plan, model: &Model) -> Result<(), String> {
    let Some(left) = plan.left else { return Ok(()) };
    let mut replies = model.replies.iter().filter(|reply| plan.ids.contains(&reply.id));
    ensure(!replies.any(|reply| reply.at > left.at + model.grain), || {
        format!("[g] asked after it was left at {}", left.at)
    })
}

/// e: never more starts in any one second than the rate; below 1, one in 1/rate seconds. They may arrive closer than that, by
/// the time that they are on their way.
fn rate(history: &History, record: &Record) -> Result<(), String> {
    let (burst, window) = if history.rate < 1.0 { (1, 1.0 / history.rate) } else { (history.rate as usize, 1.0) };
    for some in record.requests.windows(burst + 1) {
        let (first, last) = (&some[0], &some[burst]);
        ensure(last.at - first.at >= window - record.way, || {
            format!("[e] {} requests from {} to {}", burst + 1, first.at, last.at)
        })?;
    }
    Ok(())
}

/// e: never more than two refusals in a row of one key, but for those in flight; nothing is asked once they are for good.
fn refusals(model: &Model) -> Result<(), String> {
    // When the first of a row was there, and how many were asked after that.
    let mut rows: BTreeMap<&str, (f64, u32)> = BTreeMap::new();
    for reply in &model.replies {
        if reply.means != Means::Unauthenticated {
            rows.remove(&*reply.key);
            continue;
        }
        let (first, count) = rows.entry(&*reply.key).or_insert((reply.end, 0));
        *count += u32::from(reply.at > *first + model.grain);
        ensure(*count <= 1, || format!("[e] a third refusal in a row at {}", reply.at))?;
        *first = first.min(reply.end);
    }
    for reply in &model.replies {
        let is_late =
            model.closed.iter().any(|(from, until)| from + model.grain < reply.at && reply.at < until - model.grain);
        ensure(!is_late, || format!("[e] asked about {} at {}, refused for good", reply.id, reply.at))?;
    }
    Ok(())
}

/// e: after a 429 with `Retry-After`, no regular request by anybody before.
fn holds(history: &History, model: &Model, pace: &Pace) -> Result<(), String> {
    let is_hold =
        |it: &&Reply| !it.is_doubtful && it.means == (Means::Unusable { is_throttled: true }) && it.retry_after > 0.0;
    for hold in model.replies.iter().filter(is_hold) {
        let is_held =
            |it: &&Reply| hold.end_by + model.grain < it.at && it.at < hold.end + hold.retry_after - model.grain;
        for reply in model.replies.iter().filter(is_held) {
            let plan = history.waits.iter().find(|plan| plan.ids.contains(&reply.id)).ok_or("[model]")?;
            ensure(jobs::may_be_early(model, pace, plan, reply), || {
                format!("[e] {} is asked about at {}, in spite of a 429 at {}", reply.id, reply.at, hold.end)
            })?;
        }
    }
    Ok(())
}

/// q: nothing is asked again while a job waits for its only look, and its deadline is over.
fn overdue(history: &History, record: &Record, model: &Model, pace: &Pace) -> Result<(), String> {
    // Whoever goes alone after a refusal lets all others come at once.
    if model.replies.iter().any(|reply| reply.means == Means::Unauthenticated) {
        return Ok(());
    }
    for plan in &history.waits {
        for id in &plan.ids {
            let look = model.of(id).next().map(|reply| reply.at);
            let told = record.outcomes.iter().find(|told| told.id == *id).map(|told| told.at);
            let told = told.or(plan.left.map(|left| left.at)).unwrap_or(f64::MAX);
            let until = look.unwrap_or(told).min(told);
            let is_late =
                |reply: &&Reply| (plan.deadline() + 1.0 + model.way..until - 0.001 - model.way).contains(&reply.at);
            for reply in model.replies.iter().filter(is_late) {
                // Whoever is longest overdue goes first.
                let mut before = model.of(&reply.id).filter(|before| before.at < reply.at && !before.is_repaired);
                let is_again = before.any(|before| before.end > plan.start);
                let own = history.waits.iter().find(|plan| plan.ids.contains(&reply.id)).ok_or("[model]")?;
                let may_be =
                    jobs::may_be_early(model, pace, own, reply) || outages::since(model, reply.at - 3.0).is_ok();
                ensure(!is_again || may_be, || {
                    format!("[q] {} is asked again at {}, and {id} waits until {until}", reply.id, reply.at)
                })?;
            }
        }
    }
    Ok(())
}

/// d: exactly one outcome for each id, in the order of time, and none is abandoned but by what decides the wait. Returns when
/// it was decided.
fn outcomes_of_a_wait(plan: &Plan, outcomes: &[&Told], grain: f64) -> Result<Option<f64>, String> {
    let ids: BTreeSet<&str> = plan.ids.iter().map(String::as_str).collect();
    let told: BTreeSet<&str> = outcomes.iter().map(|told| &*told.id).collect();
    let is_right = if plan.left.is_some() { told.is_subset(&ids) } else { ids == told };
    ensure(is_right && told.len() == outcomes.len(), || format!("[d] outcomes of {ids:?}: {outcomes:?}"))?;
    let mut decided = None;
    for (before, told) in outcomes.iter().enumerate() {
        ensure(before == 0 || outcomes[before - 1].at <= told.at, || format!("[d] out of order: {outcomes:?}"))?;
        ensure((told.kind == "abandoned") == decided.is_some(), || {
            format!("[d] decided at {decided:?}, but {told:?}, of {outcomes:?}")
        })?;
        let is_decisive = if told.kind == "succeeded" { plan.any } else { plan.fail_fast && decided.is_none() };
        if is_decisive {
            decided = Some(told.at);
        }
        ensure(decided.is_none_or(|at| told.at <= at + grain), || format!("[c] decided at {decided:?}, {told:?}"))?;
    }
    Ok(decided)
}

/// Prints a history as it happened.
pub(crate) fn show(history: &History, record: &Record) {
    println!(
        "rate {} request timeout {} {:?} {:?}",
        history.rate, history.request_timeout, history.keys, history.quota
    );
    for plan in &history.waits {
        println!("{plan:?}");
    }
    for (before, at, change) in &record.changes {
        println!("change at {at}, before request {before}: {change:?}");
    }
    if let Ok(Some(model)) = Model::new(history, record) {
        for (number, reply) in model.replies.iter().enumerate() {
            let Reply { id, at, end, means, status, retry_after, is_repaired, .. } = reply;
            println!("{number} {at:.3} {id} {status:?} until {end:.3} {means:?} {retry_after} {is_repaired}");
        }
        println!("closed {:?}", model.closed);
    }
    record.outcomes.iter().for_each(|told| println!("{told:?}"));
}
