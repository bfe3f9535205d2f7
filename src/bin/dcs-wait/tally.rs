//! What many verdicts make together: counts, the exit, what went wrong, how late ends were seen, and how to go on.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use dcs_wait::Job;
use dcs_wait::text::duration;

use crate::advice::Advice;
use crate::exit::Exit;
use crate::verdict::{Ending, Verdict};

/// What is said of more jobs than this is summed up.
pub(crate) const MANY: usize = 10;
/// So many kinds of trouble have their advice.
const ADVICE: usize = 3;
/// So many jobs of one kind of trouble are named.
const NAMED: usize = 3;
/// So many ids are put on a command line.
const ON_A_LINE: usize = 100;

/// The verdicts so far. Of very many, only what is said in the end is kept.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    counts: BTreeMap<Ending, usize>,
    exits: Vec<Exit>,
    complaints: Vec<String>,
    complained: usize,
    advice: Vec<Hint>,
    open: Vec<String>,
    left: usize,
    late: (u32, Duration, Duration),
}

/// What to do about one kind of trouble, and whose it is.
#[derive(Debug)]
struct Hint {
    advice: Advice,
    /// The first few.
    ids: Vec<String>,
    jobs: usize,
}

impl Hint {
    /// Such as `for a, b and 3 more`.
    fn whose(&self) -> String {
        let ids = self.ids.join(", ");
        match self.jobs - self.ids.len() {
            0 => format!("for {ids}"),
            more => format!("for {ids} and {more} more"),
        }
    }
}

impl Tally {
    pub(crate) fn add(&mut self, verdict: &Verdict) {
        *self.counts.entry(verdict.ending).or_default() += 1;
        if let Some(exit) = verdict.exit().filter(|exit| !self.exits.contains(exit)) {
            self.exits.push(exit);
        }
        // What was given up because of another job is no complaint.
        if verdict.ending != Ending::Succeeded && verdict.ending != Ending::Abandoned {
            self.complained += 1;
            if self.complaints.len() <= MANY {
                self.complaints.extend(verdict.complaint());
            }
            self.advise(verdict);
        }
        if verdict.can_be_resumed() {
            self.left += 1;
            if self.left <= ON_A_LINE {
                self.open.push(verdict.job_id.clone());
            }
        }
        if let Some(late) = verdict.job.as_ref().and_then(Job::lateness) {
            self.late = (self.late.0 + 1, self.late.1 + late, self.late.2.max(late));
        }
    }

    /// How the command ends. With `any`, one success is enough.
    pub(crate) fn exit(&self, any: bool) -> Exit {
        if any && self.counts.contains_key(&Ending::Succeeded) && !self.counts.contains_key(&Ending::Interrupted) {
            return Exit::Success;
        }
        Exit::of(self.exits.iter().copied())
    }

    /// Puts the ids of the jobs that may still end into the order in which they were given.
    pub(crate) fn sort(&mut self, given: &[String]) {
        let open: HashSet<String> = self.open.drain(..).collect();
        self.open.extend(given.iter().filter(|id| open.contains(*id)).cloned());
    }

    /// How many jobs ended how.
    pub(crate) fn counts(&self) -> String {
        let counts: Vec<String> =
            self.counts.iter().map(|(ending, count)| format!("{count} {}", ending.text())).collect();
        counts.join(", ")
    }

    pub(crate) fn total(&self) -> usize {
        self.counts.values().sum()
    }

    /// How late the ends were seen, if the service tells.
    pub(crate) fn lateness(&self) -> Option<String> {
        let (count, sum, most) = self.late;
        let mean = sum.checked_div(count)?;
        Some(format!("ends were seen {} late on average, {} at most", duration(mean), duration(most)))
    }

    /// What went wrong: a line for each of a few jobs, or one for all.
    pub(crate) fn complaints(&self) -> Vec<String> {
        match &self.complaints[..] {
            [first, ..] if self.complained > MANY => {
                vec![format!("of {} jobs {}; the first: {first}", self.total(), self.counts())]
            }
            few => few.to_vec(),
        }
    }

    /// What to do, once for each of a few kinds of trouble, and for which jobs if that does not concern all of them.
    pub(crate) fn advice(&self) -> impl Iterator<Item = (&Advice, Option<String>)> {
        self.advice.iter().map(|hint| (&hint.advice, (hint.jobs < self.complained).then(|| hint.whose())))
    }

    fn advise(&mut self, verdict: &Verdict) {
        let Some(advice) = Advice::of(verdict) else { return };
        let has_room = self.advice.len() < ADVICE;
        match self.advice.iter_mut().find(|hint| hint.advice.is_like(&advice)) {
            Some(hint) => {
                hint.jobs += 1;
                hint.advice.widen(&advice);
                if hint.ids.len() < NAMED {
                    hint.ids.push(verdict.job_id.clone());
                }
            }
            None if has_room => {
                self.advice.push(Hint { advice, ids: vec![verdict.job_id.clone()], jobs: 1 });
            }
            None => {}
        }
    }

    pub(crate) fn has_denied(&self) -> bool {
        self.counts.contains_key(&Ending::Denied)
    }

    /// The jobs that may still end: their ids, or only their number if that is large.
    pub(crate) fn open(&self) -> Result<&[String], usize> {
        if self.left > ON_A_LINE { Err(self.left) } else { Ok(&self.open) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ENDINGS: [Ending; 9] = [
        Ending::Succeeded,
        Ending::Failed,
        Ending::Denied,
        Ending::NotFound,
        Ending::Rejected,
        Ending::Unreachable,
        Ending::TimedOut,
        Ending::Interrupted,
        Ending::Abandoned,
    ];

    fn tally(endings: &[Ending]) -> Tally {
        let mut tally = Tally::default();
        for ending in endings {
            tally.add(&Verdict {
                job_id: "job".to_owned(),
                ending: *ending,
                job: None,
                seen_ago: None,
                waited: Duration::ZERO,
                polls: 1,
                error: None,
                is_one_look: false,
            });
        }
        tally
    }

    proptest! {
        /// By the words of the contract, written apart: the lowest of 1, 3, 4, 5, 124 wins, what was abandoned does not count.
        #[test]
        fn the_exit_is_the_lowest_that_counts_unless_any_has_succeeded(
            picked in prop::collection::vec(0..9_usize, 0..50), any: bool,
        ) {
            let endings: Vec<Ending> = picked.iter().map(|index| ENDINGS[*index]).collect();
            let number = |ending: &Ending| match ending {
                Ending::Succeeded | Ending::Abandoned => 0,
                Ending::Failed => 1,
                Ending::Denied => 3,
                Ending::NotFound | Ending::Rejected => 4,
                Ending::Unreachable => 5,
                Ending::TimedOut => 124,
                Ending::Interrupted => 130,
            };
            let has = |ending| endings.contains(&ending);
            let expected = if any && has(Ending::Succeeded) && !has(Ending::Interrupted) {
                0
            } else {
                endings.iter().map(number).filter(|number| *number > 0).min().unwrap_or(0)
            };
            prop_assert_eq!(tally(&endings).exit(any).status(), expected);
        }
    }

    #[test]
    fn more_than_a_hundred_open_jobs_are_only_counted() {
        assert_eq!(tally(&[Ending::TimedOut; 100]).open().map(<[String]>::len), Ok(100));
        assert_eq!(tally(&[Ending::TimedOut; 101]).open(), Err(101));
        assert_eq!(tally(&[Ending::Failed; 7]).open(), Ok(&[][..]));
    }
}
