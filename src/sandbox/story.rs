//! What the sandbox answers, poll by poll. Knows nothing of sockets.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::answer::{Answer, Body};

/// The answers that a job gives, in their order; the last one is repeated for ever.
///
/// Each answer is given once, unless [`times`](Self::times), [`lasting`](Self::lasting) or [`until`](Self::until) follows
/// it. Their time is that of tokio's clock, which a test may pause; what the job says of its own times is the real one.
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
    Until(Duration),
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

    /// The answer before is given until this long after the job was added, so that when the job ends does not depend on when
    /// it is asked for. If that time has passed, the answer is left out.
    pub fn until(self, age: Duration) -> Self {
        self.hold(Hold::Until(age))
    }

    fn hold(mut self, hold: Hold) -> Self {
        if let Some(step) = self.steps.last_mut() {
            step.hold = hold;
        }
        self
    }

    pub(super) fn begin(self, now: Instant) -> Playing {
        Playing { story: self, added: now, step: 0, given: 0, met: None, begun: None, ended: None }
    }
}

/// A story that is being told.
#[derive(Debug)]
pub(super) struct Playing {
    story: Story,
    added: Instant,
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
            Some(Hold::Until(age)) => now.duration_since(self.added) >= age,
            None => true,
        }
    }
}

#[cfg(test)]
mod tests;
