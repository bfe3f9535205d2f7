//! The command `dcs-wait`: blocks until DCS jobs are over and says how they ended. It reaches only the library's public
//! API.

mod args;
mod board;
mod exit;
mod explain;
mod output;
mod progress;
mod resume;
mod run;
mod settings;
mod stderr;

use std::process::ExitCode;

fn main() -> ExitCode {
    let exit = run::main();
    stderr::finish();
    exit.into()
}
