//! The steps of the command, one after another.

use std::collections::HashSet;
use std::io;
use std::time::Duration;

use clap::{ArgMatches, Command};
use dcs_wait::{Error, WaitForJob};
use futures_util::StreamExt as _;
use futures_util::stream::select_all;

use crate::args::{self, Args};
use crate::board::{Board, Verdict};
use crate::exit::Exit;
use crate::output::Output;
use crate::progress::{Lines, say, start_log};
use crate::resume;

/// The verdicts over more jobs than this are summed up.
const MANY: usize = 10;
/// How long an interrupted command goes on writing.
const PATIENCE: Duration = Duration::from_secs(1);

pub(crate) fn main() -> Exit {
    let (args, command, matches) = match args::parse() {
        Ok(parsed) => parsed,
        Err(error) => return usage(&error),
    };
    start_log(&args);
    let waits = match args.waits() {
        Ok(waits) => waits,
        Err(error) => {
            say(&format!("error: {}", with_option_name(&error, &command)));
            return Exit::Usage;
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(&format!("error: cannot start: {error}"));
            return Exit::Usage;
        }
    };
    let (verdicts, exit) = runtime.block_on(wait(&args, waits));
    // A name that is being looked up must not keep the command from its end.
    runtime.shutdown_background();
    if exit != Exit::ClosedPipe {
        complain(&verdicts, &command, &matches);
    }
    exit
}

/// Waits for all jobs, writes each verdict when it is known, and gives them all.
async fn wait(args: &Args, waits: Vec<(String, WaitForJob)>) -> (Vec<Verdict>, Exit) {
    let mut lines = Lines::new(args);
    lines.begin(waits.len(), args.timeout);
    let (ids, waits): (Vec<_>, Vec<_>) = waits.into_iter().unzip();
    let mut board = Board::new(ids);
    let mut verdicts: Vec<Verdict> = Vec::new();
    let mut said = 0;
    let (output, mut written) = Output::start(args.output);
    let mut interruption = std::pin::pin!(interruption());

    let follow = async {
        let mut events = select_all(waits.into_iter().map(WaitForJob::events));
        while let Some(event) = events.next().await {
            lines.show(&event);
            output.step(&event).await;
            if let Some(verdict) = board.note(event) {
                verdicts.push(verdict);
                output.verdict(&verdicts[said]).await;
                said += 1;
            }
        }
    };
    let interrupted = tokio::select! {
        biased;
        exit = &mut interruption => Some(exit),
        _ = &mut written => return (verdicts, Exit::ClosedPipe),
        () = follow => None,
    };
    verdicts.extend(board.interrupt());
    let rest = async {
        for verdict in &verdicts[said..] {
            output.verdict(verdict).await;
        }
        drop(output);
        written.await.unwrap_or(Ok(()))
    };
    if let Some(exit) = interrupted {
        // What cannot be written soon has no reader.
        let _ = tokio::time::timeout(PATIENCE, rest).await;
        return (verdicts, exit);
    }
    let exit = Exit::of(verdicts.iter().map(Verdict::exit));
    tokio::select! {
        biased;
        exit = &mut interruption => (verdicts, exit),
        written = rest => match written {
            Ok(()) => (verdicts, exit),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => (verdicts, Exit::ClosedPipe),
            Err(error) => {
                say(&format!("error: cannot write standard output: {error}"));
                (verdicts, if exit == Exit::Success { Exit::Usage } else { exit })
            }
        },
    }
}

/// Resolves when the user or the system wants the command to end.
async fn interruption() -> Exit {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let (Ok(mut interrupt), Ok(mut terminate)) =
            (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        {
            return tokio::select! {
                _ = interrupt.recv() => Exit::Interrupted,
                _ = terminate.recv() => Exit::Terminated,
            };
        }
    }
    match tokio::signal::ctrl_c().await {
        Ok(()) => Exit::Interrupted,
        Err(_) => std::future::pending().await,
    }
}

/// Says what went wrong, and how to go on.
fn complain(verdicts: &[Verdict], command: &Command, matches: &ArgMatches) {
    let complaints: Vec<&str> = verdicts.iter().filter_map(|verdict| verdict.complaint.as_deref()).collect();
    if complaints.len() > MANY {
        let count = |exit| verdicts.iter().filter(|verdict| verdict.exit() == exit).count();
        let kinds = [
            (Exit::JobFailed, "failed"),
            (Exit::Denied, "denied"),
            (Exit::Rejected, "not found or rejected"),
            (Exit::Unreachable, "without a usable answer"),
            (Exit::TimedOut, "out of time"),
            (Exit::Interrupted, "interrupted"),
        ];
        let counts = kinds.map(|(exit, text)| (count(exit), text));
        let counts: Vec<String> =
            counts.iter().filter(|(n, _)| *n > 0).map(|(n, text)| format!("{n} {text}")).collect();
        say(&format!("error: of {} jobs {}; the first: {}", verdicts.len(), counts.join(", "), complaints[0]));
    } else {
        for complaint in complaints {
            say(&format!("error: {complaint}"));
        }
    }
    let open: HashSet<&str> = verdicts.iter().filter(|it| it.can_be_resumed()).map(|it| it.job_id.as_str()).collect();
    if !open.is_empty() {
        say(&format!("to take up the wait again: {}", resume::command_line(command, matches, &open)));
    }
}

/// Help and version on standard output; anything else as one line on standard error.
fn usage(error: &clap::Error) -> Exit {
    if !error.use_stderr() {
        return match error.print() {
            Ok(()) => Exit::Success,
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::ClosedPipe,
            Err(error) => {
                say(&format!("error: cannot write standard output: {error}"));
                Exit::Usage
            }
        };
    }
    let text = error.render().to_string();
    let text = text.split("\n\nUsage:").next().unwrap_or_default();
    let text = text.split("\n\nFor more information").next().unwrap_or_default();
    let words: Vec<&str> = text.split_whitespace().collect();
    say(&format!("{}; see dcs-wait --help", words.join(" ")));
    Exit::Usage
}

/// The library names settings as the command names options.
fn with_option_name(error: &Error, command: &Command) -> String {
    match error {
        Error::Invalid(input) if command.get_arguments().any(|arg| arg.get_long() == Some(&input.name)) => {
            format!("--{input}")
        }
        _ => error.to_string(),
    }
}
