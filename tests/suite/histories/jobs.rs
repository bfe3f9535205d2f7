//! What holds for one job: when it is asked about, and how its wait ends. Each check has a letter.

use super::checks::{Pace, ensure};
use super::history::{History, Plan};
use super::model::{Model, Reply};
use super::outages;
use super::play::Told;
use super::stand::Stand;
use super::story::Means;

/// Checks what is asked about a job, and its outcome.
///
/// # Errors
///
/// Says what is wrong.
pub(crate) fn check(
    history: &History,
    model: &Model,
    pace: &Pace,
    plan: &Plan,
    told: &Told,
    decided: Option<f64>,
) -> Result<(), String> {
    let replies: Vec<&Reply> = model.of(&told.id).filter(|reply| !reply.is_repaired).collect();
    for two in model.of(&told.id).collect::<Vec<_>>().windows(2) {
        pause(model, pace, plan, two[0], two[1])?;
    }
    let mut stand = Stand::default();
    let mut over = None;
    // Of many, the time that one had no turn counts for no outage, and how long that was cannot be told from outside.
    let (mut may_be_given_up, mut may_be_missing) = (false, None);
    let (deadline, way, grain) = (plan.deadline(), model.way, model.grain);
    for (number, reply) in replies.iter().enumerate() {
        if let Some((kind, at)) = over {
            return Err(format!("[b] {kind} at {at}, and asked again at {}", reply.at));
        }
        // After the first failure there is always another try.
        let is_first = number > 0 && stand.failing == Some(replies[number - 1].at);
        let turns = (number + 1) as f64 * pace.gap(reply.at);
        if let Some(end) =
            stand.limit_passed(plan, reply, turns + 2.0 * way).filter(|_| pace.is_for_one_job() && !is_first)
        {
            return Err(format!("[c] the outage should have ended at {end}, and was asked again at {}", reply.at));
        }
        match stand.hear(plan, reply, way) {
            Err(()) => may_be_missing = Some(reply.end_by),
            Ok(None) => {}
            Ok(Some("unreachable")) if reply.end < deadline - 1e-6 => may_be_given_up = true,
            Ok(Some(kind)) => over = Some((kind, reply.end)),
        }
    }
    if plan.left.is_some() {
        return Ok(());
    }
    polls(&replies, told, grain)?;
    let last = replies.last().filter(|last| last.end > told.at + grain);
    ensure(last.is_none() || told.kind == "abandoned", || "[d] ended while it is asked about".to_owned())?;
    if over.is_none() && !matches!(told.kind, "abandoned" | "denied") {
        outages::not_longer(history, model, pace.lead(told.at), plan, told, &stand)?;
    }
    // What is decided just before the deadline may be told just after it.
    let is_early = told.at < deadline - 1e-6 || told.at < deadline + way && told.kind != stand.out_of_time();
    match over {
        Some(_) if told.kind == "abandoned" => {
            ensure(decided.is_some_and(|at| at <= replies[replies.len() - 1].end_by + grain), || {
                format!("[d] abandoned in spite of {over:?}")
            })?;
        }
        Some((kind, at)) => {
            ensure(kind == told.kind, || format!("[abf] the answers say {kind} at {at}"))?;
            ensure(told.at <= at + 2.0 * grain, || format!("[c] over at {at}, but told later"))?;
        }
        None => match told.kind {
            "abandoned" => {}
            "denied" => {
                let is_denied = |(from, until): &(f64, f64)| from - grain <= told.at && plan.start <= until + grain;
                ensure(model.closed.iter().any(is_denied), || "[f] denied, and nobody was".to_owned())?;
            }
            "not found" if is_early && may_be_missing.is_some_and(|end_by| told.at <= end_by + grain) => {}
            "unreachable" if is_early && may_be_given_up => {}
            "unreachable" if is_early => outages::unreachable(model, plan, told, &stand)?,
            kind => {
                ensure(told.at >= deadline - 1e-6, || "[c] ended early".to_owned())?;
                ensure(kind == stand.out_of_time(), || format!("[f] it was {}", stand.out_of_time()))?;
                if told.at > deadline + 5.0 + grain {
                    // It was still to be looked at when it became known that nobody gets an answer, or somebody went alone.
                    ensure(told.polls == 0, || "[c] later than 5 s after the deadline".to_owned())?;
                    let is_held_up = told.at <= deadline + 10.0 + pace.gap(deadline) + grain;
                    let is_outage = outages::since(model, told.at).is_ok();
                    let is_alone = model.replies.iter().any(|it| it.means == Means::Unauthenticated);
                    ensure(is_held_up || is_outage || is_alone, || "[c] later than the rate asks for".to_owned())?;
                }
                last_look(history, model, pace, plan, told, &replies)?;
            }
        },
    }
    if !matches!(told.kind, "succeeded" | "failed" | "abandoned") {
        ensure(told.has_job == stand.is_seen, || "[f] the job as last seen".to_owned())?;
    }
    if told.at > deadline + 5.0 + grain && over.is_some() && told.kind != "abandoned" {
        // A first look, carried past the deadline by the rate alone.
        let (1, Some(look)) = (replies.len(), replies.first()) else {
            return Err("[c] later than 5 s after the deadline, and no first look".to_owned());
        };
        let before = model.replies.iter().rfind(|it| it.at < look.at || it.at <= look.at && it.id != look.id);
        let free = before.map_or(plan.start, |it| it.at.max(plan.start) + (it.end_by - it.at));
        ensure(look.at <= free + pace.gap(look.at) + grain || outages::since(model, look.at).is_ok(), || {
            format!("[c] a first look at {} that the rate allowed at {free}", look.at)
        })?;
    }
    Ok(())
}

