//! An outage of a minute, in the middle of long waits.

use std::time::Duration;

use dcs_wait::sandbox::Answer;

use crate::ways::{Asked, Change, Run, Way, busiest_second, run};
use crate::{Outcome, SEED};

const BEGINS: f64 = 300.0;
const ENDS: f64 = 360.0;
/// A stretch over which a pace is measured, in seconds.
const STRETCH: f64 = 10.0;

/// Prints what an outage costs, and what comes after it.
pub(crate) fn compare(jobs: usize) -> Outcome<()> {
    println!("Through an outage of 60 s. {jobs} jobs of 8 to 14 min; seed {SEED}; a second is the busiest one");
    println!(
        "{:<12} {:<9} {:>8} {:>8} {:>9} {:>9} {:>9}",
        "way", "answers", "a second", "during", "at pace", "all seen", "a second"
    );
    let kinds = [("503", Answer::http(503)), ("silence", silence())];
    let fleets = [5.0, 50.0, 400.0].map(|max_rate| Way::Fleet { max_rate });
    for way in fleets.into_iter().chain([Way::Loops]) {
        for (kind, answer) in &kinds {
            row(way, kind, answer, jobs)?;
        }
    }
    Ok(())
}

/// No answer while anybody waits for one.
fn silence() -> Answer {
    Answer::http(503).after(Duration::from_secs(3600))
}

fn row(way: Way, kind: &str, answer: &Answer, jobs: usize) -> Outcome<()> {
    let mut random = fastrand::Rng::with_seed(SEED);
    let lengths: Vec<_> = (0..jobs).map(|_| Duration::from_secs_f64(480.0 + 360.0 * random.f64())).collect();
    let outage = [(BEGINS, Some(answer.clone())), (ENDS, None)];
    let changes = outage.map(|(at, answer)| (Duration::from_secs_f64(at), Change::Outage(answer)));
    // Whoever is not borne through it would make this an error.
    let Run { requests, .. } = run(way, &lengths, &changes, SEED)?;
    let between = |from: f64, until: f64| {
        let index = |at: f64| requests.partition_point(|request| request.at < at);
        &requests[index(from)..index(until)]
    };
    let pace = between(BEGINS - 60.0, BEGINS).len() as f64 / 60.0;
    let is_at_pace = |after: &u32| {
        let from = ENDS + f64::from(*after);
        between(from, from + STRETCH).len() as f64 >= 0.95 * pace * STRETCH
    };
    let at_pace = (0..1000).find(is_at_pace).ok_or("it does not come back to its pace")?;
    let after = between(ENDS, f64::INFINITY);
    println!(
        "{:<12} {kind:<9} {pace:>8.1} {:>8} {at_pace:>7} s {:>7.0} s {:>9}",
        way.name(),
        between(BEGINS, ENDS).len(),
        all_seen(after, jobs)? - ENDS,
        busiest_second(between(ENDS, ENDS + 120.0)),
    );
    Ok(())
}

/// When there was a usable answer about the last job of which there had been none yet.
fn all_seen(after: &[Asked], jobs: usize) -> Outcome<f64> {
    let mut is_seen = vec![false; jobs];
    let mut unseen = jobs;
    for request in after.iter().filter(|request| request.is_usable) {
        unseen -= usize::from(!std::mem::replace(&mut is_seen[request.job], true));
        if unseen == 0 {
            return Ok(request.at);
        }
    }
    Err("a job is never seen again".into())
}
