//! A long run of the command under faults: every verdict is right, none is lost, the rate holds, and neither memory nor
//! descriptors grow.
//!
//! `SOAK` is how long in seconds, `SOAK_JOBS` how many jobs, `SOAK_SEED` the seed of their stories.

use std::collections::HashMap;
use std::process::Stdio;
use std::time::Duration;

use dcs_wait::sandbox::{Answer, Sandbox, Story};
use fastrand::Rng;
use tokio::time::Instant;

use crate::support::{Run, command, number, sandbox};

/// Requests a second.
const RATE: u32 = 200;
/// One request in so many meets a fault.
const FAULTS: u32 = 20;

/// What may happen to any request.
fn fault(rng: &mut Rng) -> Answer {
    let success = r#"{"status":"SUCCESS"}"#;
    match rng.u8(..8) {
        0 => Answer::http(503).body(r#"{"error_code":"APIG.0201","error_msg":"Backend timeout"}"#),
        1 => Answer::hang_up(),
        // The end of these is not what it seems to be.
        2 => Answer::http(200).body(success).cut(),
        3 => Answer::http(500).body(success),
        4 => Answer::http(200).body(r#"{"job_id":"another","status":"SUCCESS"}"#),
        5 => Answer::http(200).body("<html>log in</html>"),
        6 => Answer::http(302).header("Location", "http://127.0.0.1:1/"),
        _ => Answer::status("RUNNING").after(Duration::from_millis(300)),
    }
}

/// Jobs that last for about so many polls, and how each ends.
fn fill(sandbox: &Sandbox, jobs: u64, polls: u32, rng: &mut Rng) -> HashMap<String, i32> {
    let mut ends = HashMap::new();
    for number in 0..jobs {
        let (id, fails) = (format!("job-{number}"), rng.u8(..10) == 0);
        let mut story = Story::new();
        for _ in 0..rng.u32(polls / 2..polls * 3 / 2) {
            story = if rng.u32(..FAULTS) == 0 { story.then(fault(rng)) } else { story.running() };
        }
        sandbox.add_job(&id, if fails { story.fails("no memory") } else { story.succeeds() });
        ends.insert(id, i32::from(fails));
    }
    ends
}

/// Resident memory in KiB and open files of a process, if it still runs.
fn used(pid: u32) -> Option<(usize, usize)> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let told = |name: &str| -> Option<usize> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().trim_end_matches(" kB").parse().ok()
    };
    // Of a process that leaves no core only root sees which files are open; others see for how many it has room.
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).map(Iterator::count).ok().or_else(|| told("FDSize:"));
    told("VmRSS:").zip(files)
}

#[tokio::test]
async fn a_long_run_under_faults_loses_nothing_and_does_not_grow() {
    let (long, seed, jobs) = (number("SOAK", 6), number("SOAK_SEED", 2026), number("SOAK_JOBS", 150));
    println!("to repeat: SOAK={long} SOAK_JOBS={jobs} SOAK_SEED={seed} cargo test --test suite soak");
    let sandbox = sandbox([]).await;
    sandbox.record_headers(false);
    // Each job is looked at as often as the rate allows until the time is over.
    let polls = u32::try_from(long * u64::from(RATE) / jobs).unwrap();
    let ends = fill(&sandbox, jobs, polls.max(2), &mut Rng::with_seed(seed));
    let ids: Vec<String> = ends.keys().cloned().collect();

    let args = format!("- -o json -q --max-rate {RATE} --timeout {}s --request-timeout 2s", long * 3);
    let begun = Instant::now();
    let mut child = command(&sandbox, &args).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stdin, ids.join("\n").as_bytes()).await.unwrap();
    drop(stdin);
    let pid = child.id().unwrap();
    let watched = tokio::spawn(async move {
        let (start, mut seen) = (Instant::now(), Vec::new());
        let mut every = tokio::time::interval(Duration::from_millis(100));
        while let Some(used) = used(pid) {
            seen.push((start.elapsed().as_secs_f64(), used));
            every.tick().await;
        }
        seen
    });
    let run = Run::from(child.wait_with_output().await.unwrap());
    let seen = watched.await.unwrap();

    assert_eq!(Some(&run.status), ends.values().max(), "{}", run.stderr);
    let outcomes = run.json();
    assert_eq!(outcomes.len(), ends.len(), "exactly one line an id");
    for outcome in &outcomes {
        let expected = if ends[outcome["job_id"].as_str().unwrap()] == 0 { "succeeded" } else { "failed" };
        assert_eq!(outcome["outcome"], expected, "{outcome}");
    }
    // A busy machine delivers late, in bursts too, but nothing before it may be sent: the first RATE in the first second, as
    // many in the second.
    let mut times: Vec<_> = sandbox.requests().iter().map(|request| request.at - begun.into_std()).collect();
    times.sort_unstable();
    let early = (0..).zip(&times).find(|(before, at)| at.as_secs() < before / u64::from(RATE));
    assert_eq!(early, None, "so many before it, and when it came");

    // The first tenth is its start. What is in flight at a time has a limit, and varies below it.
    let took = seen.last().unwrap().0;
    let typical = |from: f64, until: f64| {
        let then = seen.iter().filter(|(at, _)| (took * from..took * until).contains(at)).map(|(_, used)| *used);
        let (mut memory, mut files): (Vec<_>, Vec<_>) = then.unzip();
        memory.sort_unstable();
        files.sort_unstable();
        (memory[memory.len() / 2], files[files.len() / 2])
    };
    let (first, second) = (typical(0.1, 0.5), typical(0.5, 1.0));
    let files = seen.iter().map(|(_, (_, files))| *files);
    // Where only the room for them is seen, that has to do.
    let (most_files, bound) = (files.clone().max(), files.clone().next().max(Some(120)));
    println!("{took:.0} s, {} requests, at most {most_files:?} files", times.len());
    println!("median KiB and files: first half {first:?}, second half {second:?}");
    assert!(second.0 <= first.0 + first.0 / 20 + 512, "memory grows: {first:?}, {second:?}");
    assert!(second.1 <= first.1 + 20, "open files grow: {first:?}, {second:?}");
    assert!(most_files <= bound, "{most_files:?} files");
}
