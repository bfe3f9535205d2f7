//! Standard output: the result, in one of three formats. Every line is flushed.

use std::io::{self, Write as _};
use std::thread;
use std::time::{Duration, SystemTime};

use dcs_wait::text::{duration, one_line};
use dcs_wait::{Error, Event, Job};
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

use crate::args::Format;
use crate::stderr;
use crate::verdict::{Ending, Verdict};

/// One object of `-o json`, and the outcome event of `-o events`.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome<'a> {
    pub(crate) job_id: &'a str,
    pub(crate) outcome: Ending,
    pub(crate) status: Option<&'a str>,
    pub(crate) job_type: Option<&'a str>,
    begin_time: Option<u64>,
    end_time: Option<u64>,
    pub(crate) duration_ms: Option<u64>,
    late_ms: Option<u64>,
    pub(crate) fail_reason: Option<&'a str>,
    pub(crate) waited_ms: u64,
    pub(crate) polls: u32,
    pub(crate) error: Option<Trouble>,
}

/// What was answered instead of a job.
#[derive(Debug, Serialize)]
pub(crate) struct Trouble {
    http_status: Option<u16>,
    code: Option<String>,
    pub(crate) message: String,
    pub(crate) request_id: Option<String>,
}

/// The version of `-o events`, in every line: lines are filtered, merged and kept one by one. It changes when something is
/// removed or changes its meaning.
const VERSION: u8 = 1;

