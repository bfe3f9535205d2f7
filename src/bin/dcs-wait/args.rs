//! The command line: what may be said, and its way into the library's types.

mod choices;
mod values;

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::builder::Resettable;
use clap::{ArgAction, ArgMatches, Command, CommandFactory as _, FromArgMatches as _, Parser, ValueHint};
use clap_complete::Shell;
use dcs_wait::{Client, Error, WaitForJobs};

pub(crate) use self::choices::{Format, Progress, Source};
use self::values::{boolish, duration};
use crate::{help, ids};

/// Wait until jobs of Huawei Cloud's Distributed Cache Service (DCS) are really over, and say exactly how they ended
///
/// An operation on a cache gives a job id and goes on by itself. This command blocks until the job is over. Its exit status
/// and one line a job on standard output say how it ended; everything else goes to standard error.
///
/// Credentials are never options. They come from environment variables (HUAWEICLOUD_SDK_AK with HUAWEICLOUD_SDK_SK, or
/// HW_ACCESS_KEY with HW_SECRET_KEY, or HW_AUTH_TOKEN, and more: see README), else from the profile of the SDKs
/// (~/.huaweicloud/credentials), else from that of KooCLI (~/.hcloud/config.json). --explain tells which are used.
///
/// D is a duration: a number and a unit, such as 90s, 15m, 1h30m.
#[derive(Debug, Parser)]
#[command(name = "dcs-wait", version = help::VERSION, max_term_width = 100, args_override_self = true)]
#[command(after_help = help::SHORT, after_long_help = help::LONG)]
pub(crate) struct Args {
    /// Jobs to wait for, side by side; - reads more from standard input, as words or as the operations' answers
    #[arg(value_name = "JOB_ID", required_unless_present_any = ["explain", "completions", "man", "allow_empty"])]
    #[arg(value_hint = ValueHint::Other)]
    job_ids: Vec<String>,

    /// One deadline over all jobs; 0 looks at each job once
    ///
    /// Where --max-rate does not allow all jobs by then, each is still looked at at least once, later: --explain tells when.
    #[arg(short, long, value_name = "D", default_value = "30m", value_parser = duration)]
    #[arg(env = "DCS_WAIT_TIMEOUT", help_heading = "Waiting")]
    pub(crate) timeout: Duration,

    /// Done as soon as one job succeeded
    #[arg(long, env = "DCS_WAIT_ANY", value_parser = boolish(), help_heading = "Waiting")]
    pub(crate) any: bool,

    /// Stop at the first job that did not succeed; with --any: at the first that is over
    #[arg(long, env = "DCS_WAIT_FAIL_FAST", value_parser = boolish(), help_heading = "Waiting")]
    fail_fast: bool,

    /// No id on standard input is success: there was nothing to do
    #[arg(long, env = "DCS_WAIT_ALLOW_EMPTY", value_parser = boolish(), help_heading = "Waiting")]
    allow_empty: bool,

    /// How long such a job usually takes, from its beginning: fewer polls before, more around it
    #[arg(long, value_name = "D", value_parser = duration)]
    #[arg(env = "DCS_WAIT_EXPECT", help_heading = "Waiting", hide_short_help = true)]
    pub(crate) expect: Option<Duration>,

    /// First pause between polls
    #[arg(long, value_name = "D", default_value = "1s", value_parser = duration)]
    #[arg(env = "DCS_WAIT_INITIAL_INTERVAL", help_heading = "Waiting", hide_short_help = true)]
    pub(crate) initial_interval: Duration,

    /// Growth of the pause, at least 1
    #[arg(long, value_name = "F", default_value = "1.25")]
    #[arg(env = "DCS_WAIT_MULTIPLIER", help_heading = "Waiting", hide_short_help = true)]
    multiplier: f64,

    /// Longest pause between polls; with --expect, pauses before that time may be longer
    #[arg(long, value_name = "D", default_value = "10s", value_parser = duration)]
    #[arg(env = "DCS_WAIT_MAX_INTERVAL", help_heading = "Waiting", hide_short_help = true)]
    pub(crate) max_interval: Duration,

    /// Spread of each pause: ± this share of it, 0 to 1
    #[arg(long, value_name = "F", default_value = "0.1")]
    #[arg(env = "DCS_WAIT_JITTER", help_heading = "Waiting", hide_short_help = true)]
    pub(crate) jitter: f64,

    /// Time for one request
    #[arg(long, value_name = "D", default_value = "10s", value_parser = duration)]
    #[arg(env = "DCS_WAIT_REQUEST_TIMEOUT", help_heading = "Waiting", hide_short_help = true)]
    pub(crate) request_timeout: Duration,

    /// Longest stretch without one usable answer; before the first one at most 30s
    #[arg(long, value_name = "D", default_value = "10m", value_parser = duration)]
    #[arg(env = "DCS_WAIT_MAX_OUTAGE", help_heading = "Waiting", hide_short_help = true)]
    pub(crate) max_outage: Duration,

    /// How long a job never yet seen may be unknown to the service (404)
    #[arg(long, value_name = "D", default_value = "30s", value_parser = duration)]
    #[arg(env = "DCS_WAIT_NOT_FOUND_GRACE", help_heading = "Waiting", hide_short_help = true)]
    not_found_grace: Duration,

    /// Requests in any one second, all jobs together; below 1: one in 1/N seconds
    #[arg(long, value_name = "N", default_value = "5")]
    #[arg(env = "DCS_WAIT_MAX_RATE", help_heading = "Waiting", hide_short_help = true)]
    pub(crate) max_rate: f64,

