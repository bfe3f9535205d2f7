//! What an HTTP answer is: the job, or which kind of error. Knows neither how the answer was fetched nor what a wait makes
//! of it.

use std::ops::Range;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::error::{Error, Result, ServiceError, TransportErrorKind};
use crate::job::Job;
use crate::text::one_line;

/// The longest body that is read, in bytes.
pub(crate) const MAX_BODY: usize = 1024 * 1024;

/// What a service's clock may show, in seconds since the epoch: the years 2020 to 2099.
const CLOCKS: Range<i64> = 1_577_836_800..4_102_444_800;

/// An HTTP answer, as much of it as matters here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// `X-Request-Id`.
    pub(crate) request_id: Option<String>,
    /// `Date`: the service's clock.
    pub(crate) date: Option<SystemTime>,
    /// `Retry-After`.
    pub(crate) retry_after: Option<String>,
    /// It came by a proxy or a cache (`Age`, `Via`), so that its date may be old.
    pub(crate) is_relayed: bool,
    /// `None` if it was longer than [`MAX_BODY`].
    pub(crate) body: Option<Vec<u8>>,
}

impl Answer {
    /// The job that was asked for, or which kind of error this answer is. `clean` takes secrets out of whatever text the
    /// service sent.
    pub(crate) fn job(&self, id: &str, clean: impl Fn(String) -> String) -> Result<Job> {
        let body = self.json();
        self.check_status(body.as_ref(), &clean)?;
        match self.described_job(id, body.as_ref()) {
            Ok(job) => Ok(job.map_text(clean)),
            Err(problem) => Err(Error::Unavailable(Box::new(self.service_error(body.as_ref(), Some(problem), clean)))),
        }
    }

    /// The projects of IAM's answer, ids and names, or which kind of error it is.
    pub(crate) fn projects(&self, clean: impl Fn(String) -> String) -> Result<Vec<(String, String)>> {
        let body = self.json();
        self.check_status(body.as_ref(), &clean)?;
        let Some(projects) = body.as_ref().and_then(|body| body.get("projects")?.as_array()) else {
            let problem = "an answer that lists no projects";
            return Err(Error::Unavailable(Box::new(self.service_error(body.as_ref(), Some(problem), clean))));
        };
        let text = |project: &Value, name: &str| project.get(name).and_then(Value::as_str).unwrap_or("?").to_owned();
        Ok(projects.iter().map(|project| (clean(text(project, "id")), clean(text(project, "name")))).collect())
    }

    fn json(&self) -> Option<Value> {
        self.body.as_deref().and_then(|body| serde_json::from_slice(body).ok())
    }

    /// # Errors
    ///
    /// The kind of error that any status but 200 is.
    fn check_status(&self, body: Option<&Value>, clean: &impl Fn(String) -> String) -> Result<()> {
        let error = |message: Option<&str>| Box::new(self.service_error(body, message, clean));
        Err(match self.status {
            200 => return Ok(()),
            201..=299 => Error::Unavailable(error(Some("not the answer that describes a job"))),
            300..=399 => Error::Unavailable(error(Some("redirected elsewhere, which is not followed"))),
            401 | 403 => Error::Denied(error(None)),
            404 => {
                let error = error(None);
                match error.code.as_deref() {
                    Some("APIG.0101" | "APIGW.0101" | "DCS.4001") => Error::Rejected(error),
                    _ => Error::NotFound(error),
                }
            }
            407 => Error::transport(TransportErrorKind::ProxyAuthentication, "the proxy answered 407"),
            408 | 425 | 429 | 500..=599 => Error::Unavailable(error(None)),
            400..=499 => Error::Rejected(error(None)),
            _ => Error::Unavailable(error(Some("not an HTTP status"))),
        })
    }

    fn described_job(&self, id: &str, body: Option<&Value>) -> Result<Job, &'static str> {
        if self.body.is_none() {
            return Err("an answer of more than 1 MiB");
        }
        let body = body.ok_or("an answer that is not JSON")?;
        match body.get("job_id") {
            None | Some(Value::Null) => {}
            Some(Value::String(other)) if other == id => {}
            Some(_) => return Err("an answer about another job"),
        }
        Job::from_json(id, body, self.date).ok_or("an answer that describes no job")
    }

    /// The lower bound that the answer sets on the next pause; a date is read against the answer's own clock.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let text = self.retry_after.as_deref()?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let at = httpdate::parse_http_date(text).ok()?;
        at.duration_since(self.date?).ok()
    }

    /// The service's clock in seconds since the epoch, if the answer tells it and can be trusted in that.
    pub(crate) fn clock(&self) -> Option<i64> {
        let seconds = self.date?.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
        let seconds = i64::try_from(seconds).ok()?;
        (!self.is_relayed && CLOCKS.contains(&seconds)).then_some(seconds)
    }

    fn service_error(
        &self,
        body: Option<&Value>,
        problem: Option<&str>,
        clean: impl Fn(String) -> String,
    ) -> ServiceError {
        // Cleaned before it is cut: a cut could leave a part of a secret that no longer looks like one.
        let clean = |text: String| one_line(&clean(text));
        let said = body.map(said_by_service).unwrap_or_default();
        let plain = || match body {
            None => self.body.as_deref().map(|body| String::from_utf8_lossy(body).into_owned()),
            Some(_) => None,
        };
        ServiceError {
            http_status: self.status,
            code: said.code.map(&clean),
            message: problem.map(str::to_owned).or(said.message).or_else(plain).map(&clean).filter(|it| !it.is_empty()),
            request_id: self.request_id.clone().or(said.request_id).map(&clean),
            retry_after: self.retry_after(),
            service_time: self.date,
        }
    }
}

#[derive(Debug, Default)]
struct Said {
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
}

/// The shapes that error bodies come in: flat with `error_code`, `errorCode` or `code`, or nested in `error`.
fn said_by_service(body: &Value) -> Said {
    let inner = body.get("error").filter(|inner| inner.is_object()).unwrap_or(body);
    let text = |names: &[&str]| {
        names.iter().find_map(|name| match inner.get(name).or_else(|| body.get(name))? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    };
    Said {
        code: text(&["error_code", "errorCode", "code"]),
        message: text(&["error_msg", "errorMsg", "message"]),
        request_id: text(&["request_id"]),
    }
}

#[cfg(test)]
mod tests;
