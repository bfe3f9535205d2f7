//! A step of GitHub Actions: what it shows and hands on besides the result. Annotations go into the step's log, a table into
//! the file GITHUB_STEP_SUMMARY, outputs into the file GITHUB_OUTPUT. Of very many jobs a few are kept.
//!
//! The runner reads commands from both streams of a step; these are on standard error, so that standard output stays the
//! result.

mod escape;

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;

use dcs_wait::Job;
use dcs_wait::text::duration;
use serde::Serialize;

use self::escape::{Level, annotation, cell, output};
use crate::advice::Advice;
use crate::exit::Exit;
use crate::output::{Outcome, outcome};
use crate::settings::Settings;
use crate::stderr::{Log, say};
use crate::verdict::{Ending, Verdict};

/// GitHub shows no more annotations of a kind and step.
const ANNOTATIONS: usize = 10;
/// So many jobs are in the table, and in the output `outcomes`.
const ROWS: usize = 100;
/// What is longer is cut in the table, in characters.
const LONG: usize = 300;
const SHORT: usize = 60;

/// What is told of the jobs when all are over.
#[derive(Debug, Default)]
pub(crate) struct Report {
    counts: BTreeMap<Ending, usize>,
    /// Of the jobs that did not succeed, the first.
    bad: Vec<Row>,
    /// Of those that did, the first.
    good: Vec<Row>,
    /// Titles and texts, and what to do, once for each kind of trouble.
    annotations: Vec<(String, String, Option<Advice>)>,
    /// How many jobs should have an annotation.
    wanted: usize,
    first_bad: Option<Outputs>,
    last_good: Option<Outputs>,
    last: Option<Outputs>,
}

/// A job in the table.
#[derive(Debug)]
struct Row {
    job_id: String,
    ending: Ending,
    cells: String,
}

/// Names and values of what the step hands on about one job.
type Outputs = Vec<(&'static str, String)>;

#[derive(Serialize)]
struct Brief<'a> {
    job_id: &'a str,
    outcome: Ending,
}

impl Report {
    /// `None` outside GitHub Actions, or if it is not wanted there.
    pub(crate) fn start(is_wanted: bool) -> Option<Self> {
        let is_there = std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        (is_wanted && is_there).then(Self::default)
    }

    /// Notes how a job ended.
    pub(crate) fn add(&mut self, verdict: &Verdict) {
        *self.counts.entry(verdict.ending).or_default() += 1;
        let is_good = verdict.ending == Ending::Succeeded;
        let rows = if is_good { &mut self.good } else { &mut self.bad };
        if rows.len() < ROWS {
            rows.push(Row::of(verdict));
        }
        // What was given up because of another job is no trouble of its own.
        if let Some(text) = verdict.complaint().filter(|_| verdict.ending != Ending::Abandoned) {
            self.wanted += 1;
            if self.annotations.len() < ANNOTATIONS {
                let title = format!("dcs-wait: job {} {}", verdict.job_id, verdict.ending.text());
                let is_new = |advice: &Advice| {
                    let mut given = self.annotations.iter().filter_map(|(_, _, given)| given.as_ref());
                    !given.any(|given| given.is_like(advice))
                };
                let advice = Advice::of(verdict).filter(is_new);
                self.annotations.push((title, text, advice));
            }
        }
        let outputs = || outputs(&outcome(verdict));
        match verdict.ending {
            Ending::Succeeded => self.last_good = Some(outputs()),
            Ending::Abandoned => self.last = Some(outputs()),
            _ if self.first_bad.is_none() => self.first_bad = Some(outputs()),
            _ => {}
        }
    }

    /// Writes everything. What cannot be written is said, and changes nothing else.
    pub(crate) fn write(&self, exit: Exit, settings: &Settings) {
        self.annotate(exit, settings);
        append("GITHUB_STEP_SUMMARY", &self.summary());
        append("GITHUB_OUTPUT", &self.outputs(exit));
    }

    /// Tells of what was refused before any wait began.
    pub(crate) fn refuse(problem: &str, hint: Option<&str>) {
        log(&annotation(Level::Error, "dcs-wait", &hinted(problem, hint)));
        append("GITHUB_OUTPUT", &exit_status(Exit::Usage));
    }

    fn annotate(&self, exit: Exit, settings: &Settings) {
        // With --any, what did not succeed is nothing that ends the step, and nothing is to be done.
        let level = if exit == Exit::Success { Level::Warning } else { Level::Error };
        let shown = if self.wanted > ANNOTATIONS { ANNOTATIONS - 1 } else { ANNOTATIONS };
        for (title, text, advice) in self.annotations.iter().take(shown) {
            let hint = advice.as_ref().filter(|_| exit != Exit::Success).map(|advice| advice.text(settings));
            log(&annotation(level, title, &hinted(text, hint.as_deref())));
        }
        if self.wanted > ANNOTATIONS {
            let more = format!("{} more jobs did not succeed", self.wanted - shown);
            log(&annotation(level, "dcs-wait", &more));
        }
    }

