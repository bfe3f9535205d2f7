//! Lines about the progress for a log: of a few jobs one whenever something changes, of many what they make together, and one
//! from time to time if nothing happens. Nothing is drawn twice.

use std::time::Instant;

use dcs_wait::Event;
use dcs_wait::text::duration;

use super::beat::{Beat, Due};
use super::board::{Board, Change};
use super::words;
use crate::stderr::note;
use crate::tally::{MANY, Tally};
use crate::verdict::{Ending, Verdict};

/// So many of many jobs that did not succeed are named.
const NAMED: usize = 5;

#[derive(Debug)]
pub(crate) struct Lines {
    board: Board,
    beat: Beat,
    failed: usize,
}

impl Lines {
    pub(crate) fn begin(board: Board) -> Self {
        let now = board.begun;
        let lines = Self { board, beat: Beat::new(now), failed: 0 };
        let (jobs, timeout) = (words::jobs(lines.board.jobs()), lines.board.limits.timeout);
        if timeout.is_zero() {
            lines.write(&format!("looking once at {jobs}"), now);
        } else {
            lines.write(&format!("waiting for {jobs}, at most {}", duration(timeout)), now);
        }
        lines
    }

    /// Says what an event changes.
    pub(crate) fn show(&mut self, event: &Event, now: Instant) {
        let Some(change) = self.board.show(event, now) else { return };
        if self.is_many() {
            self.beat.changed();
            return self.beat(now);
        }
        let text = match (change, event) {
            (Change::Status(status), _) => status.to_string(),
            (Change::Trouble, Event::Retry { error, .. }) => format!("{error}; asking again"),
            (Change::Trouble, _) => return,
            (Change::Again(after, status), _) => format!("answered again after {}: {status}", duration(after)),
        };
        self.say(&format!("{}  {text}", event.job_id()), now);
    }

    /// Notes how a job ended.
    pub(crate) fn end(&mut self, verdict: &Verdict, now: Instant) {
        let after = self.board.end(verdict, now);
        if !self.is_many() {
            let is_answer = matches!(verdict.ending, Ending::Succeeded | Ending::Failed);
            if let Some(after) = after.filter(|_| is_answer) {
                return self.say(&format!("{}  answered again after {}", verdict.job_id, duration(after)), now);
            }
            // Standard output says it.
            return self.beat.said(now);
        }
        if !matches!(verdict.ending, Ending::Succeeded | Ending::Abandoned | Ending::Interrupted) {
            self.failed += 1;
            if let Some(complaint) = verdict.complaint().filter(|_| self.failed <= NAMED) {
                self.say(&complaint, now);
            }
        }
        self.beat.changed();
        self.beat(now);
    }

    /// When something is due although nothing happens.
    pub(crate) fn next(&self) -> Instant {
        self.beat.next()
    }

    /// Says what is due.
    pub(crate) fn beat(&mut self, now: Instant) {
        match self.beat.take(now) {
            Some(Due::Counts | Due::Heartbeat) => self.write(&words::heartbeat(&self.board, now), now),
            None => {}
        }
    }

    /// Says how many jobs ended how, and how late that was seen, if they are many.
    pub(crate) fn finish(&self, tally: &Tally, now: Instant) {
        if self.is_many() {
            let late = tally.lateness().map(|text| format!("; {text}")).unwrap_or_default();
            self.write(&format!("{}: {}{late}", words::jobs(tally.total()), tally.counts()), now);
        }
    }

    fn is_many(&self) -> bool {
        self.board.jobs() > MANY
    }

    fn say(&mut self, text: &str, now: Instant) {
        self.write(text, now);
        self.beat.said(now);
    }

    fn write(&self, text: &str, now: Instant) {
        note(&format!("{:>6}  {text}", duration(now.saturating_duration_since(self.board.begun))));
    }
}