    /// Region, gives the endpoint [env: HW_REGION_NAME, OS_REGION_NAME] [default: that of the profile]
    #[arg(short, long, value_name = "NAME", help_heading = "Service")]
    pub(crate) region: Option<String>,

    /// URL of the service, instead of the region's [env: DCS_WAIT_ENDPOINT]
    #[arg(long, value_name = "URL", help_heading = "Service")]
    pub(crate) endpoint: Option<String>,

    /// Project of the jobs [env: HUAWEICLOUD_SDK_PROJECT_ID, HW_PROJECT_ID, OS_PROJECT_ID] [default: that of the profile,
    /// else the one that IAM has for the region]
    #[arg(long, value_name = "ID", help_heading = "Service")]
    pub(crate) project_id: Option<String>,

    /// Where to take the credentials from
    #[arg(long, value_name = "SOURCE", default_value = "auto", help_heading = "Service")]
    pub(crate) credentials: Source,

    /// Profile of KooCLI, instead of its current one
    #[arg(long, value_name = "NAME", help_heading = "Service", hide_short_help = true)]
    pub(crate) profile: Option<String>,

    /// PEM file of roots to trust besides the system's
    #[arg(long, value_name = "FILE", help_heading = "Service", value_hint = ValueHint::FilePath)]
    pub(crate) ca_cert: Option<PathBuf>,

    /// Print what would be used and from where, and the schedule; send nothing
    #[arg(long, help_heading = "Output")]
    pub(crate) explain: bool,

    /// What stands on standard output
    #[arg(short, long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    pub(crate) output: Format,

    /// Nothing on standard error but the final error, and how to take up the wait again
    #[arg(short, long, help_heading = "Output")]
    pub(crate) quiet: bool,

    /// More on standard error; twice for everything. RUST_LOG works too
    #[arg(short, long, action = ArgAction::Count, help_heading = "Output")]
    pub(crate) verbose: u8,

    /// What goes on, on standard error
    #[arg(long, value_name = "HOW", default_value = "auto", help_heading = "Output", hide_short_help = true)]
    pub(crate) progress: Progress,

    /// In a step of GitHub Actions: no annotations, no table in its summary, no outputs
    #[arg(long, help_heading = "Output", hide_short_help = true)]
    pub(crate) no_github: bool,

    /// Print the script that completes this command's options in a shell
    #[arg(long, value_name = "SHELL", help_heading = "Output", hide_short_help = true)]
    pub(crate) completions: Option<Shell>,

    /// Print the manual page
    #[arg(long, help_heading = "Output", hide_short_help = true)]
    pub(crate) man: bool,
}

/// Reads the command line and the environment.
///
/// # Errors
///
/// What clap has to say: help, version, or what is wrong.
pub(crate) fn parse() -> Result<(Args, Command, ArgMatches), clap::Error> {
    let command = Args::command().mut_args(|arg| {
        // `--timeout -5s` is a bad duration, not an unknown option.
        let is_value = arg.get_help_heading() == Some("Waiting") && arg.get_action().takes_values();
        let arg = arg.hide_env_values(true).allow_hyphen_values(is_value);
        // An empty variable counts as unset: CI systems set what they have no value for.
        match arg.get_env().and_then(std::env::var_os) {
            Some(value) if value.is_empty() => arg.env(Resettable::Reset),
            _ => arg,
        }
    });
    let matches = command.clone().try_get_matches()?;
    let args = Args::from_arg_matches(&matches)?;
    Ok((args, command, matches))
}

impl Args {
    /// The jobs that were given, in their order; those on standard input where `-` stands.
    ///
    /// # Errors
    ///
    /// What is not usable as an id, or that there is none.
    pub(crate) fn job_ids(&self) -> Result<Vec<String>, String> {
        if self.job_ids.is_empty() && !self.explain {
            return Err("no JOB_ID; to read them from standard input, add -".to_owned());
        }
        let mut ids = Vec::new();
        for id in &self.job_ids {
            if id == "-" {
                ids.extend(ids::read(io::stdin().lock())?);
            } else {
                ids.push(id.clone());
            }
        }
        let is_missing = ids.is_empty() && !self.job_ids.is_empty() && !self.allow_empty;
        // Each is waited for once.
        let mut seen = HashSet::with_capacity(ids.len());
        let is_new: Vec<bool> = ids.iter().map(|id| seen.insert(id.as_str())).collect();
        let mut is_new = is_new.into_iter();
        ids.retain(|_| is_new.next().unwrap_or_default());
        if is_missing {
            return Err(
                "no job id on standard input; if there may be nothing to do, --allow-empty makes that a success"
                    .to_owned(),
            );
        }
        Ok(ids)
    }

    /// The wait that was asked for. Everything is checked.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`].
    pub(crate) fn wait(&self, client: &Client, ids: &[String]) -> Result<WaitForJobs, Error> {
        let mut wait = client
            .wait_for_jobs(ids)
            .deadline(Instant::now() + self.timeout)
            .initial_interval(self.initial_interval)
            .multiplier(self.multiplier)
            .max_interval(self.max_interval)
            .jitter(self.jitter)
            .max_outage(self.max_outage)
            .not_found_grace(self.not_found_grace);
        if let Some(length) = self.expect {
            wait = wait.expect(length);
        }
        if self.any {
            wait = wait.any();
        }
        if self.fail_fast {
            wait = wait.fail_fast();
        }
        wait.check().map(|()| wait)
    }
}
