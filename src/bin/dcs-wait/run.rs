//! The steps of the command, one after another.

use std::io;
use std::time::Duration;

use dcs_wait::{Client, Error, Event, WaitForJobs};
use futures_util::StreamExt as _;

use crate::advice::{self, Advice};
use crate::args::{self, Args};
use crate::exit::Exit;
use crate::explain::explain;
use crate::farewell::{complain, hint};
use crate::github::Report;
use crate::help;
use crate::interruption::interruption;
use crate::output::{Output, Written};
use crate::process::check_descriptors;
use crate::progress::{Show, start_log};
use crate::settings::Settings;
use crate::stderr::say;
use crate::tally::Tally;
use crate::usage::{closing, print, usage, with_names};
use crate::verdict::Verdict;

/// How long an interrupted command goes on writing.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long the poll that is in flight at the deadline may still take.
const LAST_POLL_LIMIT: Duration = Duration::from_secs(5);

pub(crate) fn main() -> Exit {
    let (args, command, matches) = match args::parse() {
        Ok(parsed) => parsed,
        Err(error) => return usage(&error),
    };
    if let Some(shell) = args.completions {
        return print(&help::completions(command, shell), Exit::Success);
    }
    if args.man {
        return print(&help::manual(command), Exit::Success);
    }
    start_log(&args);
    let settings = Settings::resolve(&args);
    let client = settings.client(&args);
    let mut report = Report::start(!args.no_github);
    let is_reported = report.is_some() && !args.explain;
    let refuse = |problem: &str, advice: Option<&str>| {
        say(&format!("error: {problem}"));
        if is_reported {
            Report::refuse(problem, advice);
        }
        if let Some(text) = advice {
            hint(&args, None, text);
        }
        Exit::Usage
    };
    let ids = match client.as_ref().map(|_| args.job_ids()) {
        Ok(Ok(ids)) => ids,
        Ok(Err(problem)) => return refuse(&problem, None),
        Err(_) => Vec::new(),
    };
    let prepared = client.and_then(|client| Ok((args.wait(&client, &ids)?, client)));
    if args.explain {
        let exit = if prepared.is_ok() { Exit::Success } else { Exit::Usage };
        return print(&explain(&args, &settings, &prepared, ids.len()), exit);
    }
    let (wait, client) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return refuse(&with_names(&error, &command), advice::for_setting(&error)),
    };
    if ids.is_empty() {
        report.iter().for_each(|report| report.write(Exit::Success, &settings));
        return Exit::Success;
    }
    let start = || -> io::Result<_> {
        check_descriptors()?;
        Ok((tokio::runtime::Builder::new_current_thread().enable_all().build()?, Output::start(args.output)?))
    };
    let (runtime, output) = match start() {
        Ok(started) => started,
        Err(error) => return refuse(&format!("cannot start: {error}"), None),
    };
    let (ending, exit) = runtime.block_on(run((&args, &settings), &client, (wait, ids), output, &mut report));
    match ending {
        Err(error) => return refuse(&with_names(&error, &command), None),
        Ok(tally) if exit != Exit::ClosedPipe => complain(&tally, exit, &settings, &args, (&command, &matches)),
        Ok(_) => {}
    }
    if let Some(report) = report {
        report.write(exit, &settings);
    }
    exit
}

/// Waits for all jobs, and writes each verdict when it is known.
///
/// # Errors
///
/// What turns out to be missing or not usable before the waiting can begin.
async fn run(
    (args, settings): (&Args, &Settings),
    client: &Client,
    (wait, ids): (WaitForJobs, Vec<String>),
    (output, mut written): (Output, Written),
    report: &mut Option<Report>,
) -> (Result<Tally, Error>, Exit) {
    let mut show = Show::begin(args, &ids);
    let mut interrupted = std::pin::pin!(interruption());
    let mut interrupt = None;
    let mut tally = Tally::default();
    let mut note = |verdict: &Verdict| {
        if let Some(report) = report {
            report.add(verdict);
        }
    };

    // What takes the network is found out before any wait begins, but not for longer than the waits would last.
    let ready = tokio::select! {
        biased;
        exit = &mut interrupted => {
            interrupt = Some(exit);
            Ok(())
        }
        ready = tokio::time::timeout(args.timeout + LAST_POLL_LIMIT, client.ready()) => ready.unwrap_or(Ok(())),
        never = show.beat() => match never {},
    };
    match ready {
        Ok(()) => {}
        Err(error @ Error::Invalid(_)) => return (Err(error), Exit::Usage),
        Err(error) => {
            say(&format!("error: the project cannot be looked up: {error}; --project-id makes that needless"));
            if let Some(advice) = Advice::of_error(&error, "") {
                hint(args, None, &advice.text(settings));
            }
            for id in ids {
                let verdict = Verdict::not_begun(id, &error);
                show.end(&verdict);
                output.verdict(&verdict).await;
                tally.add(&verdict);
                note(&verdict);
            }
            let exit = close(output, written, tally.exit(false)).await;
            return (Ok(Tally::default()), exit);
        }
    }

    let mut events = wait.events();
    if interrupt.is_some() {
        events.stop();
    }
    loop {
        let event = tokio::select! {
            biased;
            exit = &mut interrupted, if interrupt.is_none() => {
                interrupt = Some(exit);
                events.stop();
                continue;
            }
            // An interruption goes before a reader that has gone.
            _ = &mut written, if interrupt.is_none() => return (Ok(tally), Exit::ClosedPipe),
            event = events.next() => event,
            // Last: there may be a hundred thousand events, and only silence needs a timer.
            never = show.beat() => match never {},
        };
        match event {
            None => break,
            Some(Event::Outcome(outcome)) => {
                let verdict = Verdict::of(outcome, interrupt.is_some(), args.timeout.is_zero());
                show.end(&verdict);
                tally.add(&verdict);
                note(&verdict);
                if interrupt.is_none() {
                    output.verdict(&verdict).await;
                } else if tokio::time::timeout(PATIENCE, output.verdict(&verdict)).await.is_err() {
                    // What nobody reads now has no reader.
                    break;
                }
            }
            Some(event) => {
                show.show(&event);
                output.step(&event).await;
            }
        }
    }
    let closing = close(output, written, tally.exit(args.any));
    let exit = match interrupt {
        Some(exit) => {
            let _ = tokio::time::timeout(PATIENCE, closing).await;
            exit
        }
        None => tokio::select! {
            biased;
            exit = &mut interrupted => exit,
            exit = closing => exit,
        },
    };
    tally.sort(&ids);
    if exit != Exit::ClosedPipe {
        show.finish(&tally);
    }
    (Ok(tally), exit)
}

/// Waits until all is written; how the command ends then.
async fn close(output: Output, written: Written, exit: Exit) -> Exit {
    drop(output);
    closing(exit, written.await.unwrap_or(Ok(())))
}
