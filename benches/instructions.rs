//! What a run and a poll cost, by counts that do not depend on the clock: instructions by callgrind, allocations by dhat.
//!
//! `cargo bench --bench instructions` needs valgrind, prints the counts, and fails if one is more than its limit and 5 %. A
//! change that is worth more says so by a new limit.

use std::error::Error;
use std::process::{Command, Stdio};

use dcs_wait::sandbox::{Sandbox, Story};

/// A poll's counts are those of a run of so many polls, less those of a run of one, divided by how many more it has.
const POLLS: u32 = 201;
/// A count may be more than its limit by this share.
const SLACK: f64 = 0.05;

/// What is counted, and its limit.
const LIMITS: [(&str, f64); 3] =
    [("instructions of a whole run", 1_216_000.0), ("instructions a poll", 191_500.0), ("allocations a poll", 138.0)];

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let sandbox = runtime.block_on(Sandbox::start())?;
    let count = |tool: &str, polls: u32| {
        sandbox.add_job("job", Story::new().running().times(polls - 1).succeeds());
        count(tool, &sandbox)
    };
    let [one, many] = [count("callgrind", 1)?, count("callgrind", POLLS)?];
    let [few_blocks, many_blocks] = [count("dhat", 1)?, count("dhat", POLLS)?];
    let a_poll = |one: f64, many: f64| (many - one) / f64::from(POLLS - 1);
    let counts = [one, a_poll(one, many), a_poll(few_blocks, many_blocks)];

    let mut too_many = Vec::new();
    for ((what, limit), count) in LIMITS.into_iter().zip(counts) {
        println!("{what}: {count:.0} (limit: {limit:.0} and 5 %)");
        if count > limit * (1.0 + SLACK) {
            too_many.push(what);
        }
    }
    if too_many.is_empty() { Ok(()) } else { Err(format!("over the limit: {}", too_many.join(", ")).into()) }
}

/// Runs the command under a tool of valgrind: instructions, or allocated blocks.
fn count(tool: &str, sandbox: &Sandbox) -> Outcome<f64> {
    let mut command = Command::new("valgrind");
    command.args([format!("--tool={tool}"), format!("--{tool}-out-file=/dev/null")]);
    command.arg(env!("CARGO_BIN_EXE_dcs-wait"));
    command.args(["job", "-q", "--initial-interval", "1ms", "--max-interval", "1ms", "--max-rate", "1000"]);
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).env("HOME", env!("CARGO_TARGET_TMPDIR")).envs(sandbox.env());
    let output = command.stdin(Stdio::null()).output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{}: {text}", output.status).into());
    }
    // callgrind says `Collected : 1234`, dhat `Total: 1,234 bytes in 56 blocks`.
    let line = text.lines().find(|line| line.contains("Collected :") || line.contains("Total:")).ok_or("no count")?;
    let word = if tool == "dhat" { line.split_whitespace().rev().nth(1) } else { line.split_whitespace().last() };
    Ok(word.ok_or("no count")?.replace(',', "").parse()?)
}
