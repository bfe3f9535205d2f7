//! Random histories in paused time, against a model of the contract that is written apart from the engine: it judges by what
//! was asked and answered, and by the outcomes.
//!
//! `HISTORIES` is how many, `HISTORIES_SEED` the seed of the first, `HISTORIES_THREADS` how many at a time; `HISTORIES_SHOW`
//! prints each as it happened.

mod checks;
mod history;
mod jobs;
mod model;
mod outages;
mod play;
mod refused;
mod stand;
mod story;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use self::history::History;
use crate::support::number;

/// The command that runs this history alone.
fn repeat(seed: u64) -> String {
    format!("to repeat it: HISTORIES=1 HISTORIES_SEED={seed} cargo test --test suite histories")
}

/// Says which seed it was if something panics.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", repeat(self.0));
        }
    }
}

/// How many requests there were, and whether the model could judge them.
fn run(seed: u64) -> Result<(usize, bool), String> {
    let named = Seed(seed);
    fastrand::seed(seed);
    let mut history = History::new(&mut fastrand::Rng::with_seed(seed));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let record = runtime.block_on(play::play(&history));
    for (plan, begun) in history.waits.iter_mut().zip(&record.begun) {
        plan.start = *begun;
    }
    let result = checks::check(&history, &record);
    if std::env::var("HISTORIES_SHOW").is_ok() {
        checks::show(&history, &record);
    }
    drop(named);
    result.map(|is_judged| (record.requests.len(), is_judged))
}

#[test]
fn whatever_a_service_answers_every_wait_keeps_the_contract() {
    let (count, first, threads) =
        (number("HISTORIES", 300), number("HISTORIES_SEED", 1), number("HISTORIES_THREADS", 1));
    let next = Arc::new(AtomicU64::new(first));
    let (report, reports) = mpsc::channel();
    for _ in 0..threads {
        let (next, report) = (Arc::clone(&next), report.clone());
        std::thread::spawn(move || {
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= first + count || report.send((seed, run(seed))).is_err() {
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
            Err(error) => failed.push(format!("{error}\n  {}", repeat(seed))),
        }
    }
    println!("{count} histories from {first}, {requests} requests; {doubtful} could not be judged");
    assert!(failed.is_empty(), "{} of {count} failed\n{}", failed.len(), failed[..failed.len().min(20)].join("\n"));
    // A model that leaves out what is close to a limit must not leave out the rest.
    assert!(doubtful <= count.div_ceil(20), "{doubtful} of {count} could not be judged");
}