/// One object of `-o events`.
#[derive(Serialize)]
struct Line<'a> {
    v: u8,
    #[serde(flatten)]
    step: Step<'a>,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Step<'a> {
    Status { job_id: &'a str, status: Option<&'a str>, job_type: Option<&'a str>, next_poll_ms: u64, polls: u32 },
    Retry { job_id: &'a str, error: Trouble, next_poll_ms: u64, polls: u32 },
    Outcome(Outcome<'a>),
}

/// Standard output. A thread of its own writes it: a reader that is slow, or does not read at all, must not keep the
/// command from polling nor from being interrupted.
#[derive(Debug)]
pub(crate) struct Output {
    format: Format,
    lines: mpsc::Sender<String>,
}

/// How the writing ended; resolves when all is written, or as soon as the reader has gone.
pub(crate) type Written = oneshot::Receiver<io::Result<()>>;

/// So many lines may wait for their reader.
const QUEUE: usize = 1024;
/// No more than about this many bytes are written at a time.
const CHUNK: usize = 64 * 1024;

impl Output {
    /// # Errors
    ///
    /// What the system says if it has no thread to give.
    pub(crate) fn start(format: Format) -> io::Result<(Self, Written)> {
        let (lines, queue) = mpsc::channel(QUEUE);
        let (done, written) = oneshot::channel();
        thread::Builder::new().spawn(move || {
            // Whoever does not listen any more has been interrupted.
            let _ = done.send(write_all(queue));
        })?;
        Ok((Self { format, lines }, written))
    }

    /// Writes what the format shows of a step that is not the last.
    pub(crate) async fn step(&self, event: &Event) {
        if self.format != Format::Events {
            return;
        }
        let step = match event {
            Event::Status { job_id, job, next_poll, polls, .. } => Step::Status {
                job_id,
                status: job.as_ref().map(Job::status_text),
                job_type: job.as_ref().and_then(|job| job.job_type.as_deref()),
                next_poll_ms: millis(*next_poll),
                polls: *polls,
            },
            Event::Retry { job_id, error, next_poll, polls, .. } => {
                Step::Retry { job_id, error: trouble(error), next_poll_ms: millis(*next_poll), polls: *polls }
            }
            _ => return,
        };
        self.line(to_json(&Line { v: VERSION, step })).await;
    }

    /// Writes how a job ended.
    pub(crate) async fn verdict(&self, verdict: &Verdict) {
        let line = match self.format {
            Format::Text => text(verdict),
            Format::Json => to_json(&outcome(verdict)),
            Format::Events => to_json(&Line { v: VERSION, step: Step::Outcome(outcome(verdict)) }),
        };
        self.line(line).await;
    }

    async fn line(&self, line: String) {
        // The thread has ended only if the reader has gone, which `Written` tells.
        let _ = self.lines.send(line).await;
    }
}

/// Writes and flushes what there is. Goes on after an error, in case there is room for a shorter line, but not without a
/// reader.
fn write_all(mut lines: mpsc::Receiver<String>) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let mut result = Ok(());
    while let Some(line) = lines.blocking_recv() {
        let mut text = line + "\n";
        // What waits already goes out with it: a hundred thousand jobs may end at once.
        while text.len() < CHUNK
            && let Ok(line) = lines.try_recv()
        {
            text += &line;
            text.push('\n');
        }
        match stderr::around(|| stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Err(error),
            written => result = result.and(written),
        }
    }
    result
}

/// Id, status, type and duration, a blank in none of them; and what went wrong.
fn text(verdict: &Verdict) -> String {
    let job = verdict.job.as_ref();
    let word = |text: Option<&str>| match text.map(one_line) {
        Some(text) if !text.is_empty() => text.replace(' ', "_"),
        _ => "-".to_owned(),
    };
    let mut line = [
        verdict.job_id.clone(),
        word(job.map(Job::status_text)),
        word(job.and_then(|job| job.job_type.as_deref())),
        job.and_then(Job::duration).map_or_else(|| "-".to_owned(), duration),
    ]
    .join("  ");
    if verdict.ending == Ending::Succeeded {
        return line;
    }
    line += "  ";
    line += verdict.ending.text();
    if let Some(reason) = job.and_then(|job| job.fail_reason.as_deref()) {
        line += ": ";
        line += &one_line(reason);
    }
    line
}

/// What is told of a job that is over, for programs.
pub(crate) fn outcome(verdict: &Verdict) -> Outcome<'_> {
    let job = verdict.job.as_ref();
    Outcome {
        job_id: &verdict.job_id,
        outcome: verdict.ending,
        status: job.map(Job::status_text),
        job_type: job.and_then(|job| job.job_type.as_deref()),
        begin_time: job.and_then(|job| job.begin_time).map(since_epoch),
        end_time: job.and_then(|job| job.end_time).map(since_epoch),
        duration_ms: job.and_then(Job::duration).map(millis),
        late_ms: job.and_then(Job::lateness).map(millis),
        fail_reason: job.and_then(|job| job.fail_reason.as_deref()),
        waited_ms: millis(verdict.waited),
        polls: verdict.polls,
        error: verdict.error.as_ref().and_then(last_trouble),
    }
}

/// The trouble behind an error; a job that failed is none, nor is a wait that ran out of time without any.
fn last_trouble(error: &Error) -> Option<Trouble> {
    match error {
        Error::JobFailed(_) => None,
        Error::TimedOut(known) | Error::Unreachable(known) | Error::Abandoned(known) => {
            known.last_error.as_ref().map(trouble)
        }
        error => Some(trouble(error)),
    }
}

fn trouble(error: &Error) -> Trouble {
    match error.service() {
        Some(service) => Trouble {
            http_status: Some(service.http_status),
            code: service.code.clone(),
            message: service.message.clone().unwrap_or_default(),
            request_id: service.request_id.clone(),
        },
        None => Trouble { http_status: None, code: None, message: error.to_string(), request_id: None },
    }
}

fn since_epoch(time: SystemTime) -> u64 {
    // Times of jobs are never before the epoch: they were read as milliseconds since then.
    millis(time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn to_json(value: &impl Serialize) -> String {
    // Nothing in these types can fail to be JSON.
    let text = serde_json::to_string(value).unwrap_or_default();
    // The same string in JSON, and no command to a CI system whose log it is in.
    if text.contains("##") { text.replace("##", r"#\u0023") } else { text }
}
