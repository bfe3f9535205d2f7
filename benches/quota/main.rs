//! How waits for many jobs come through a quota, and through an outage, beside an all-knowing scheduler and beside one loop
//! a job with its own backoff.
//!
//! `cargo bench --bench quota` prints two tables and draws `docs/quota.svg`; `-- --quick` leaves out the many jobs and the
//! drawing. All is in paused time, against sandboxes without sockets: a request takes no time, so that what is late is late by
//! decision. Lateness is the time from the end of a job until its outcome is known. The all-knowing scheduler knows the quota,
//! not when jobs end, and asks in the same order: chance alone may put a ratio a little below 1.

mod ideal;
mod outage;
mod plot;
mod ways;

use std::time::Duration;

use dcs_wait::sandbox::Quota;

use self::ideal::{Phase, Supply, all_knowing, clairvoyant};
use self::ways::{Change, Way, run};

const SEED: u64 = 2026;
/// The goals: the share of requests that are refused, and mean lateness beside the all-knowing scheduler's.
const MAX_REFUSED: f64 = 0.02;
const MAX_RATIO: f64 = 1.5;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// How the service refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tells {
    Limit,
    Nothing,
    /// A `Retry-After`, and no limit.
    When,
}

impl Tells {
    fn name(self) -> &'static str {
        match self {
            Self::Limit => "its limit",
            Self::Nothing => "nothing",
            Self::When => "when",
        }
    }

    fn changes(self, supply: &Supply) -> Vec<(Duration, Change)> {
        let quota = |quota: Quota| match self {
            Self::Limit => quota,
            Self::Nothing => quota.silent(),
            Self::When => quota.silent().retry_after(),
        };
        supply.phases.iter().map(|phase| (phase.from, Change::Quota(quota(phase.quota())))).collect()
    }
}

/// A line of the table: the means of several runs.
#[derive(Debug)]
struct Figures {
    way: Way,
    tells: Tells,
    jobs: usize,
    requests: f64,
    /// The share of refused requests.
    refused: f64,
    late: f64,
    worst: f64,
    /// The mean lateness of the all-knowing scheduler, and of one that knows when jobs end as well.
    ideal: f64,
    bound: f64,
}

fn main() -> Outcome<()> {
    let is_quick = std::env::args().any(|arg| arg == "--quick");
    let crowds: &[usize] = if is_quick { &[30, 300] } else { &[30, 300, 3000] };
    println!("Through a quota. Lengths of 10 s to 1 h; seeds from {SEED}; goals: 429 at most 2 %, ratio at most 1.5");
    println!(
        "{:<15} {:<9} {:>5} {:<12} {:>8} {:>6} {:>6} {:>8} {:>9} {:>5} {:>7} {:>9}",
        "quota", "tells", "jobs", "way", "requests", "a job", "429", "late", "all-know.", "ratio", "worst", "clairvoy."
    );
    let (mut missed, mut drawn) = (0, Vec::new());
    let supplies = supplies();
    for supply in &supplies {
        for &jobs in crowds {
            for (way, tells) in cases(supply) {
                let figures = measure(supply, tells, jobs, way)?;
                missed += figures.print(supply);
                if supply.name == plot::SUPPLY {
                    drawn.push(figures);
                }
            }
        }
    }
    println!("goals missed: {missed}\n");
    outage::compare(if is_quick { 300 } else { 3000 })?;
    if !is_quick {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/quota.svg");
        plot::draw(path, &supplies[supplies.len() - 1], &drawn)?;
        println!("\ndrawn: docs/quota.svg");
    }
    Ok(())
}

fn supplies() -> Vec<Supply> {
    let [second, minute] = [1, 60].map(Duration::from_secs);
    let phase = |from, limit, period| Phase { from: from * minute, limit, period };
    let changing = vec![phase(0, 20, second), phase(10, 5, second), phase(25, 20, second)];
    vec![
        Supply { name: "60/min", phases: vec![phase(0, 60, minute)] },
        Supply { name: "5/s", phases: vec![phase(0, 5, second)] },
        Supply { name: "20/s", phases: vec![phase(0, 20, second)] },
        Supply { name: "20/s, 5/s, 20/s", phases: changing },
    ]
}

/// How to wait, and how the service refuses: to begin far above the quota is what has to be borne.
fn cases(supply: &Supply) -> Vec<(Way, Tells)> {
    let fleet = |max_rate, tells| (Way::Fleet { max_rate }, tells);
    let mut cases: Vec<_> = [Tells::Limit, Tells::Nothing, Tells::When].map(|tells| fleet(50.0, tells)).into();
    if supply.name == "60/min" {
        cases.extend([Tells::Limit, Tells::Nothing].map(|tells| fleet(5.0, tells)));
    }
    cases.push((Way::Loops, Tells::Nothing));
    cases
}

/// Lengths of jobs from 10 s to an hour, as many of each order of magnitude.
fn lengths(jobs: usize, seed: u64) -> Vec<Duration> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..jobs).map(|_| Duration::from_secs_f64(10.0 * 360_f64.powf(random.f64()))).collect()
}

fn measure(supply: &Supply, tells: Tells, jobs: usize, way: Way) -> Outcome<Figures> {
    let pauses = ways::pauses()?;
    let runs = (1500 / jobs).clamp(1, 10) as u64;
    let (mut late, mut ideal, mut bound, mut asked, mut refused) = (Vec::new(), Vec::new(), Vec::new(), 0, 0);
    for seed in SEED..SEED + runs {
        let lengths = lengths(jobs, seed);
        let run = run(way, &lengths, &tells.changes(supply), seed)?;
        asked += run.requests.len();
        refused += run.requests.iter().filter(|request| !request.is_usable).count();
        late.extend(run.late);
        ideal.extend(all_knowing(supply, &lengths, &pauses));
        bound.extend(clairvoyant(supply, &lengths));
    }
    Ok(Figures {
        way,
        tells,
        jobs,
        requests: asked as f64 / runs as f64,
        refused: refused as f64 / asked as f64,
        late: mean(&late),
        worst: late.iter().copied().fold(0.0, f64::max),
        ideal: mean(&ideal),
        bound: mean(&bound),
    })
}

impl Figures {
    /// Prints a line, and returns how many goals it misses.
    fn print(&self, supply: &Supply) -> usize {
        let Self { way, tells, jobs, requests, refused, late, worst, ideal, bound } = self;
        let ratio = late / ideal;
        let goals = [(*refused > MAX_REFUSED, "429"), (ratio > MAX_RATIO, "ratio")];
        // The naive way has no goals, and does not read what the service tells.
        let (tells, goals) = match way {
            Way::Fleet { .. } => (tells.name(), &goals[..]),
            Way::Loops => ("", &[][..]),
        };
        let missed: Vec<&str> = goals.iter().filter_map(|(is_missed, name)| is_missed.then_some(*name)).collect();
        let remark = if missed.is_empty() { String::new() } else { format!(" over the goal: {}", missed.join(", ")) };
        println!(
            "{:<15} {tells:<9} {jobs:>5} {:<12} {requests:>8.0} {:>6.1} {:>5.1}% {late:>6.1} s {ideal:>7.1} s {ratio:>5.2} \
             {worst:>5.0} s {bound:>7.1} s{remark}",
            supply.name,
            way.name(),
            requests / *jobs as f64,
            refused * 100.0,
        );
        missed.len()
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
