//! What is known of each job while the command waits, and what is said of it in the end.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use dcs_wait::text::{duration, one_line};
use dcs_wait::{Error, Event, Job, Outcome, TransportErrorKind};

use crate::exit::Exit;

/// All jobs, in the order in which they were given.
#[derive(Debug)]
pub(crate) struct Board {
    begun: Instant,
    ids: Vec<String>,
    jobs: HashMap<String, LastKnown>,
}

/// A job that is not over, as far as is known.
#[derive(Debug, Default)]
struct LastKnown {
    job: Option<Job>,
    seen_at: Option<Instant>,
    trouble: Option<(Error, Instant)>,
    polls: u32,
}

/// How a job ended, or the wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ending {
    Succeeded,
    Failed,
    TimedOut,
    Denied,
    NotFound,
    Rejected,
    Unreachable,
    Interrupted,
}

/// What is said of a job in the end.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) job_id: String,
    pub(crate) ending: Ending,
    /// As last seen.
    pub(crate) job: Option<Job>,
    pub(crate) waited: Duration,
    pub(crate) polls: u32,
    pub(crate) error: Option<Error>,
    /// A line for people; `None` if all is well.
    pub(crate) complaint: Option<String>,
}

impl Board {
    pub(crate) fn new(ids: Vec<String>) -> Self {
        let jobs = ids.iter().map(|id| (id.clone(), LastKnown::default())).collect();
        Self { begun: Instant::now(), ids, jobs }
    }

    /// Takes an event in. Gives the verdict if it is the job's last one.
    pub(crate) fn note(&mut self, event: Event) -> Option<Verdict> {
        let now = Instant::now();
        match event {
            Event::Status { job_id, job, polls, .. } => {
                let known = self.jobs.entry(job_id).or_default();
                known.polls = polls;
                if job.is_some() {
                    (known.job, known.seen_at) = (job, Some(now));
                }
            }
            Event::Retry { job_id, error, polls, .. } => {
                let known = self.jobs.entry(job_id).or_default();
                known.polls = polls;
                known.trouble = Some((error, now));
            }
            Event::Outcome(outcome) => {
                self.jobs.remove(&outcome.job_id);
                return Some(Verdict::of(outcome));
            }
            _ => {}
        }
        None
    }

    /// The verdicts over all jobs that are still waited for, because the wait is interrupted.
    pub(crate) fn interrupt(&mut self) -> Vec<Verdict> {
        self.close(Ending::Interrupted, None)
    }

    /// The verdicts over all jobs, because the wait cannot begin.
    pub(crate) fn give_up(&mut self, error: &Error) -> Vec<Verdict> {
        let ending = if matches!(error, Error::Denied(_)) { Ending::Denied } else { Ending::Unreachable };
        self.close(ending, Some(error))
    }

    fn close(&mut self, ending: Ending, error: Option<&Error>) -> Vec<Verdict> {
        let waited = self.begun.elapsed();
        let open = self.ids.iter().filter_map(|id| Some((id, self.jobs.remove(id)?)));
        open.map(|(id, known)| Verdict {
            job_id: id.clone(),
            ending,
            waited,
            polls: known.polls,
            // What keeps all of them from beginning is said once.
            complaint: error.is_none().then(|| {
                let seen = known.job.as_ref().zip(known.seen_at.map(|at| at.elapsed()));
                let trouble = known.trouble.as_ref().map(|(error, at)| (error, at.elapsed()));
                format!("interrupted: {}", last_known(id, seen, trouble))
            }),
            error: error.cloned().or(known.trouble.map(|(error, _)| error)),
            job: known.job,
        })
        .collect()
    }
}

impl Verdict {
    fn of(outcome: Outcome) -> Self {
        let Outcome { job_id, result, job, waited, polls, .. } = outcome;
        let error = result.err();
        let ending = match &error {
            None => Ending::Succeeded,
            Some(Error::JobFailed(_)) => Ending::Failed,
            Some(Error::TimedOut(_)) => Ending::TimedOut,
            Some(Error::Denied(_)) => Ending::Denied,
            Some(Error::NotFound(_)) => Ending::NotFound,
            Some(Error::Rejected(_) | Error::Invalid(_)) => Ending::Rejected,
            Some(_) => Ending::Unreachable,
        };
        let complaint = error.as_ref().map(|error| match error {
            Error::TimedOut(known) | Error::Unreachable(known) => format!(
                "{} after {}: {}",
                if ending == Ending::TimedOut { "out of time" } else { "no usable answer, given up" },
                duration(waited),
                last_known(
                    &job_id,
                    known.job.as_ref().zip(known.seen_ago),
                    known.last_error.as_ref().zip(known.last_error_ago),
                )
            ),
            Error::JobFailed(_) => error.to_string(),
            Error::Transport(trouble) if trouble.kind == TransportErrorKind::Certificate => {
                format!("job {job_id}: {error}; --ca-cert FILE trusts one more root")
            }
            Error::Denied(answer) if answer.http_status == 403 => {
                format!("job {job_id}: {error}; the permission that is needed is dcs:job:get")
            }
            _ => format!("job {job_id}: {error}"),
        });
        Self { job_id, ending, job, waited, polls, error, complaint }
    }

    pub(crate) fn exit(&self) -> Exit {
        match self.ending {
            Ending::Succeeded => Exit::Success,
            Ending::Failed => Exit::JobFailed,
            Ending::TimedOut => Exit::TimedOut,
            Ending::Denied => Exit::Denied,
            Ending::NotFound | Ending::Rejected => Exit::Rejected,
            Ending::Unreachable => Exit::Unreachable,
            Ending::Interrupted => Exit::Interrupted,
        }
    }

    /// Whether waiting again may bring the end of the job.
    pub(crate) fn can_be_resumed(&self) -> bool {
        matches!(self.ending, Ending::TimedOut | Ending::Interrupted | Ending::Unreachable)
    }
}

/// The last status, how long ago it was seen, and the last error.
fn last_known(id: &str, seen: Option<(&Job, Duration)>, trouble: Option<(&Error, Duration)>) -> String {
    let mut text = match seen {
        Some((job, ago)) => {
            format!("job {id} was {} when last seen {} ago", one_line(job.status_text()), duration(ago))
        }
        None => format!("job {id} was never seen"),
    };
    if let Some((error, ago)) = trouble {
        text += &format!("; last error, {} ago: {error}", duration(ago));
    }
    text
}
