//! What is told about the command: its version, what stands below the options in `-h` and `--help`, the scripts that complete
//! its options, and its manual page.

use std::io;

use clap::Command;
use clap_complete::{Shell, generate};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

/// With the commit, if it is known.
pub(crate) const VERSION: &str = env!("DCS_WAIT_VERSION");

/// Below the options of `-h`.
pub(crate) const SHORT: &str = "\
D: a number and a unit, such as 90s, 15m, 1h30m.

Exit status: 0 success, 1 a job failed, 2 usage, 3 denied, 4 no such job, 5 no usable answer, 124 out of time, \
130 or 143 interrupted. --help lists every option, with examples.";

/// Below the options of `--help`.
pub(crate) const LONG: &str = "\
Examples:
  dcs-wait --region cn-north-4 --timeout 15m ff8080818822bbf70188235afc24141a
  start-the-operation | dcs-wait -     the job of an operation's answer
  dcs-wait --fail-fast JOB_ID JOB_ID   side by side, until one does not succeed
  dcs-wait -o json JOB_ID | jq .outcome
  dcs-wait --explain                   which credentials, region and project would be used

Exit status:
  0    every job succeeded (with --any: one did)
  1    a job failed
  2    usage or configuration: bad option, no credentials, unreadable id
  3    denied: authentication or permission
  4    no such job, or the service rejects the request
  5    no usable answer: unreachable or unavailable for longer than allowed, certificate not trusted
  124  the deadline passed and a job was still unfinished
  130  interrupted (SIGINT)
  143  terminated (SIGTERM)
With several jobs the lowest of 1, 3, 4, 5, 124 wins; those that --any or --fail-fast gave up do not count; \
an interruption always gives 130 or 143.";

/// The script that completes the options in this shell.
pub(crate) fn completions(mut command: Command, shell: Shell) -> String {
    let mut script = Vec::new();
    generate(shell, &mut command, "dcs-wait", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The manual page: the long help, its sections in the order that is usual there.
pub(crate) fn manual(command: Command) -> String {
    let mut text = Vec::new();
    // Nothing that is written to memory fails.
    let _ = write_manual(command, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

fn write_manual(command: Command, text: &mut Vec<u8>) -> io::Result<()> {
    let (examples, statuses) = LONG.split_once("\n\n").unwrap_or(("", LONG));
    let page = Man::new(
        command.mut_args(|arg| arg.hide_short_help(false)).after_help(None::<&str>).after_long_help(None::<&str>),
    );
    page.render_title(text)?;
    page.render_name_section(text)?;
    page.render_synopsis_section(text)?;
    page.render_description_section(text)?;
    page.render_options_section(text)?;
    for (name, section) in [("EXIT STATUS", statuses), ("EXAMPLES", examples)] {
        // Without its own first line.
        verbatim(name, section.split_once('\n').map_or(section, |(_, rows)| rows)).to_writer(text)?;
    }
    page.render_version_section(text)
}

/// A section whose lines stay as they are.
fn verbatim(name: &str, text: &str) -> Roff {
    let mut section = Roff::new();
    section.control("SH", [name]).control("nf", []);
    for line in text.lines() {
        section.text([roman(line)]);
    }
    section.control("fi", []);
    section
}
