//! The command `dcs-wait`: blocks until DCS jobs are over and says how they ended. It reaches only the library's public
//! API.

mod advice;
mod args;
mod exit;
mod explain;
mod farewell;
mod github;
mod help;
mod ids;
mod interruption;
mod output;
mod process;
mod progress;
mod refusal;
mod resume;
mod run;
mod settings;
mod stderr;
mod tally;
mod usage;
mod verdict;

use std::process::ExitCode;

fn main() -> ExitCode {
    process::leave_no_core_file();
    let exit = run::main();
    stderr::finish();
    exit.into()
}
