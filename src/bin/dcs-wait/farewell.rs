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
    for complaint in tally.complaints() {
        say(&format!("error: {complaint}"));
    }
    if exit != Exit::Success {
        tally.advice().iter().for_each(|advice| hint(args, &advice.text(settings)));
    }
    if let (true, Some(origin)) = (tally.has_denied(), settings.origin()) {
        say(&format!("the credentials are those of {origin}"));
    }
    let (command, matches) = given;
    match tally.open() {
        _ if exit == Exit::Success => {}
        Ok([]) => {}
        Ok(ids) => say(&format!("to take up the wait again: {}", resume::command_line(command, matches, ids))),
        Err(count) => say(&format!(
            "to take up the wait for the {count} jobs that are not over, give their ids to: {}",
            resume::command_line(command, matches, &["-".to_owned()])
        )),
    }
}

/// What to do about it; not a part of the error itself.
pub(crate) fn hint(args: &Args, text: &str) {
    if !args.quiet {
        say(&format!("hint: {text}"));
    }
}
