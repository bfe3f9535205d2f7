//! What can go wrong, in the variants that a caller branches on. No type of an HTTP library shows here.

mod outcomes;

use std::fmt;
use std::time::{Duration, SystemTime};

pub use self::outcomes::{Several, Unfinished};
use crate::job::Job;
use crate::text::{duration, one_line};

/// A `Result` whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a job is not known to have succeeded.
///
/// The messages are lowercase fragments that fit after `error: `.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An option, a credential or an id is not usable. Nothing was sent.
    #[error(transparent)]
    Invalid(InvalidInput),

    /// The job is over and failed. Asking again does not help: its [`fail_reason`](Job::fail_reason) says why.
    #[error("job {} failed: {}", .0.id, reason(.0))]
    JobFailed(Box<Job>),

    /// The deadline passed and the job was seen, but not over. It goes on by itself: wait again.
    #[error("timed out after {}: {}", duration(.0.waited), .0)]
    TimedOut(Box<Unfinished>),

    /// No usable answer for longer than allowed. The job may go on by itself: wait again when the service is back.
    #[error("no usable answer within {}: {}", duration(.0.waited), .0)]
    Unreachable(Box<Unfinished>),

    /// The wait was ended before the job was seen to be over: another job decided it
    /// ([`any`](crate::WaitForJobs::any), [`fail_fast`](crate::WaitForJobs::fail_fast)), or
    /// [`Events::stop`](crate::Events::stop). It goes on by itself: wait again.
    #[error("given up after {}: {}", duration(.0.waited), .0)]
    Abandoned(Box<Unfinished>),

    /// Of many jobs, not enough succeeded.
    #[error(transparent)]
    Several(Box<Several>),

    /// The service refuses the credentials (401) or the permission (403, the action is `dcs:job:get`).
    #[error("denied: {0}")]
    Denied(Box<ServiceError>),

    /// There is no such job, or not any more.
    #[error("no such job: {0}")]
    NotFound(Box<ServiceError>),

    /// The service rejects the request: asking again does not help. If it is a 404, then host, region or path are
    /// wrong and the job may well exist.
    #[error("rejected: {error}{hint}", error = .0, hint = wrong_place(.0))]
    Rejected(Box<ServiceError>),

    /// An answer of no use: the service has trouble, asks to slow down, or something else answered in its place. A wait
    /// bears it and asks again.
    #[error("{0}")]
    Unavailable(Box<ServiceError>),

    /// No answer, or only a part of one.
    #[error(transparent)]
    Transport(TransportError),
}

impl Error {
    /// Whether asking again may help, as a wait does by itself.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Transport(error) => error.kind.is_transient(),
            Self::Invalid(_)
            | Self::JobFailed(_)
            | Self::TimedOut(_)
            | Self::Unreachable(_)
            | Self::Abandoned(_)
            | Self::Several(_)
            | Self::Denied(_)
            | Self::NotFound(_)
            | Self::Rejected(_) => false,
        }
    }

    /// How long the service asked to wait before the next request (`Retry-After`), if it did.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.service().and_then(|error| error.retry_after)
    }

    /// The service's answer behind this error, or behind the last error before a wait was given up.
    #[must_use]
    pub fn service(&self) -> Option<&ServiceError> {
        match self {
            Self::Denied(error) | Self::NotFound(error) | Self::Rejected(error) | Self::Unavailable(error) => {
                Some(error)
            }
            Self::TimedOut(unfinished) | Self::Unreachable(unfinished) | Self::Abandoned(unfinished) => {
                unfinished.last_error.as_ref()?.service()
            }
            Self::Invalid(_) | Self::JobFailed(_) | Self::Several(_) | Self::Transport(_) => None,
        }
    }

    /// Whether the service asks to slow down (429); and so many requests a second are allowed, if it says so.
    pub(crate) fn throttle(&self) -> Option<Option<f64>> {
        match self {
            Self::Unavailable(error) if error.http_status == 429 => Some(error.message.as_deref().and_then(told_limit)),
            _ => None,
        }
    }

    pub(crate) fn invalid(name: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid(InvalidInput { name: name.into(), problem: problem.into() })
    }

    pub(crate) fn transport(kind: TransportErrorKind, detail: impl Into<String>) -> Self {
        Self::Transport(TransportError { kind, detail: detail.into() })
    }
}

