//! Random histories in paused time, and short ones over sockets, against a model of the contract that is written apart from the
//! engine: it judges by what was asked and answered, and by the outcomes.
//!
//! `HISTORIES` is how many, `HISTORIES_SOCKETS` how many over sockets, `HISTORIES_SEED` the seed of the first,
//! `HISTORIES_THREADS` how many at a time; `HISTORIES_SHOW` prints each as it happened.

mod checks;
mod history;
mod jobs;
mod model;
mod outages;
mod play;
mod refused;
mod short;
mod stalls;
mod stand;
mod story;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use self::history::History;
use crate::support::number;

/// The command that runs this history alone.
fn repeat(which: &str, seed: u64) -> String {
    format!("to repeat it: {which}=1 HISTORIES_SEED={seed} cargo test --test suite histories")
}

/// Says which seed it was if something panics.
struct Seed(&'static str, u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", repeat(self.0, self.1));
        }
    }
}

/// How many requests there were, and whether the model could judge them.
fn run(history: fn(&mut fastrand::Rng) -> History, seed: u64) -> Result<(usize, bool), String> {
    fastrand::seed(seed);
    let mut history = history(&mut fastrand::Rng::with_seed(seed));
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(!history.has_sockets).build().unwrap();
    let record = runtime.block_on(play::play(&history));
    for (plan, begun) in history.waits.iter_mut().zip(&record.begun) {
        plan.start = *begun;
    }
    let result = checks::check(&history, &record);
    // Over sockets it may not happen like this again.
    if std::env::var("HISTORIES_SHOW").is_ok() || history.has_sockets && result.is_err() {
        println!("history {seed}");
        checks::show(&history, &record);
    }
    result.map(|is_judged| (record.requests.len(), is_judged))
}

/// Runs `count` histories, `threads` at a time, or as many as the environment says; the model must be able to judge all but
/// one in `all_but`.
fn campaign(which: &'static str, count: u64, threads: u64, all_but: u64, history: fn(&mut fastrand::Rng) -> History) {
    let (count, first, begun) = (number(which, count), number("HISTORIES_SEED", 1), Instant::now());
    let next = Arc::new(AtomicU64::new(first));
    let (report, reports) = mpsc::channel();
    for _ in 0..number("HISTORIES_THREADS", threads) {
        let (next, report) = (Arc::clone(&next), report.clone());
        std::thread::spawn(move || {
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= first + count {
                    return;
                }
                let named = Seed(which, seed);
                let result = run(history, seed);
                drop(named);
                if report.send((seed, result)).is_err() {
                    return;
                }
            }
        });
    }
    drop(report);
    let (mut failed, mut requests, mut doubtful) = (Vec::new(), 0, 0);
    for _ in 0..count {
        let (seed, result) = reports.recv_timeout(Duration::from_secs(100)).expect("a history that ends");
        match result {
            Ok((count, is_judged)) => {
                requests += count;
                doubtful += u64::from(!is_judged);
            }
            Err(error) => failed.push(format!("{error}\n  {}", repeat(which, seed))),
        }
    }
    let took = begun.elapsed().as_secs();
    println!("{which}: {count} from {first} in {took} s, {requests} requests; {doubtful} could not be judged");
    assert!(failed.is_empty(), "{} of {count} failed\n{}", failed.len(), failed[..failed.len().min(20)].join("\n"));
    // A model that leaves out what is close to a limit must not leave out the rest.
    assert!(doubtful <= count.div_ceil(all_but), "{doubtful} of {count} could not be judged");
}

#[test]
fn whatever_a_service_answers_every_wait_keeps_the_contract() {
    campaign("HISTORIES", 300, 1, 20, History::new);
}

/// They mostly sleep. The busier the machine is, the less can be told apart.
#[test]
fn over_sockets_every_wait_keeps_the_contract_too() {
    campaign("HISTORIES_SOCKETS", 60, 60, 3, History::short);
}
