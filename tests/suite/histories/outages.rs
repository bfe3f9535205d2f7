//! What holds while nobody gets an answer. Each check has a letter.

use std::collections::BTreeSet;

use super::checks::ensure;
use super::history::{History, Plan};
use super::model::{Model, Reply};
use super::play::Told;
use super::stand::Stand;
use super::story::{Means, UNUSABLE};

/// The stretches in which nobody got an answer, as they were found out: since the first failures of five jobs in a row, until
/// an answer that tells that the service is there.
fn found(model: &Model) -> Vec<(f64, f64)> {
    let heard = model.replies.iter().filter(|reply| reply.end.is_finite() && !reply.is_repaired);
    // What ends a row is heard at some time between two: from the first on it is no outage, and until the other one no row.
    let mut heard: Vec<(f64, bool, &Reply)> = heard
        .flat_map(|reply| [(reply.end, false, reply), (reply.end + model.way, true, reply)])
        .filter(|(_, is_again, reply)| !is_again || reply.means != UNUSABLE)
        .collect();
    // Of those that come at the same time, what ends a row is last.
    heard.sort_by_key(|(at, _, reply)| ((at * 1e3).round() as u64, reply.means != UNUSABLE));
    let (mut failing, mut firsts, mut found) = (BTreeSet::new(), 0, Vec::<(f64, f64)>::new());
    for (_, is_again, reply) in heard {
        let is_first = match reply.means {
            Means::Unauthenticated | Means::Ends(_) => continue,
            _ if is_again => false,
            Means::Unusable { .. } => failing.insert(&*reply.id),
            Means::Succeeded | Means::Failed | Means::Unfinished | Means::Missing => !failing.remove(&*reply.id),
        };
        if reply.means == UNUSABLE {
            firsts += u32::from(is_first && !reply.is_doubtful);
            if firsts == 5 && is_first && !reply.is_doubtful {
                found.push((reply.end_by, f64::INFINITY));
            }
        } else {
            firsts = 0;
            if let Some((_, until)) = found.last_mut() {
                *until = until.min(reply.end);
            }
        }
    }
    found
}

/// o: in an outage of all there is only one request at a time.
pub(crate) fn check(model: &Model) -> Result<(), String> {
    for (from, until) in found(model) {
        let asked = model.replies.iter().filter(|it| it.at > from + model.grain && it.at < until - model.grain);
        let asked: Vec<&Reply> = asked.collect();
        for two in asked.windows(2) {
            let is_alone = two[1].at >= two[0].end - model.grain || two[0].end.is_infinite();
            ensure(is_alone, || format!("[o] in an outage since {from}: {} and {}", two[0].at, two[1].at))?;
        }
    }
    Ok(())
}

/// f: unreachable before any deadline, and not by its own answers: only if nobody gets an answer for as long as is allowed.
pub(crate) fn unreachable(model: &Model, plan: &Plan, told: &Told, stand: &Stand) -> Result<(), String> {
    let since = since(model, told.at)?;
    let limit = limit(plan, stand, since);
    ensure(told.at >= limit - model.grain, || format!("[f] unreachable before {limit}, since {since}"))
}

/// When an outage that is one of all since then has lasted too long for a job, at the earliest.
pub(crate) fn limit(plan: &Plan, stand: &Stand, since: f64) -> f64 {
    let of_all = match stand.usable {
        Some(usable) => since.max(usable) + plan.max_outage,
        None => since.max(plan.start) + plan.max_outage.min(30.0) + stand.longest_retry_after,
    };
    of_all.min(stand.limit(plan))
}

/// u: an outage of all does not last longer for a job than is allowed, and what finds out about it.
pub(crate) fn not_longer(
    history: &History,
    model: &Model,
    lead: f64,
    plan: &Plan,
    told: &Told,
    stand: &Stand,
) -> Result<(), String> {
    let found = found(model).into_iter().find(|(from, until)| *from < told.at && told.at < *until);
    let Some((since, _)) = found else { return Ok(()) };
    let retry_after = model.replies.iter().map(|reply| reply.retry_after).fold(10.0, f64::max);
    let from = since.max(plan.start).max(stand.usable.unwrap_or(0.0)).max(stand.first_asked.unwrap_or(0.0));
    let latest = from + plan.max_outage + plan.max + 3.0 * retry_after + 2.0 * history.request_timeout + lead;
    ensure(told.at <= latest, || {
        format!("[u] there is no answer for anybody since {since}, and it ends after {latest}")
    })
}

/// Since when nobody gets an answer at this time.
pub(crate) fn since(model: &Model, at: f64) -> Result<f64, String> {
    let known = || model.replies.iter().filter(|reply| reply.end <= at + model.grain);
    let is_unusable = |reply: &Reply| matches!(reply.means, Means::Unusable { .. });
    let is_usable =
        |reply: &&Reply| !is_unusable(reply) && !matches!(reply.means, Means::Unauthenticated | Means::Ends(_));
    // One that comes at the same time may be heard later, or not at all.
    let usable = known()
        .filter(|reply| reply.end < at - model.grain && is_usable(reply) && !reply.is_doubtful)
        .map(|reply| reply.end)
        .fold(f64::MIN, f64::max);
    let failed: Vec<&Reply> = known().filter(|reply| is_unusable(reply) && reply.end >= usable - model.grain).collect();
    let since = failed.iter().map(|reply| reply.at).fold(f64::INFINITY, f64::min);
    let is_first = |reply: &&&Reply| {
        let before = model.of(&reply.id).filter(|it| it.at < reply.at).last();
        before.is_none_or(|before| !is_unusable(before))
    };
    let firsts = failed.iter().filter(is_first).count();
    ensure(firsts >= 5, || format!("[f] unreachable, and only {firsts} failed since {since}"))?;
    Ok(since)
}
