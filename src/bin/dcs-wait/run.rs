//! The steps of the command, one after another.

use std::collections::HashSet;
use std::io::{self, Write as _};
use std::time::Duration;

use clap::{ArgMatches, Command};
use dcs_wait::{Client, Error, WaitForJob};
use futures_util::StreamExt as _;
use futures_util::stream::select_all;

use crate::args::{self, Args};
use crate::board::{Board, Verdict};
use crate::exit::Exit;
use crate::explain::explain;
use crate::output::Output;
use crate::progress::{Lines, start_log};
use crate::resume;
use crate::settings::Settings;
use crate::stderr::say;

/// The verdicts over more jobs than this are summed up.
const MANY: usize = 10;
/// How long an interrupted command goes on writing.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long the poll that is in flight at the deadline may still take.
const LAST_POLL_LIMIT: Duration = Duration::from_secs(5);

pub(crate) fn main() -> Exit {
    let (args, command, matches) = match args::parse() {
        Ok(parsed) => parsed,
        Err(error) => return usage(&error),
    };
    start_log(&args);
    let settings = Settings::resolve(&args);
    let client = settings.client(&args);
    let prepared = client.and_then(|client| Ok((args.waits(&client)?, client)));
    if args.explain {
        let prepared = prepared.and_then(|(waits, client)| {
            // Every wait has the same options.
            let wait = args.wait(&client, "any");
            wait.check()?;
            Ok((client, wait, waits.len()))
        });
        let exit = if prepared.is_ok() { Exit::Success } else { Exit::Usage };
        return print(&explain(&args, &settings, &prepared), exit);
    }
    let (waits, client) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            say(&format!("error: {}", with_names(&error, &command)));
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
    let (ending, exit) = runtime.block_on(wait(&args, &client, waits));
    // A name that is being looked up must not keep the command from its end.
    runtime.shutdown_background();
    match ending {
        Err(error @ Error::Invalid(_)) => say(&format!("error: {}", with_names(&error, &command))),
        Err(error) => {
            say(&format!("error: the project cannot be looked up: {error}; --project-id makes that needless"))
        }
        Ok(verdicts) if exit != Exit::ClosedPipe => complain(&verdicts, &settings, &command, &matches),
        Ok(_) => {}
    }
    exit
}

/// Waits for all jobs, writes each verdict when it is known, and gives them all; or why the waiting could not begin.
async fn wait(args: &Args, client: &Client, waits: Vec<(String, WaitForJob)>) -> (Result<Vec<Verdict>, Error>, Exit) {
    let mut lines = Lines::new(args);
    lines.begin(waits.len(), args.timeout);
    let (ids, waits): (Vec<_>, Vec<_>) = waits.into_iter().unzip();
    let mut board = Board::new(ids);
    let mut verdicts: Vec<Verdict> = Vec::new();
    let mut said = 0;
    let (output, mut written) = Output::start(args.output);
    let mut interruption = std::pin::pin!(interruption());

    let follow = async {
        // What takes the network is found out before any wait begins, but not for longer than the waits would last.
        let ready = tokio::time::timeout(args.timeout + LAST_POLL_LIMIT, client.ready()).await;
        if let Ok(Err(error)) = ready {
            return Err(error);
        }
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
        Ok(())
    };
    let (interrupted, followed) = tokio::select! {
        biased;
        exit = &mut interruption => (Some(exit), Ok(())),
        _ = &mut written => return (Ok(verdicts), Exit::ClosedPipe),
        followed = follow => (None, followed),
    };
    match followed {
        Err(error @ Error::Invalid(_)) => return (Err(error), Exit::Usage),
        Err(error) => {
            say(&format!("error: the project cannot be looked up: {error}; --project-id makes that needless"));
            verdicts.extend(board.give_up(&error));
        }
        Ok(()) => verdicts.extend(board.interrupt()),
    }
    let rest = async {
        for verdict in &verdicts[said..] {
            output.verdict(verdict).await;
        }
        drop(output);
        written.await.unwrap_or(Ok(()))
    };
    let exit = match interrupted {
        Some(exit) => {
            // What cannot be written soon has no reader.
            let _ = tokio::time::timeout(PATIENCE, rest).await;
            exit
        }
        None => tokio::select! {
            biased;
            exit = &mut interruption => exit,
            written = rest => closing(Exit::of(verdicts.iter().map(Verdict::exit)), written),
        },
    };
    (Ok(verdicts), exit)
}

/// How a run ends whose output was written like this.
fn closing(exit: Exit, written: io::Result<()>) -> Exit {
    match written {
        Ok(()) => exit,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::ClosedPipe,
        Err(error) => {
            say(&format!("error: cannot write standard output: {error}"));
            if exit == Exit::Success { Exit::Usage } else { exit }
        }
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
fn complain(verdicts: &[Verdict], settings: &Settings, command: &Command, matches: &ArgMatches) {
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
    if let (true, Some(origin)) = (verdicts.iter().any(|it| it.exit() == Exit::Denied), settings.origin()) {
        say(&format!("the credentials are those of {origin}"));
    }
    let open: HashSet<&str> = verdicts.iter().filter(|it| it.can_be_resumed()).map(|it| it.job_id.as_str()).collect();
    if !open.is_empty() {
        say(&format!("to take up the wait again: {}", resume::command_line(command, matches, &open)));
    }
}

/// Help and version on standard output; anything else as one line on standard error.
fn usage(error: &clap::Error) -> Exit {
    let text = error.render().to_string();
    if !error.use_stderr() {
        return print(text.trim_end(), Exit::Success);
    }
    let text = text.split("\n\nUsage:").next().unwrap_or_default();
    let text = text.split("\n\nFor more information").next().unwrap_or_default();
    let words: Vec<&str> = text.split_whitespace().collect();
    say(&format!("{}; see dcs-wait --help", words.join(" ").replace(" tip: ", "; tip: ")));
    Exit::Usage
}

/// Prints a text that is all there is to say.
fn print(text: &str, exit: Exit) -> Exit {
    let mut stdout = io::stdout().lock();
    closing(exit, writeln!(stdout, "{text}").and_then(|()| stdout.flush()))
}

/// The library names settings as the command names options; some have variables as well.
fn with_names(error: &Error, command: &Command) -> String {
    let Error::Invalid(input) = error else { return error.to_string() };
    // Credentials are never an option, only where to find them is.
    let is_option =
        input.name != "credentials" && command.get_arguments().any(|arg| arg.get_long() == Some(&input.name));
    let variables = match input.name.as_str() {
        _ if !input.problem.starts_with("not given") => "",
        "region" => " (or HW_REGION_NAME, OS_REGION_NAME)",
        "project-id" => " (or HUAWEICLOUD_SDK_PROJECT_ID, HW_PROJECT_ID, OS_PROJECT_ID)",
        _ => "",
    };
    format!("{}{}{variables}: {}", if is_option { "--" } else { "" }, input.name, input.problem)
}