/// Reads `limit:60,time:1 minute` out of the gateway's words (APIG.0308), in requests a second.
fn told_limit(message: &str) -> Option<f64> {
    let (_, said) = message.split_once("limit:")?;
    let (limit, time) = said.split_once(",time:")?;
    let mut words = time.split_whitespace();
    let count: f64 = words.next()?.parse().ok()?;
    let seconds = match words.next()?.trim_end_matches(|c: char| !c.is_ascii_alphabetic()) {
        "second" | "seconds" => 1.0,
        "minute" | "minutes" => 60.0,
        "hour" | "hours" => 3600.0,
        "day" | "days" => 86_400.0,
        _ => return None,
    };
    let rate = limit.trim().parse::<f64>().ok()? / (count * seconds);
    (rate.is_finite() && rate > 0.0).then_some(rate)
}

fn reason(job: &Job) -> String {
    job.fail_reason.as_deref().map_or_else(|| "the service gives no reason".to_owned(), one_line)
}

fn wrong_place(error: &ServiceError) -> &'static str {
    if error.http_status == 404 { "; the host, the region or the path is wrong, the job may well exist" } else { "" }
}

/// What is not usable, and what would be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {problem}")]
#[non_exhaustive]
pub struct InvalidInput {
    /// The name of the setting (`endpoint`, `project_id` …) or of the environment variable.
    pub name: String,
    /// What is wrong with it, and what would be right.
    pub problem: String,
}

/// An HTTP answer that is not a job.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceError {
    /// The HTTP status.
    pub http_status: u16,
    /// The service's own code, such as `DCS.4063` or `APIG.0301`.
    pub code: Option<String>,
    /// The service's message, or what is wrong with the answer.
    pub message: Option<String>,
    /// What a support ticket should name.
    pub request_id: Option<String>,
    /// How long the service asked to wait before the next request.
    pub retry_after: Option<Duration>,
    /// What the service's clock showed, if the answer says so. A proxy may have given an old answer.
    pub service_time: Option<SystemTime>,
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.http_status)?;
        if let Some(code) = &self.code {
            write!(f, " {code}")?;
        }
        if let Some(message) = &self.message {
            write!(f, " {message}")?;
        }
        match &self.request_id {
            Some(id) => write!(f, " (request id {id})"),
            None => Ok(()),
        }
    }
}

/// No answer, or only a part of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {detail}")]
#[non_exhaustive]
pub struct TransportError {
    /// What kind of trouble it was.
    pub kind: TransportErrorKind,
    /// The words of the layer where it arose.
    pub detail: String,
}

/// Kinds of trouble on the way to the service and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No connection: the name is not resolved, nobody listens, the network is down, the TLS handshake breaks.
    Connect,
    /// No whole answer within the time for one request.
    Timeout,
    /// The connection ended before the answer did, or what came is not HTTP.
    Interrupted,
    /// The server's certificate is not trusted: another authority, another name, or out of date. Not transient.
    Certificate,
    /// The proxy wants other credentials (407). Not transient.
    ProxyAuthentication,
}

impl TransportErrorKind {
    fn is_transient(self) -> bool {
        match self {
            Self::Connect | Self::Timeout | Self::Interrupted => true,
            Self::Certificate | Self::ProxyAuthentication => false,
        }
    }
}

impl fmt::Display for TransportErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "cannot connect",
            Self::Timeout => "no answer in time",
            Self::Interrupted => "answer cut short",
            Self::Certificate => "certificate not trusted",
            Self::ProxyAuthentication => "proxy authentication required",
        })
    }
}

#[cfg(test)]
mod tests;
