//! The vocabulary of the tests.

use std::fmt::Debug;
#[cfg(unix)]
use std::path::Path;
use std::process::{Output, Stdio};
use std::str::FromStr;
use std::time::{Duration, Instant};

use dcs_wait::sandbox::{Sandbox, Story};
use dcs_wait::{ClientBuilder, Error, WaitForJob};
use serde_json::Value;
use tokio::process::{Child, Command};

/// A run of the command that has ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A sandbox with some jobs.
pub(crate) async fn sandbox(jobs: impl IntoIterator<Item = (&str, Story)>) -> Sandbox {
    let sandbox = Sandbox::start().await.expect("a port on loopback");
    for (id, story) in jobs {
        sandbox.add_job(id, story);
    }
    sandbox
}

/// A client that is not held up by its rate.
pub(crate) fn client(sandbox: &Sandbox) -> ClientBuilder {
    sandbox.client().max_rate(1000.0)
}

/// A wait with short pauses.
pub(crate) fn quick(wait: WaitForJob) -> WaitForJob {
    let pause = Duration::from_millis(1);
    wait.initial_interval(pause).max_interval(pause).timeout(Duration::from_secs(30))
}

/// The word for how a wait ended.
pub(crate) fn kind<T>(result: &Result<T, Error>) -> &'static str {
    match result {
        Ok(_) => "succeeded",
        Err(Error::Invalid(_)) => "invalid",
        Err(Error::JobFailed(_)) => "failed",
        Err(Error::TimedOut(_)) => "timed out",
        Err(Error::Unreachable(_)) => "unreachable",
        Err(Error::Abandoned(_)) => "abandoned",
        Err(Error::Several(_)) => "several",
        Err(Error::Denied(_)) => "denied",
        Err(Error::NotFound(_)) => "not found",
        Err(Error::Rejected(_)) => "rejected",
        Err(Error::Unavailable(_)) => "unavailable",
        Err(Error::Transport(_)) => "transport",
        Err(_) => "unheard of",
    }
}

/// The environment of a sandbox, with short pauses.
pub(crate) fn environment(sandbox: &Sandbox) -> Vec<(String, String)> {
    let pauses = [("INITIAL_INTERVAL", "1ms"), ("MAX_INTERVAL", "10ms"), ("MAX_RATE", "1000")];
    let pauses = pauses.map(|(name, value)| (format!("DCS_WAIT_{name}"), value.to_owned()));
    // No profile of whoever runs the tests.
    let home = ("HOME".to_owned(), env!("CARGO_TARGET_TMPDIR").to_owned());
    let own = sandbox.env().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    own.chain(pauses).chain([home]).collect()
}

/// The command with the environment of a sandbox and no other, its pauses short; `args` are split at blanks.
pub(crate) fn command(sandbox: &Sandbox, args: &str) -> Command {
    let mut command = within(sandbox, env!("CARGO_BIN_EXE_dcs-wait"));
    command.args(args.split_whitespace());
    command
}

/// Any program with the environment of a sandbox and no other.
pub(crate) fn within(sandbox: &Sandbox, program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(environment(sandbox)).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A `PATH` with the command on it.
#[cfg(unix)]
pub(crate) fn path() -> String {
    let bin = Path::new(env!("CARGO_BIN_EXE_dcs-wait")).parent().expect("a folder");
    format!("{}:{}", bin.display(), std::env::var("PATH").expect("a path"))
}

/// Runs the command to its end.
pub(crate) async fn run(sandbox: &Sandbox, args: &str) -> Run {
    finish(&mut command(sandbox, args)).await
}

/// Runs a command to its end.
pub(crate) async fn finish(command: &mut Command) -> Run {
    // Not `output`: that would set the streams anew.
    let child = command.spawn().expect("the command can be started");
    child.wait_with_output().await.expect("the command ends").into()
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
        let status = output.status.code().expect("the command is not killed by a signal");
        Self { status, stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Run {
    /// Standard output as a list of JSON objects, one a line.
    pub(crate) fn json(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }
}

/// The same text at every run: durations, times, and the numbers of requests become words.
pub(crate) fn steady(text: &str, sandbox: &Sandbox) -> String {
    let text = text.replace(&sandbox.endpoint(), "ENDPOINT");
    let (mut steady, mut before) = (String::new(), "");
    for piece in text.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c))) {
        let (word, end) = piece.split_at(piece.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).len());
        // A field of JSON, or an output.
        let is_measured = ["_ms", "_time"].iter().any(|name| before.ends_with(name));
        match word {
            _ if is_duration(word) => steady += "TIME",
            _ if is_measured && word.parse::<u64>().is_ok() => steady += "N",
            _ if word.strip_prefix("sandbox-").is_some_and(|count| count.parse::<u64>().is_ok()) => {
                steady += "sandbox-N"
            }
            _ => steady += word,
        }
        steady.extend(end.chars().map(|c| if ('\u{2800}'..='\u{28ff}').contains(&c) { '⠋' } else { c }));
        if !word.is_empty() {
            before = word;
        }
    }
    steady
}

/// Such as `0.3s`, `12s` or `29m58s`.
fn is_duration(word: &str) -> bool {
    let Some(time) = word.strip_suffix('s') else { return false };
    let mut parts = time.split(['h', 'm']).rev();
    parts.next().is_some_and(|seconds| seconds.parse::<f64>().is_ok()) && parts.all(|part| part.parse::<u32>().is_ok())
}

/// Waits until the sandbox has received so many requests, for as long as they come at most 10 s apart.
pub(crate) async fn requests(sandbox: &Sandbox, count: usize) {
    let (mut received, mut at) = (0, Instant::now());
    while received < count {
        tokio::time::sleep(Duration::from_millis(2)).await;
        let now = sandbox.requests().len();
        if now > received {
            (received, at) = (now, Instant::now());
        }
        assert!(at.elapsed() < Duration::from_secs(10), "{received} requests, and no more of {count} for 10 s");
    }
}

/// How many requests were answered with this HTTP status.
pub(crate) fn answered(sandbox: &Sandbox, status: u16) -> usize {
    sandbox.requests().iter().filter(|request| request.status == Some(status)).count()
}

/// A number in the environment, which a long form of a test has instead of the default.
pub(crate) fn number<N: FromStr<Err: Debug>>(name: &str, default: N) -> N {
    std::env::var(name).map_or(default, |text| text.parse().expect(name))
}

/// Sends a signal as a shell does.
pub(crate) async fn signal(child: &Child, signal: &str) {
    let pid = child.id().expect("it still runs").to_string();
    let sent = Command::new("kill").args(["-s", signal, &pid]).status().await.expect("kill can be started");
    assert!(sent.success());
}
