//! Standard error: what goes on, for people. A line whenever something changes; all about the log of the library.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use dcs_wait::Event;
use dcs_wait::text::{duration, one_line};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::args::{Args, Progress};
use crate::stderr::{Log, note};

/// Lines about the progress.
#[derive(Debug)]
pub(crate) struct Lines {
    shown: bool,
    begun: Instant,
    states: HashMap<String, State>,
}

/// What was last shown of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Answered(String),
    Trouble,
}

impl Lines {
    pub(crate) fn new(args: &Args) -> Self {
        let shown = match args.progress {
            Progress::Auto | Progress::Plain => !args.quiet,
            Progress::None => false,
        };
        Self { shown, begun: Instant::now(), states: HashMap::new() }
    }

    pub(crate) fn begin(&self, jobs: usize, timeout: Duration) {
        let jobs = if jobs == 1 { "1 job".to_owned() } else { format!("{jobs} jobs") };
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
        let before = self.states.insert(event.job_id().to_owned(), state.clone());
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