    fn total(&self) -> usize {
        self.counts.values().sum()
    }

    fn succeeded(&self) -> usize {
        self.counts.get(&Ending::Succeeded).copied().unwrap_or_default()
    }

    /// Those that did not succeed go first.
    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.bad.iter().chain(&self.good).take(ROWS)
    }

    /// A heading and a table. An empty line before them ends whatever stands there.
    fn summary(&self) -> String {
        if self.total() == 0 {
            return "\n\n### dcs-wait: nothing to wait for\n\n".to_owned();
        }
        let counts: Vec<String> =
            self.counts.iter().map(|(ending, count)| format!("{count} {}", ending.text())).collect();
        let mut text = format!("\n\n### dcs-wait: {}\n\n", counts.join(", "));
        text += "| job | outcome | status | type | duration | what went wrong |\n|---|---|---|---|---|---|\n";
        for row in self.rows() {
            text += &row.cells;
        }
        if let more @ 1.. = self.total().saturating_sub(ROWS) {
            text += &format!("\nand {more} more\n");
        }
        text + "\n"
    }

    /// An empty line before them ends whatever stands there; the runner skips it.
    fn outputs(&self, exit: Exit) -> String {
        let headline = match exit {
            Exit::Success => self.last_good.as_ref(),
            _ => self.first_bad.as_ref(),
        };
        let headline = headline.or(self.last.as_ref()).or(self.last_good.as_ref());
        let mut text = exit_status(exit);
        for (name, value) in headline.into_iter().flatten() {
            text += &output(name, value);
        }
        text += &output("jobs", &self.total().to_string());
        text += &output("jobs_succeeded", &self.succeeded().to_string());
        text += &output("jobs_not_succeeded", &(self.total() - self.succeeded()).to_string());
        let briefs: Vec<Brief<'_>> =
            self.rows().map(|row| Brief { job_id: &row.job_id, outcome: row.ending }).collect();
        // Nothing in it comes from the service: ids that were checked, and words of our own.
        text + &format!("outcomes={}\n", serde_json::to_string(&briefs).unwrap_or_default())
    }
}

impl Row {
    fn of(verdict: &Verdict) -> Self {
        let job = verdict.job.as_ref();
        let word = |text: Option<&str>| cell(text.unwrap_or_default(), SHORT);
        let reason = match job.and_then(|job| job.fail_reason.clone()) {
            Some(reason) if verdict.ending == Ending::Failed => Some(reason),
            _ => verdict.complaint(),
        };
        let cells = [
            word(Some(&verdict.job_id)),
            verdict.ending.text().to_owned(),
            word(job.map(Job::status_text)),
            word(job.and_then(|job| job.job_type.as_deref())),
            job.and_then(Job::duration).map(duration).unwrap_or_default(),
            cell(&reason.unwrap_or_default(), LONG),
        ];
        Self { job_id: verdict.job_id.clone(), ending: verdict.ending, cells: format!("| {} |\n", cells.join(" | ")) }
    }
}

/// What is not known is empty.
fn outputs(outcome: &Outcome<'_>) -> Outputs {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    let error = outcome.error.as_ref();
    vec![
        ("job_id", outcome.job_id.to_owned()),
        ("outcome", outcome.outcome.name().to_owned()),
        ("status", text(outcome.status)),
        ("job_type", text(outcome.job_type)),
        ("fail_reason", text(outcome.fail_reason)),
        ("duration_ms", number(outcome.duration_ms)),
        ("waited_ms", outcome.waited_ms.to_string()),
        ("polls", outcome.polls.to_string()),
        ("error", error.map(|error| error.message.clone()).unwrap_or_default()),
        ("request_id", text(error.and_then(|error| error.request_id.as_deref()))),
    ]
}

/// What went wrong and what to do about it, in one line.
fn hinted(problem: &str, hint: Option<&str>) -> String {
    hint.map_or_else(|| problem.to_owned(), |hint| format!("{problem}; hint: {hint}"))
}

fn exit_status(exit: Exit) -> String {
    format!("\n{}", output("exit_status", &exit.status().to_string()))
}

fn log(line: &str) {
    // Never an error: what standard error has no room for is lost.
    let _ = Log { start: "" }.write_all(line.as_bytes());
}

/// Appends to the file that a variable names. GitHub's own runner sets them; others may leave one out.
fn append(variable: &str, text: &str) {
    let Some(path) = std::env::var_os(variable).filter(|path| !path.is_empty()) else { return };
    let opened = OpenOptions::new().append(true).create(true).open(&path);
    if let Err(error) = opened.and_then(|mut file| file.write_all(text.as_bytes())) {
        say(&format!("warning: {variable}: cannot write {}: {error}", path.display()));
    }
}

#[cfg(test)]
mod tests;
