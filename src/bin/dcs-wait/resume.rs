//! The command line that takes up a wait again: all options that were given, but the default time instead of one look only,
//! and the jobs that are not over.

use std::time::Duration;

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

/// Quoted for a POSIX shell. No option holds a secret.
pub(crate) fn command_line(command: &Command, matches: &ArgMatches, ids: &[String]) -> String {
    let mut words = vec![command.get_name().to_owned()];
    for arg in command.get_arguments() {
        let id = arg.get_id().as_str();
        let Some(long) = arg.get_long() else { continue };
        // Said even if it came from a variable, which is still there.
        if id == "timeout" && matches.get_one(id).is_some_and(Duration::is_zero) {
            words.push(format!("--{long}"));
            words.extend(arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()));
            continue;
        }
        if matches.value_source(id) != Some(ValueSource::CommandLine) {
            continue;
        }
        if arg.get_action().takes_values() {
            let values = matches.get_raw(id).into_iter().flatten();
            words.extend(values.flat_map(|value| [format!("--{long}"), value.to_string_lossy().into_owned()]));
        } else {
            words.push(format!("--{long}"));
        }
    }
    if ids.iter().any(|id| id.len() > 1 && id.starts_with('-')) {
        words.push("--".to_owned());
    }
    let words = words.iter().chain(ids).map(String::as_str);
    // Only a NUL cannot be quoted, and no argument can have one.
    shlex::try_join(words).unwrap_or_default()
}
