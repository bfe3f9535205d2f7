//! What is said when nothing is waited for: help, and what is wrong with the command line; and how the command ends whose
//! standard output was written, or not.

use std::io::{self, Write as _};

use clap::Command;
use dcs_wait::Error;

use crate::exit::Exit;
use crate::github::Report;
use crate::stderr::say;

/// Help and version on standard output; anything else as one line on standard error.
pub(crate) fn usage(error: &clap::Error) -> Exit {
    let text = error.render().to_string();
    if !error.use_stderr() {
        return print(text.trim_end(), Exit::Success);
    }
    let text = text.split("\n\nUsage:").next().unwrap_or_default();
    let text = text.split("\n\nFor more information").next().unwrap_or_default();
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = format!("{}; see dcs-wait --help", words.join(" ").replace(" tip: ", "; tip: "));
    say(&line);
    // What was said of it could not be read with the rest.
    if Report::start(std::env::args_os().all(|arg| arg != "--no-github")).is_some() {
        Report::refuse(line.trim_start_matches("error: "), None);
    }
    Exit::Usage
}

/// Prints a text that is all there is to say.
pub(crate) fn print(text: &str, exit: Exit) -> Exit {
    let mut stdout = io::stdout().lock();
    closing(exit, writeln!(stdout, "{text}").and_then(|()| stdout.flush()))
}

/// The library names settings as the command names options; some have variables as well.
pub(crate) fn with_names(error: &Error, command: &Command) -> String {
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

/// How a run ends whose output was written like this.
pub(crate) fn closing(exit: Exit, written: io::Result<()>) -> Exit {
    match written {
        Ok(()) => exit,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::ClosedPipe,
        Err(error) => {
            say(&format!("error: cannot write standard output: {error}"));
            if exit == Exit::Success { Exit::Usage } else { exit }
        }
    }
}
