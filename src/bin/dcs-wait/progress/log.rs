//! The log of the library, on standard error.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::args::Args;
use crate::stderr::Log;

/// Sends the library's log to standard error, as RUST_LOG says or else `-q` and `-v`.
pub(crate) fn start_log(args: &Args) {
    let targets = match std::env::var("RUST_LOG").ok().and_then(|text| text.parse::<Targets>().ok()) {
        _ if args.quiet => return,
        Some(targets) => targets,
        None => match args.verbose {
            // The lines about the progress say what is logged of it.
            0 => Targets::new().with_default(LevelFilter::WARN).with_target("dcs_wait::running", LevelFilter::ERROR),
            1 => Targets::new().with_default(LevelFilter::WARN).with_target("dcs_wait", LevelFilter::DEBUG),
            _ => Targets::new().with_default(LevelFilter::TRACE),
        },
    };
    let lines = tracing_subscriber::fmt::layer().with_ansi(false);
    let registry = tracing_subscriber::registry().with(targets);
    if args.verbose == 0 && std::env::var_os("RUST_LOG").is_none() {
        // Warnings look like what else is said.
        let lines = lines
            .with_writer(|| Log { start: "dcs-wait: warning: " })
            .without_time()
            .with_target(false)
            .with_level(false);
        registry.with(lines).init();
    } else {
        registry.with(lines.with_writer(|| Log { start: "" })).init();
    }
}
