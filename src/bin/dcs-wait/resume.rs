//! The command line that takes up a wait again: all options that were given, but no time for one look only, and the jobs
//! that are not over.

use std::time::Duration;

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

/// Quoted for a POSIX shell. No option holds a secret.
pub(crate) fn command_line(command: &Command, matches: &ArgMatches, ids: &[String]) -> String {
    let mut words = vec![command.get_name().to_owned()];
    for arg in command.get_arguments() {
        let id = arg.get_id().as_str();
        let (Some(long), Some(ValueSource::CommandLine)) = (arg.get_long(), matches.value_source(id)) else {
            continue;
        };
        if id == "timeout" && matches.get_one(id).is_some_and(Duration::is_zero) {
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
