//! What the sandbox answers, poll by poll. Knows nothing of sockets.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The answers that a job gives, in their order; the last one is repeated for ever.
///
/// Each answer is given once, unless [`times`](Self::times) or [`lasting`](Self::lasting) follows it.
#[derive(Debug, Clone)]
#[must_use]
pub struct Story {
    job_type: String,
    age: Duration,
    steps: Vec<Step>,
}

#[derive(Debug, Clone)]
struct Step {
    answer: Answer,
    hold: Hold,
}

#[derive(Debug, Clone, Copy)]
enum Hold {
    Times(u32),
    Lasting(Duration),
}

impl Story {
    /// The beginning of a story. Without an answer it is one of a job that does not exist.
    #[expect(clippy::new_without_default, reason = "a story has no default, only a beginning")]
    pub fn new() -> Self {
        Self { job_type: "masterStandbySwapJob".to_owned(), age: Duration::ZERO, steps: Vec::new() }
    }

    /// What kind of operation it is; `masterStandbySwapJob` by default.
    pub fn job_type(mut self, job_type: impl Into<String>) -> Self {
        self.job_type = job_type.into();
        self
    }

    /// The job began this long before the first poll.
    pub fn aged(mut self, age: Duration) -> Self {
        self.age = age;
        self
    }

    /// Then: any answer.
    pub fn then(mut self, answer: Answer) -> Self {
        self.steps.push(Step { answer, hold: Hold::Times(1) });
        self
    }

    /// Then: the job with status `INIT`.
    pub fn init(self) -> Self {
        self.then(Answer::status("INIT"))
    }

    /// Then: the job with status `RUNNING`.
    pub fn running(self) -> Self {
        self.then(Answer::status("RUNNING"))
    }

    /// Then: the job with status `SUCCESS`.
    pub fn succeeds(self) -> Self {
        self.then(Answer::status("SUCCESS"))
    }

    /// Then: the job with status `FAIL` and a reason.
    pub fn fails(self, reason: impl Into<String>) -> Self {
        self.then(Answer { fail_reason: Some(reason.into()), ..Answer::status("FAIL") })
    }

    /// The answer before is given so many times.
    pub fn times(self, count: u32) -> Self {
        self.hold(Hold::Times(count))
    }

    /// The answer before is given for this long, from the first request that meets it.
    pub fn lasting(self, time: Duration) -> Self {
        self.hold(Hold::Lasting(time))
    }

    fn hold(mut self, hold: Hold) -> Self {
        if let Some(step) = self.steps.last_mut() {
            step.hold = hold;
        }
        self
    }

    pub(super) fn begin(self) -> Playing {
        Playing { story: self, step: 0, given: 0, met: None, begun: None, ended: None }
    }
}

/// An answer of the sandbox.
#[derive(Debug, Clone)]
#[must_use]
pub struct Answer {
    pub(super) http_status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Body,
    pub(super) delay: Duration,
    pub(super) ending: Ending,
    fail_reason: Option<String>,
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
}

impl Answer {
    /// The body, if it describes no job.
    pub(super) fn raw_body(&self) -> Vec<u8> {
        match &self.body {
            Body::Raw(bytes) => bytes.clone(),
            Body::Job(_) => Vec::new(),
        }
    }
}

/// A story that is being told.
#[derive(Debug)]
pub(super) struct Playing {
    story: Story,
    step: usize,
    given: u32,
    /// When the step was first met.
    met: Option<Instant>,
    /// When the job began and ended, in milliseconds since the epoch.
    begun: Option<i64>,
    ended: Option<i64>,
}

impl Playing {
    /// The next answer, its body rendered; `None` if there is no such job. `clock` is the service's, in milliseconds.
    pub(super) fn next(&mut self, id: &str, now: Instant, clock: i64) -> Option<(Answer, Vec<u8>)> {
        while self.step + 1 < self.story.steps.len() && self.is_done(now) {
            self.step += 1;
            self.given = 0;
            self.met = None;
        }
        let step = self.story.steps.get(self.step)?;
        self.given += 1;
        self.met.get_or_insert(now);
        let age = i64::try_from(self.story.age.as_millis()).unwrap_or(i64::MAX);
        let begun = *self.begun.get_or_insert(clock.saturating_sub(age));
        let body = match &step.answer.body {
            Body::Raw(bytes) => bytes.clone(),
            Body::Job(status) => {
                if matches!(status.to_ascii_uppercase().as_str(), "SUCCESS" | "FAIL" | "FAILED") {
                    self.ended.get_or_insert(clock);
                }
                let end_time = self.ended.map_or(Value::Null, |ended| json!(ended.to_string()));
                json!({
                    "job_id": id,
                    "job_type": self.story.job_type,
                    "status": status,
                    "begin_time": begun.to_string(),
                    "end_time": end_time,
                    "fail_reason": step.answer.fail_reason,
                })
                .to_string()
                .into_bytes()
            }
        };
        Some((step.answer.clone(), body))
    }

    fn is_done(&self, now: Instant) -> bool {
        match self.story.steps.get(self.step).map(|step| step.hold) {
            Some(Hold::Times(count)) => self.given >= count,
            Some(Hold::Lasting(time)) => self.met.is_some_and(|met| now.duration_since(met) >= time),
            None => true,
        }
    }
}
