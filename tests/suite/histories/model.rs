//! What each recorded request was answered, and when.

use std::collections::HashMap;

use super::history::{Change, History, Keys, Plan};
use super::play::{Record, key_id};
use super::refused::{refusals, signature};
use super::story::{Means, Said, UNUSABLE};

/// Timers have a resolution of a millisecond.
pub(crate) const GRAIN: f64 = 0.002;

/// A request and its answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) id: String,
    /// When it was received. It was made earlier by as much as it was on its way.
    pub(crate) at: f64,
    /// When its answer was there, at the earliest and at the latest.
    pub(crate) end: f64,
    pub(crate) end_by: f64,
    pub(crate) means: Means,
    pub(crate) status: Option<u16>,
    pub(crate) retry_after: f64,
    pub(crate) key: String,
    /// The clock that it was signed by less ours, and the service's less ours.
    pub(crate) signed: i64,
    pub(crate) clock: i64,
    /// It was refused, but that was repaired.
    pub(crate) is_repaired: bool,
    /// It came at the very time at which the wait was decided, so that it may not have been heard.
    pub(crate) is_doubtful: bool,
}

pub(crate) struct Model {
    /// In the order in which they were asked.
    pub(crate) replies: Vec<Reply>,
    /// From when until when the credentials were refused for good.
    pub(crate) closed: Vec<(f64, f64)>,
    /// What is on its way takes up to this.
    pub(crate) way: f64,
    /// What is closer in time cannot be told apart.
    pub(crate) grain: f64,
}

/// Whether something that was between two times was not before a third; `None` if that cannot be told.
pub(crate) fn is_past(from: f64, to: f64, limit: f64) -> Option<bool> {
    match limit - 1e-6 {
        limit if from >= limit => Some(true),
        limit if to < limit => Some(false),
        _ => None,
    }
}

impl Model {
    /// `None` if it cannot be told what was answered: too close to a limit.
    pub(crate) fn new(history: &History, record: &Record) -> Result<Option<Self>, String> {
        let (way, grain) = (record.way, record.grain());
        if 2.0 * way >= history.request_timeout {
            // It may be given up before it is received.
            return Ok(None);
        }
        let mut told: HashMap<&str, usize> = HashMap::new();
        let (mut outage, mut ahead, mut accepted) = (None, 0, 0);
        let (mut failures, mut locked): (HashMap<String, u32>, HashMap<String, f64>) = (HashMap::new(), HashMap::new());
        let mut changes = record.changes.iter().enumerate().peekable();
        let mut replies = Vec::new();
        for (number, asked) in record.requests.iter().enumerate() {
            while let Some((count, (_, _, change))) = changes.next_if(|(_, (before, _, _))| *before <= number) {
                match change {
                    Change::Outage(said) => outage = said.as_ref(),
                    Change::Clock(seconds) => ahead = *seconds,
                    Change::Key { .. } => accepted = count + 1,
                }
            }
            let (key, signed) = signature(asked, record.clock);
            let refused = || Said { means: Means::Unauthenticated, status: Some(401), ..plain() };
            let is_signed = history.keys != Keys::Token;
            let is_locked = locked.get(&key).is_some_and(|at| asked.at - at < 300.0);
            let said = match outage {
                Some(said) => said.clone(),
                None if is_locked || is_signed && (key != key_id(accepted) || (signed - ahead).abs() > 900) => {
                    refused()
                }
                None if history.quota.is_some() && asked.status == Some(429) => {
                    Said { means: Means::Unusable { is_throttled: true }, status: Some(429), ..plain() }
                }
                None => {
                    let said = &history.jobs[&asked.id];
                    let next = told.entry(&asked.id).or_default();
                    *next += 1;
                    said[(*next).min(said.len()) - 1].clone()
                }
            };
            if outage.is_none() && !is_locked {
                let count = failures.entry(key.clone()).or_default();
                *count = if asked.status == Some(401) { *count + 1 } else { 0 };
                if *count > 5 {
                    locked.insert(key.clone(), asked.at);
                }
            }
            if said.status != asked.status {
                return Err(format!(
                    "[model] {} at {}: {:?} is not {:?}",
                    asked.id, asked.at, asked.status, said.status
                ));
            }
            let plan = history.waits.iter().find(|plan| plan.ids.contains(&asked.id)).ok_or("[model] a stray id")?;
            // A last poll that the rate holds up a little ends with the others.
            let late = plan.deadline() + 1.0;
            let last = if asked.at > late { asked.at } else { plan.deadline() };
            let limit = asked.at + history.request_timeout;
            if asked.at > late && asked.at - way <= late && limit > late + 4.0 {
                return Ok(None);
            }
            let limit = limit.min(last + 5.0);
            let clock = said.clock.map_or(ahead, |clock| clock - record.clock);
            let reply = Reply {
                id: asked.id.clone(),
                at: asked.at,
                end: asked.at + said.takes,
                end_by: asked.at + said.takes + if said.takes > 0.0 { GRAIN } else { 0.0 } + way,
                means: said.means,
                status: said.status.filter(|_| said.is_whole),
                retry_after: said.retry_after,
                key,
                signed,
                clock,
                is_repaired: false,
                is_doubtful: false,
            };
            replies.push(match is_past(reply.end, reply.end_by + GRAIN + way, limit) {
                None => return Ok(None),
                Some(false) => reply,
                Some(true) => Reply {
                    end: limit - way,
                    end_by: limit + GRAIN + way,
                    means: UNUSABLE,
                    retry_after: 0.0,
                    status: None,
                    ..reply
                },
            });
        }
        for reply in &mut replies {
            // Nobody hears what comes after a wait was left, or decided.
            let left = history.waits.iter().find(|plan| plan.ids.contains(&reply.id)).and_then(|plan| plan.left);
            let told = record.outcomes.iter().find(|told| told.id == reply.id && told.kind == "abandoned");
            if left.is_some_and(|left| reply.end_by - way > left.at + grain)
                || told.is_some_and(|told| reply.end > told.at + grain)
            {
                (reply.end, reply.end_by) = (f64::INFINITY, f64::INFINITY);
            }
            let decided = told.map(|told| told.at).or(left.map(|left| left.at));
            reply.is_doubtful = decided.is_some_and(|at| reply.end <= at + grain && reply.end + way >= at - grain);
        }
        if replies.iter().any(|reply| reply.is_doubtful && reply.means == Means::Unauthenticated) {
            return Ok(None);
        }
        let Some(closed) = refusals(history, record, &mut replies) else { return Ok(None) };
        // Who comes at the very time at which the credentials are refused may ask the source before or after that.
        let is_close = |plan: &Plan| closed.iter().any(|(from, _)| (from - plan.start).abs() < grain);
        let can_be_told = history.keys != Keys::Source || !history.waits.iter().any(is_close);
        Ok(can_be_told.then_some(Self { replies, closed, way, grain }))
    }

    pub(crate) fn of<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Reply> + Clone {
        self.replies.iter().filter(move |reply| reply.id == id)
    }
}

fn plain() -> Said {
    Said {
        answer: dcs_wait::sandbox::Answer::http(0),
        status: None,
        is_whole: true,
        means: UNUSABLE,
        takes: 0.0,
        delay: 0.0,
        retry_after: 0.0,
        clock: None,
    }
}
