//! A job as the service describes it, and what its states mean. Knows nothing of how the description was obtained.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde_json::Value;

/// A DCS job, as one answer of the service described it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Job {
    /// The id that was asked for.
    pub id: String,
    /// What kind of operation it is, such as `masterStandbySwapJob`. The list of kinds is open.
    pub job_type: Option<String>,
    /// How it stands.
    pub status: JobStatus,
    /// When it began, by the service's clock.
    pub begin_time: Option<SystemTime>,
    /// When it ended, by the service's clock. The service may leave it out, even of a job that is over.
    pub end_time: Option<SystemTime>,
    /// When the service described it so, by its own clock; to the second.
    pub seen_time: Option<SystemTime>,
    /// Why it failed, in the service's words: text of another machine, not to be trusted as markup or as a command.
    pub fail_reason: Option<String>,
    spelling: String,
}

/// How a job stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobStatus {
    /// `INIT`: still to be executed.
    Init,
    /// `RUNNING`.
    Running,
    /// `SUCCESS`: over, and well.
    Success,
    /// `FAIL` or `FAILED`: over, and not well.
    Fail,
    /// A state that this crate has never heard of, as the service spelled it. Such a job is not over.
    Unknown(String),
}

impl Job {
    /// Reads an answer's body; `None` if that does not describe a job with a status.
    pub(crate) fn from_json(id: &str, body: &Value, seen_time: Option<SystemTime>) -> Option<Self> {
        let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let spelling = text("status").filter(|status| !status.trim().is_empty())?.to_owned();
        Some(Self {
            id: id.to_owned(),
            job_type: text("job_type").map(str::to_owned),
            status: JobStatus::from_spelling(&spelling),
            begin_time: body.get("begin_time").and_then(time),
            end_time: body.get("end_time").and_then(time),
            seen_time,
            // The second spelling is that of a published example.
            fail_reason: text("fail_reason").or_else(|| text("fail_resson")).map(str::to_owned),
            spelling,
        })
    }

    /// The same job, each text that came from the service passed through `clean`.
    pub(crate) fn map_text(mut self, clean: impl Fn(String) -> String) -> Self {
        self.job_type = self.job_type.map(&clean);
        self.fail_reason = self.fail_reason.map(&clean);
        self.spelling = clean(self.spelling);
        if let JobStatus::Unknown(text) = self.status {
            self.status = JobStatus::Unknown(clean(text));
        }
        self
    }

    /// The status as the service spelled it: both `FAIL` and `FAILED` are [`JobStatus::Fail`].
    #[must_use]
    pub fn status_text(&self) -> &str {
        &self.spelling
    }

    /// How old the job was when it was described, by the service's clock; `None` if the service gave no times.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        self.seen_time?.duration_since(self.begin_time?).ok()
    }

    /// How long after its end the job was described, by the service's clock, to the second; `None` while it has no end, or
    /// if the service gave no times.
    #[must_use]
    pub fn lateness(&self) -> Option<Duration> {
        // The time of the answer has no fractions: it may seem to be before the end.
        Some(self.seen_time?.duration_since(self.end_time?).unwrap_or_default())
    }

    /// How long the job took, by the service's clock; `None` while it has no end, or if the service gave no times.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        self.end_time?.duration_since(self.begin_time?).ok()
    }
}

impl JobStatus {
    fn from_spelling(text: &str) -> Self {
        match text.to_ascii_uppercase().as_str() {
            "INIT" => Self::Init,
            "RUNNING" => Self::Running,
            "SUCCESS" => Self::Success,
            "FAIL" | "FAILED" => Self::Fail,
            _ => Self::Unknown(text.to_owned()),
        }
    }

    /// Whether a job in this state is over: nothing but [`Success`](Self::Success) and [`Fail`](Self::Fail) is.
    #[must_use]
    pub fn is_over(&self) -> bool {
        match self {
            Self::Success | Self::Fail => true,
            Self::Init | Self::Running | Self::Unknown(_) => false,
        }
    }
}

impl fmt::Display for JobStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Init => "INIT",
            Self::Running => "RUNNING",
            Self::Success => "SUCCESS",
            Self::Fail => "FAIL",
            Self::Unknown(text) => text,
        })
    }
}

/// Milliseconds since the epoch: a string by the specification, borne as a number too.
fn time(value: &Value) -> Option<SystemTime> {
    let millis = match value {
        Value::String(text) => text.parse().ok()?,
        Value::Number(number) => number.as_u64()?,
        _ => return None,
    };
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis))
}
