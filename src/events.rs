//! What a wait tells while it lasts and when it is over. Knows nothing of how the waiting is done.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::job::Job;

/// A step of a wait.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// The service answered, and the job is not over.
    #[non_exhaustive]
    Status {
        /// The id that was asked for.
        job_id: String,
        /// The job; `None` if it is not visible yet.
        job: Option<Job>,
        /// When the next poll is due, from now.
        next_poll: Duration,
        /// How often the wait has asked so far.
        polls: u32,
    },
    /// No usable answer came; the wait bears it and asks again.
    #[non_exhaustive]
    Retry {
        /// The id that was asked for.
        job_id: String,
        /// What came instead.
        error: Error,
        /// When the next poll is due, from now.
        next_poll: Duration,
        /// How often the wait has asked so far.
        polls: u32,
    },
    /// The wait is over. The last event.
    Outcome(Outcome),
}

impl Event {
    /// The id that was asked for.
    #[must_use]
    pub fn job_id(&self) -> &str {
        match self {
            Self::Status { job_id, .. } | Self::Retry { job_id, .. } => job_id,
            Self::Outcome(outcome) => &outcome.job_id,
        }
    }
}

/// How a wait ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Outcome {
    /// The id that was asked for.
    pub job_id: String,
    /// What awaiting the wait would have given.
    pub result: Result<Job>,
    /// The job as it was last seen, whatever the result.
    pub job: Option<Job>,
    /// How long ago that was, when the wait ended; `None` if it was never seen.
    pub seen_ago: Option<Duration>,
    /// How long the wait lasted.
    pub waited: Duration,
    /// How often it asked.
    pub polls: u32,
}
