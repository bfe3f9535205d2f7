//! Standard error: what goes on, for people. A line whenever something changes; all about the log of the library.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use dcs_wait::Event;
use dcs_wait::text::{duration, one_line};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::args::{Args, Progress};
use crate::stderr::{Log, note};
use crate::tally::{MANY, Tally};
use crate::verdict::{Ending, Verdict};

/// How often the lines about many jobs are, at most.
const PAUSE: Duration = Duration::from_secs(10);
/// So many of many jobs that did not succeed are named.
const NAMED: usize = 5;

/// Lines about the progress: of a few jobs one whenever something changes, of many what they make together.
#[derive(Debug)]
pub(crate) struct Lines {
    shown: bool,
    begun: Instant,
    jobs: usize,
    states: HashMap<String, State>,
    over: usize,
    failed: usize,
    last: Instant,
}

/// What was last shown of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Answered(String),
    Trouble,
}

impl Lines {
    pub(crate) fn new(args: &Args, jobs: usize) -> Self {
        let shown = match args.progress {
            Progress::Auto | Progress::Plain => !args.quiet,
            Progress::None => false,
        };
        let begun = Instant::now();
        Self { shown, begun, jobs, states: HashMap::new(), over: 0, failed: 0, last: begun }
    }

    pub(crate) fn begin(&self, timeout: Duration) {
        let jobs = if self.jobs == 1 { "1 job".to_owned() } else { format!("{} jobs", self.jobs) };
        if timeout.is_zero() {
            self.line(&format!("looking once at {jobs}"));
        } else {
            self.line(&format!("waiting for {jobs}, at most {}", duration(timeout)));
        }
    }

    /// Shows what an event changes.
    pub(crate) fn show(&mut self, event: &Event) {
        let state = match event {
            Event::Status { job: Some(job), .. } => State::Answered(one_line(job.status_text())),
            Event::Status { job: None, .. } => State::Answered("not visible yet".to_owned()),
            Event::Retry { .. } => State::Trouble,
            _ => return,
        };
        if !self.shown {
            return;
        }
        let before = self.states.insert(event.job_id().to_owned(), state.clone());
        if self.jobs > MANY {
            return self.show_counts();
        }
        if before.as_ref() == Some(&state) {
            return;
        }
        let text = match (state, event) {
            (State::Answered(status), _) if before == Some(State::Trouble) => format!("answered again: {status}"),
            (State::Answered(status), _) => status,
            (State::Trouble, Event::Retry { error, .. }) => format!("{error}; asking again"),
            (State::Trouble, _) => return,
        };
        self.line(&format!("{}  {text}", event.job_id()));
    }

    /// Notes how a job ended.
    pub(crate) fn end(&mut self, verdict: &Verdict) {
        self.states.remove(&verdict.job_id);
        self.over += 1;
        if self.jobs <= MANY {
            return;
        }
        if !matches!(verdict.ending, Ending::Succeeded | Ending::Abandoned | Ending::Interrupted) {
            self.failed += 1;
            if let Some(complaint) = verdict.complaint().filter(|_| self.failed <= NAMED) {
                self.line(&complaint);
            }
        }
        self.show_counts();
    }

    /// Shows how many jobs ended how, and how late that was seen, if they are many.
    pub(crate) fn finish(&self, tally: &Tally) {
        if self.jobs > MANY {
            let late = tally.lateness().map(|text| format!("; {text}")).unwrap_or_default();
            self.line(&format!("{} jobs: {}{late}", tally.total(), tally.counts()));
        }
    }

    fn show_counts(&mut self) {
        if self.last.elapsed() < PAUSE || !self.shown {
            return;
        }
        self.last = Instant::now();
        let mut counts = BTreeMap::new();
        for state in self.states.values() {
            let text = match state {
                State::Answered(status) => status,
                State::Trouble => "in trouble",
            };
            *counts.entry(text).or_insert(0_usize) += 1;
        }
        let mut text = format!("{} of {} jobs over", self.over, self.jobs);
        if self.failed > 0 {
            text += &format!(", {} of them not well", self.failed);
        }
        for (status, count) in counts {
            text += &format!("; {count} {status}");
        }
        self.line(&text);
    }

    fn line(&self, text: &str) {
        if self.shown {
            note(&format!("{:>6}  {text}", duration(self.begun.elapsed())));
        }
    }
}

/// Sends the library's log to standard error, as RUST_LOG says or else `-q` and `-v`.
pub(crate) fn start_log(args: &Args) {
    let targets = match std::env::var("RUST_LOG").ok().and_then(|text| text.parse::<Targets>().ok()) {
        _ if args.quiet => return,
        Some(targets) => targets,
        None => match args.verbose {
            // The lines about the progress say what is logged of it.
            0 => Targets::new().with_default(LevelFilter::WARN).with_target("dcs_wait::running", LevelFilter::ERROR),
            1 => Targets::new().with_default(LevelFilter::WARN).with_target("dcs_wait", LevelFilter::DEBUG),
            _ => Targets::new().with_default(LevelFilter::TRACE),
        },
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(|| Log).with_ansi(false);
    let registry = tracing_subscriber::registry().with(targets);
    if args.verbose == 0 && std::env::var_os("RUST_LOG").is_none() {
        registry.with(lines.without_time().with_target(false)).init();
    } else {
        registry.with(lines).init();
    }
}
