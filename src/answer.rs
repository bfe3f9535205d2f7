//! What an HTTP answer is: the job, or which kind of error. Knows neither how the answer was fetched nor what a wait makes
//! of it.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::error::{Error, Result, ServiceError, TransportErrorKind};
use crate::job::Job;
use crate::text::one_line;

/// The longest body that is read, in bytes.
pub(crate) const MAX_BODY: usize = 1024 * 1024;

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
    /// `None` if it was longer than [`MAX_BODY`].
    pub(crate) body: Option<Vec<u8>>,
}

impl Answer {
    /// The job that was asked for, or which kind of error this answer is. `clean` takes secrets out of whatever text the
    /// service sent.
    pub(crate) fn job(&self, id: &str, clean: impl Fn(String) -> String) -> Result<Job> {
        let body = self.body.as_deref().and_then(|body| serde_json::from_slice::<Value>(body).ok());
        let error = |message: Option<&str>| Box::new(self.service_error(body.as_ref(), message, &clean));
        Err(match self.status {
            200 => match self.described_job(id, body.as_ref()) {
                Ok(job) => return Ok(job.map_text(clean)),
                Err(message) => Error::Unavailable(error(Some(message))),
            },
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
        Job::from_json(id, body).ok_or("an answer that describes no job")
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

    /// How old `job` is by the service's own clock.
    pub(crate) fn age_of(&self, job: &Job) -> Option<Duration> {
        self.date?.duration_since(job.begin_time?).ok()
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
