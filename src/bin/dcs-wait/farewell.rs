//! The last lines on standard error: what went wrong, to which job, what to do about it, and how to go on.

use clap::{ArgMatches, Command};

use crate::args::Args;
use crate::exit::Exit;
use crate::resume;
use crate::settings::Settings;
use crate::stderr::say;
use crate::tally::Tally;

/// Says what went wrong, what to do about it, and how to go on.
pub(crate) fn complain(tally: &Tally, exit: Exit, settings: &Settings, args: &Args, given: (&Command, &ArgMatches)) {
    let is_success = exit == Exit::Success;
    // With --any, what did not succeed is nothing that ends the command.
    let level = if is_success { "note" } else { "error" };
    for complaint in tally.complaints().iter().filter(|_| !is_success || !args.quiet) {
        say(&format!("{level}: {complaint}"));
    }
    if is_success {
        return;
    }
    for (advice, whose) in tally.advice() {
        hint(args, whose.as_deref(), &advice.text(settings));
    }
    if let (true, false, Some(origin)) = (tally.has_denied(), args.quiet, settings.origin()) {
        say(&format!("the credentials are those of {origin}"));
    }
    let (command, matches) = given;
    match tally.open() {
        Ok([]) => {}
        Ok(ids) => say(&format!("to take up the wait again: {}", resume::command_line(command, matches, ids))),
        Err(count) => say(&format!(
            "to take up the wait for the {count} jobs that are not over, give their ids to: {}",
            resume::command_line(command, matches, &["-".to_owned()])
        )),
    }
}

/// What to do about it, and for which jobs if not for all; not a part of the error itself.
pub(crate) fn hint(args: &Args, whose: Option<&str>, text: &str) {
    if !args.quiet {
        let whose = whose.map(|whose| format!(" {whose}")).unwrap_or_default();
        say(&format!("hint{whose}: {text}"));
    }
}
