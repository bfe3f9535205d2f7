//! What is known of jobs that did not succeed: of one that was not seen to end, and of many.

use std::fmt;
use std::time::Duration;

use super::Error;
use crate::events::Outcome;
use crate::job::Job;
use crate::text::{duration, one_line};

/// The outcomes of many jobs of which not enough succeeded.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Several {
    /// One for each job, in the order in which they became known.
    pub outcomes: Vec<Outcome>,
}

impl std::error::Error for Several {}

impl fmt::Display for Several {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decided = self.outcomes.iter().filter(|outcome| !matches!(outcome.result, Err(Error::Abandoned(_))));
        let mut errors = decided.filter_map(|outcome| outcome.result.as_ref().err());
        let first = errors.next();
        write!(f, "{} of {} jobs did not succeed", usize::from(first.is_some()) + errors.count(), self.outcomes.len())?;
        first.map_or(Ok(()), |error| write!(f, "; the first: {error}"))
    }
}

/// A job that was not seen to end, and what is known of it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Unfinished {
    /// The id that was asked for.
    pub job_id: String,
    /// The job as it was last seen; `None` if it never was.
    pub job: Option<Job>,
    /// How long ago that was.
    pub seen_ago: Option<Duration>,
    /// The last error that was borne, if there was one. It may be older than the last sight of the job.
    pub last_error: Option<Error>,
    /// How long ago that was.
    pub last_error_ago: Option<Duration>,
    /// How long the wait lasted.
    pub waited: Duration,
    /// How often it asked.
    pub polls: u32,
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.job, self.seen_ago) {
            (Some(job), Some(ago)) => {
                let (status, ago) = (one_line(job.status_text()), duration(ago));
                write!(f, "job {} was {status} when last seen {ago} ago", self.job_id)?;
            }
            _ => write!(f, "job {} was never seen", self.job_id)?,
        }
        match (&self.last_error, self.last_error_ago) {
            (Some(error), Some(ago)) => write!(f, "; last error, {} ago: {error}", duration(ago)),
            _ => Ok(()),
        }
    }
}
