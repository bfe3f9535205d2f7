//! How a job stands after some answers, and how its wait is over by them.

use super::history::Plan;
use super::model::{Reply, is_past};
use super::story::Means;

/// How a job stands after some answers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stand {
    pub(crate) is_seen: bool,
    is_missing: bool,
    /// When the last usable answer was there.
    pub(crate) usable: Option<f64>,
    pub(crate) first_asked: Option<f64>,
    /// When the first of the unusable answers since was asked for.
    pub(crate) failing: Option<f64>,
    pub(crate) longest_retry_after: f64,
}

impl Stand {
    /// When an outage of this job alone has lasted too long.
    pub(crate) fn limit(&self, plan: &Plan) -> f64 {
        match (self.usable, self.failing) {
            (None, _) => {
                self.first_asked.unwrap_or(f64::INFINITY) + plan.max_outage.min(30.0) + self.longest_retry_after
            }
            (Some(usable), Some(failing)) => failing + (plan.max_outage - (failing - usable).min(plan.max)).max(0.0),
            (Some(_), None) => f64::INFINITY,
        }
    }

    /// How it ends when its time is over.
    pub(crate) fn out_of_time(&self) -> &'static str {
        match self {
            Self { is_seen: true, .. } => "timed out",
            Self { is_missing: true, .. } => "not found",
            _ => "unreachable",
        }
    }

    /// Takes note of an answer: how the wait is over by it, if it is.
    ///
    /// # Errors
    ///
    /// If it may be over because it was missing for too long, which cannot be told: too close to the limit.
    pub(crate) fn hear(&mut self, plan: &Plan, reply: &Reply, way: f64) -> Result<Option<&'static str>, ()> {
        let is_past = |limit: f64, by: f64| is_past(reply.end, reply.end_by + by, limit);
        // What comes just at the deadline ends it in the same way as the deadline does.
        let is_out_of_time = is_past(plan.deadline(), 0.0) == Some(true);
        let first_asked = *self.first_asked.get_or_insert(reply.at);
        let is_too_late = is_past(first_asked + plan.grace, way);
        self.longest_retry_after = self.longest_retry_after.max(reply.retry_after);
        match reply.means {
            Means::Succeeded => return Ok(Some("succeeded")),
            Means::Failed => return Ok(Some("failed")),
            Means::Ends(kind) => return Ok(Some(kind)),
            Means::Unauthenticated => return Ok(Some("denied")),
            Means::Missing if self.is_seen || is_too_late == Some(true) => return Ok(Some("not found")),
            Means::Missing | Means::Unfinished => {
                self.is_missing |= reply.means == Means::Missing;
                self.is_seen |= reply.means == Means::Unfinished;
                self.usable = Some(reply.end);
                self.failing = None;
            }
            Means::Unusable { .. } => {
                let is_first = self.failing.is_none() && self.usable.is_some();
                self.failing.get_or_insert(reply.at);
                // If that cannot be told, it may be over.
                let limit = self.limit(plan);
                if !is_first && is_past(limit + way, 2.0 * way) != Some(false) && !is_out_of_time {
                    return Ok(Some("unreachable"));
                }
            }
        }
        match is_out_of_time {
            true => Ok(Some(self.out_of_time())),
            false if reply.means == Means::Missing && is_too_late.is_none() => Err(()),
            false => Ok(None),
        }
    }
}
