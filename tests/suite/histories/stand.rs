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
    /// If that cannot be told: too close to a limit.
    pub(crate) fn hear(&mut self, plan: &Plan, reply: &Reply) -> Result<Option<&'static str>, ()> {
        let is_past = |limit: f64| is_past(reply.end, reply.end_by, limit).ok_or(());
        let first_asked = *self.first_asked.get_or_insert(reply.at);
        self.longest_retry_after = self.longest_retry_after.max(reply.retry_after);
        match reply.means {
            Means::Succeeded => return Ok(Some("succeeded")),
            Means::Failed => return Ok(Some("failed")),
            Means::Ends(kind) => return Ok(Some(kind)),
            Means::Unauthenticated => return Ok(Some("denied")),
            Means::Missing if self.is_seen || is_past(first_asked + plan.grace)? => return Ok(Some("not found")),
            Means::Missing | Means::Unfinished => {
                self.is_missing |= reply.means == Means::Missing;
                self.is_seen |= reply.means == Means::Unfinished;
                self.usable = Some(reply.end);
                self.failing = None;
            }
            Means::Unusable { .. } => {
                let is_first = self.failing.is_none() && self.usable.is_some();
                self.failing.get_or_insert(reply.at);
                if !is_first && is_past(self.limit(plan))? && !is_past(plan.deadline())? {
                    return Ok(Some("unreachable"));
                }
            }
        }
        Ok(is_past(plan.deadline())?.then(|| self.out_of_time()))
    }
}
