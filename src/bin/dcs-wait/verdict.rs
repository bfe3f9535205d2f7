//! How a job ended, or the wait for it, in the words of the command.

use std::time::Duration;

use dcs_wait::text::{duration, one_line};
use dcs_wait::{Error, Job, Outcome, Unfinished};

use crate::exit::Exit;

/// How a job ended, or the wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ending {
    Succeeded,
    Failed,
    Denied,
    NotFound,
    Rejected,
    Unreachable,
    TimedOut,
    Interrupted,
    Abandoned,
}

/// What is said of a job in the end.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) job_id: String,
    pub(crate) ending: Ending,
    /// As last seen.
    pub(crate) job: Option<Job>,
    pub(crate) seen_ago: Option<Duration>,
    pub(crate) waited: Duration,
    pub(crate) polls: u32,
    pub(crate) error: Option<Error>,
    /// With no time at all each job is looked at once.
    pub(crate) is_one_look: bool,
}

impl Verdict {
    /// A wait that was ended from outside is abandoned, unless the command was interrupted.
    pub(crate) fn of(outcome: Outcome, is_interrupted: bool, is_one_look: bool) -> Self {
        let Outcome { job_id, result, job, seen_ago, waited, polls, .. } = outcome;
        let error = result.err();
        let ending = match &error {
            None => Ending::Succeeded,
            Some(Error::JobFailed(_)) => Ending::Failed,
            Some(Error::TimedOut(_)) => Ending::TimedOut,
            Some(Error::Denied(_)) => Ending::Denied,
            Some(Error::NotFound(_)) => Ending::NotFound,
            Some(Error::Rejected(_) | Error::Invalid(_)) => Ending::Rejected,
            Some(Error::Abandoned(_)) if is_interrupted => Ending::Interrupted,
            Some(Error::Abandoned(_)) => Ending::Abandoned,
            Some(_) => Ending::Unreachable,
        };
        Self { job_id, ending, job, seen_ago, waited, polls, error, is_one_look }
    }

    /// The verdict over a job whose wait cannot begin.
    pub(crate) fn not_begun(job_id: String, error: &Error) -> Self {
        let ending = if matches!(error, Error::Denied(_)) { Ending::Denied } else { Ending::Unreachable };
        let (job, seen_ago, waited) = (None, None, Duration::ZERO);
        Self { job_id, ending, job, seen_ago, waited, polls: 0, error: Some(error.clone()), is_one_look: false }
    }

    /// A line for people about what went wrong, if something did.
    pub(crate) fn complaint(&self) -> Option<String> {
        let (error, id) = (self.error.as_ref()?, &self.job_id);
        if let (Ending::TimedOut, true, Some(job)) = (self.ending, self.is_one_look, &self.job) {
            return Some(format!("job {id} is not over: {}", one_line(job.status_text())));
        }
        Some(match error {
            Error::TimedOut(known) | Error::Unreachable(known) | Error::Abandoned(known) => {
                let what = match self.ending {
                    Ending::TimedOut => format!("out of time after {}", duration(self.waited)),
                    Ending::Interrupted => "interrupted".to_owned(),
                    Ending::Abandoned => "not waited for any longer".to_owned(),
                    _ => format!("no usable answer, given up after {}", duration(self.waited)),
                };
                format!("{what}: {}", last_known(id, known))
            }
            Error::JobFailed(_) => error.to_string(),
            _ => format!("job {id}: {error}; {}", last_seen("it", self.job.as_ref(), self.seen_ago)),
        })
    }

    /// How the command ends because of this; `None` if it does not count.
    pub(crate) fn exit(&self) -> Option<Exit> {
        Some(match self.ending {
            Ending::Succeeded => Exit::Success,
            Ending::Failed => Exit::JobFailed,
            Ending::TimedOut => Exit::TimedOut,
            Ending::Denied => Exit::Denied,
            Ending::NotFound | Ending::Rejected => Exit::Rejected,
            Ending::Unreachable => Exit::Unreachable,
            Ending::Interrupted => Exit::Interrupted,
            Ending::Abandoned => return None,
        })
    }

    /// Whether waiting again may bring the end of the job.
    pub(crate) fn can_be_resumed(&self) -> bool {
        matches!(self.ending, Ending::TimedOut | Ending::Interrupted | Ending::Unreachable | Ending::Abandoned)
    }
}

impl Ending {
    /// As programs read it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::TimedOut => "timed_out",
            Self::Succeeded
            | Self::Failed
            | Self::Denied
            | Self::Rejected
            | Self::Unreachable
            | Self::Interrupted
            | Self::Abandoned => self.text(),
        }
    }

    /// In words.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Denied => "denied",
            Self::NotFound => "not found",
            Self::Rejected => "rejected",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed out",
            Self::Interrupted => "interrupted",
            Self::Abandoned => "abandoned",
        }
    }
}

/// The last status, how long ago it was seen, and the last error.
fn last_known(id: &str, known: &Unfinished) -> String {
    let mut text = last_seen(&format!("job {id}"), known.job.as_ref(), known.seen_ago);
    if let Some((error, ago)) = known.last_error.as_ref().zip(known.last_error_ago) {
        text += &format!("; last error, {} ago: {error}", duration(ago));
    }
    text
}

fn last_seen(whose: &str, job: Option<&Job>, ago: Option<Duration>) -> String {
    match job.zip(ago) {
        Some((job, ago)) => {
            format!("{whose} was {} when last seen {} ago", one_line(job.status_text()), duration(ago))
        }
        None => format!("{whose} was never seen"),
    }
}
