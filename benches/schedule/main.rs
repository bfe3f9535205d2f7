//! How late the end of a job is seen, and after how many requests: by this crate's schedules and by what others do.
//!
//! `cargo bench --bench schedule` prints a table and draws `docs/schedule.svg`. Lengths are spread evenly by ±20 %. The crate
//! waits with its own engine, in paused time, against a sandbox without sockets; the others are simulated from what is
//! documented of them. A request takes no time.
//!
//! The last column compares with equal pauses: a schedule whose pauses never shrink has a last pause that is no shorter than
//! their mean, so that with n requests it sees the end of a job of length L on average L / 2(n − 1½) late at best. It would
//! have to know the length to be that good at each. Below 1 are pauses that shrink, because the length is expected, and
//! schedules of which a poll happens to be well placed for a length, where ±20 % is less than a pause.

mod peers;
mod plot;
mod ways;

use self::peers::PEERS;
use self::ways::{Way, run};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// In seconds.
const LENGTHS: [(&str, f64); 7] = [
    ("3 s", 3.0),
    ("10 s", 10.0),
    ("30 s", 30.0),
    ("2 min", 120.0),
    ("10 min", 600.0),
    ("30 min", 1800.0),
    ("2 h", 7200.0),
];

/// What a way of waiting reaches at a length: lateness in seconds, and the mean number of requests.
#[derive(Debug, Clone, Copy)]
struct Figures {
    late: f64,
    /// The standard error of that mean.
    error: f64,
    worst: f64,
    requests: f64,
}

impl Figures {
    /// Mean lateness beside that of equal pauses with as many requests.
    fn beside_equal(&self, length: f64) -> f64 {
        self.late * (self.requests - 1.5) * 2.0 / length
    }

    /// Beyond doubt.
    fn is_better_in_both(&self, other: &Self) -> bool {
        self.late + 2.0 * other.error < other.late && self.requests < other.requests
    }
}

fn main() -> Outcome<()> {
    let ways = [Way::Default, Way::Expect].into_iter().chain(PEERS.iter().map(Way::Peer));
    println!("{:<7} {:<26} {:>8} {:>8} {:>9} {:>12}", "length", "way", "late", "worst", "requests", "beside equal");
    let (mut rows, mut better) = (Vec::new(), 0);
    for (name, length) in LENGTHS {
        for way in ways.clone() {
            rows.push((length, way, run(way, length, length)?));
        }
        let of_length: Vec<_> = rows.iter().filter(|row| row.0 == length).collect();
        let default = of_length[0].2;
        for (_, way, figures) in of_length {
            let Figures { late, worst, requests, .. } = *figures;
            let mut remark = String::new();
            if let (Way::Peer(_), true) = (way, figures.is_better_in_both(&default)) {
                remark.push_str("  better than the default in both");
                better += 1;
            }
            if let Way::Expect = way {
                remark =
                    format!("  {:.2} and {:.2} of the default's", late / default.late, requests / default.requests);
            }
            println!(
                "{name:<7} {:<26} {late:>6.2} s {worst:>6.1} s {requests:>9.1} {:>12.2}{remark}",
                way.name(),
                figures.beside_equal(length)
            );
        }
        println!();
    }
    println!("others that are better than the default in both, anywhere; the goal is none: {better}\n");
    wrong()?;
    plot::draw(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/schedule.svg"), &rows)?;
    println!("drawn: docs/schedule.svg");
    Ok(())
}

/// Prints what an expected length costs that is wrong.
fn wrong() -> Outcome<()> {
    println!("Where another length was expected: mean lateness and requests as shares of the default's");
    println!("{:<9} {:>13} {:>13} {:>13} {:>13}", "expected", "a tenth", "half", "twice", "ten times");
    for (name, expected) in LENGTHS.into_iter().filter(|(_, length)| *length <= 600.0) {
        let mut row = format!("{name:<9}");
        for times in [0.1, 0.5, 2.0, 10.0] {
            let [with, without] = [Way::Expect, Way::Default].map(|way| run(way, expected, expected * times));
            let (with, without) = (with?, without?);
            row += &format!(" {:>6.2} {:>6.2}", with.late / without.late, with.requests / without.requests);
        }
        println!("{row}");
    }
    println!();
    Ok(())
}