/// Whether a request may start before its time: a last poll, at the deadline or as much earlier as the rate asks for, or the
/// last try at the limit of an outage.
pub(crate) fn may_be_early(model: &Model, pace: &Pace, plan: &Plan, reply: &Reply) -> bool {
    let mut stand = Stand::default();
    for before in model.of(&reply.id).filter(|it| it.at < reply.at && !it.is_repaired) {
        let _ = stand.hear(plan, before, model.way);
    }
    let limit = match outages::since(model, reply.at) {
        Ok(since) => outages::limit(plan, &stand, since),
        Err(_) => stand.limit(plan),
    };
    let is_last_try = stand.failing.is_some() && reply.at >= limit - model.grain;
    reply.at >= plan.deadline() - pace.lead(reply.at) - model.grain || is_last_try
}

/// The pause between two requests about a job.
fn pause(model: &Model, pace: &Pace, plan: &Plan, one: &Reply, two: &Reply) -> Result<(), String> {
    let grain = model.grain;
    ensure(two.at >= one.end - 1e-6, || format!("[e] asked at {} while it is asked", two.at))?;
    if one.is_repaired {
        return Ok(());
    }
    // n: nothing is asked long after the deadline, but what never was.
    ensure(two.at <= plan.deadline() + 1.0 + grain, || format!("[n] asked again at {}", two.at))?;
    if two.at < one.end + one.retry_after - grain {
        ensure(may_be_early(model, pace, plan, two), || {
            format!("[e] asked at {}, {} after an answer that asks for {}", two.at, two.at - one.end, one.retry_after)
        })?;
    }
    let is_usable = !matches!(one.means, Means::Unusable { .. });
    let usable = model.of(&one.id).filter(|it| it.at < one.at && !it.is_repaired);
    let usable = usable.filter(|it| !matches!(it.means, Means::Unusable { .. })).count();
    let plain = (plan.initial.min(plan.max) * plan.multiplier.powi(usable.min(1000) as i32)).min(plan.max);
    if is_usable && two.at < one.end + plain * (1.0 - plan.jitter) - grain {
        ensure(may_be_early(model, pace, plan, two), || format!("[p] asked at {}, not {plain} later", two.at))?;
    }
    if pace.is_for_one_job() {
        let longest = if is_usable { plan.max } else { 30.0 };
        let held =
            model.replies.iter().filter(|it| it.at <= one.at && it.means == (Means::Unusable { is_throttled: true }));
        let held = held.map(|it| it.end_by + it.retry_after).fold(0.0, f64::max);
        // The start that is kept for the last poll may cost one window.
        let latest = (one.end_by + longest.max(one.retry_after)).max(held) + 2.0 * pace.gap(two.at);
        ensure(two.at <= latest + grain, || format!("[c] asked at {}, not by {latest}", two.at))?;
    }
    Ok(())
}

impl Stand {
    /// When the last try should have been, if it was missed by this request.
    /// The time that it waited for its `turns` counts for none.
    fn limit_passed(&self, plan: &Plan, reply: &Reply, turns: f64) -> Option<f64> {
        let limit = self.limit(plan);
        let is_past = self.failing.is_some() && reply.at > limit + turns && reply.at < plan.deadline();
        is_past.then_some(limit)
    }
}

/// f: how often a job was asked about; a refusal that was repaired counts only once.
fn polls(replies: &[&Reply], told: &Told, grain: f64) -> Result<(), String> {
    let count = |by: f64| replies.iter().filter(|reply| reply.end_by <= by).count() as u32;
    let (least, most) = match told.kind {
        "abandoned" => (count(told.at - grain), replies.len() as u32),
        _ => (replies.len() as u32, replies.len() as u32),
    };
    ensure((least..=most).contains(&told.polls), || format!("[f] there were {least} to {most} polls"))
}

/// l: near the deadline each job was looked at, or could not be.
fn last_look(
    history: &History,
    model: &Model,
    pace: &Pace,
    plan: &Plan,
    told: &Told,
    replies: &[&Reply],
) -> Result<(), String> {
    let deadline = plan.deadline();
    let is_calm = !model.replies.iter().any(|reply| {
        matches!(reply.means, Means::Unusable { .. } | Means::Unauthenticated) && reply.end < told.at + model.grain
    });
    // Where first looks and last ones do not come close to each other.
    let has_room = history.waits.len() == 1 && is_calm && !pace.is_throttled(told.at);
    let has_room = has_room && plan.timeout > 2.5 * pace.lead(deadline);
    let last = replies.last().map_or(f64::MIN, |last| last.end_by);
    if has_room {
        let from = deadline - pace.lead(deadline);
        ensure(last >= from - model.grain, || format!("[l] the last look was at {last}, not after {from}"))?;
    }
    if replies.is_empty() {
        // Not the rate was in the way, but an outage, or whoever went alone before the first answer or after a refusal.
        let is_alone = model.replies.iter().all(|it| it.is_doubtful || it.end_by >= deadline);
        let is_alone = is_alone || model.replies.iter().any(|it| it.means == Means::Unauthenticated);
        ensure(is_alone || outages::since(model, told.at).is_ok(), || "[c] never looked at".to_owned())?;
    }
    Ok(())
}
