//! One answer of the sandbox. Knows neither when it is given nor how it is sent.

use std::time::Duration;

use serde_json::json;

/// An answer of the sandbox.
#[derive(Debug, Clone)]
#[must_use]
pub struct Answer {
    pub(super) http_status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Body,
    pub(super) delay: Duration,
    pub(super) ending: Ending,
    pub(super) fail_reason: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) enum Body {
    /// The description of the job, with this status.
    Job(String),
    Raw(Vec<u8>),
}

/// How much of an answer is sent, and what comes then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Whole,
    Half,
    /// Half, and then silence.
    Stalled,
    Nothing,
}

impl Answer {
    /// 200 with the description of the job, its status spelled like this.
    pub fn status(status: impl Into<String>) -> Self {
        Self { body: Body::Job(status.into()), ..Self::http(200) }
    }

    /// An HTTP status and an empty body.
    pub fn http(status: u16) -> Self {
        Self {
            http_status: status,
            headers: Vec::new(),
            body: Body::Raw(Vec::new()),
            delay: Duration::ZERO,
            ending: Ending::Whole,
            fail_reason: None,
        }
    }

    /// The connection is closed without an answer.
    pub fn hang_up() -> Self {
        Self { ending: Ending::Nothing, ..Self::http(500) }
    }

    /// With this body instead.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Body::Raw(body.into());
        self
    }

    /// With one more header; `Date` and `X-Request-Id` replace those that the sandbox sends by itself.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Only after this time.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// The connection is closed in the middle of the body.
    pub fn cut(mut self) -> Self {
        self.ending = Ending::Half;
        self
    }

    /// Nothing more comes after the middle of the body.
    pub fn stalled(mut self) -> Self {
        self.ending = Ending::Stalled;
        self
    }

    /// The body, if it describes no job.
    pub(super) fn raw_body(&self) -> Vec<u8> {
        match &self.body {
            Body::Raw(bytes) => bytes.clone(),
            Body::Job(_) => Vec::new(),
        }
    }
}

/// An answer with an error of the service, and its body.
pub(super) fn error(status: u16, code: &str, message: &str) -> (Answer, Vec<u8>) {
    let body = json!({"error_code": code, "error_msg": message}).to_string();
    (Answer::http(status).header("Content-Type", "application/json"), body.into_bytes())
}
