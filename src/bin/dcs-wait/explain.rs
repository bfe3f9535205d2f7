//! `--explain`: what would be used and where it comes from, and how it would be waited. Sends nothing.

use std::time::Duration;

use dcs_wait::text::{duration, one_line};
use dcs_wait::{Client, Error, WaitForJob};
use serde::Serialize;

use crate::args::{Args, Format};
use crate::settings::{Setting, Settings};

/// So many polls are shown one by one.
const SHOWN: usize = 8;

#[derive(Serialize)]
struct Report<'a> {
    credentials: Option<Setting>,
    region: Option<&'a Setting>,
    project_id: Option<&'a Setting>,
    endpoint: Option<Setting>,
    looked_at: Vec<Looked>,
    /// When the first polls are made, in milliseconds from the first.
    polls_ms: Vec<u64>,
    longest_pause_ms: u64,
    longest_lateness_ms: u64,
    most_requests: u64,
    /// When the last job is looked at first, if the rate carries that past the deadline.
    last_first_look_ms: Option<u64>,
    error: Option<String>,
}

#[derive(Serialize)]
struct Looked {
    source: String,
    what: String,
}

/// The listing, and whether all that is needed is there.
pub(crate) fn explain(
    args: &Args,
    settings: &Settings,
    client: &Result<Client, Error>,
    wait: Option<&WaitForJob>,
) -> (String, bool) {
    let found = settings.search.result.as_ref().ok();
    let credentials = found.map(|found| Setting {
        value: found.login().map_or_else(|| "asked for when needed".to_owned(), |login| login.credentials.describe()),
        origin: found.origin().to_owned(),
    });
    let by_region = settings.region.as_ref().map(|region| Setting {
        value: format!("https://dcs.{}.myhuaweicloud.com", region.value),
        origin: "the region".to_owned(),
    });
    let tried = settings.search.tried.iter();
    let mut report = Report {
        credentials,
        region: settings.region.as_ref(),
        project_id: settings.project_id.as_ref(),
        endpoint: settings.endpoint.clone().or(by_region),
        looked_at: tried.map(|it| Looked { source: it.source.to_string(), what: one_line(&it.what) }).collect(),
        polls_ms: Vec::new(),
        longest_pause_ms: 0,
        longest_lateness_ms: 0,
        most_requests: 0,
        last_first_look_ms: None,
        error: client.as_ref().err().map(problem),
    };
    let pauses: Vec<Duration> = wait.map(|wait| times(wait, args.timeout)).unwrap_or_default();
    let jobs = args.job_ids.len().max(1) as f64;
    // All jobs once around.
    let around = Duration::from_secs_f64(jobs / args.max_rate);
    let longest = args.max_interval.max(args.initial_interval.min(args.max_interval));
    let allowed = (args.timeout.as_secs_f64() * args.max_rate).max(jobs);
    report.polls_ms = pauses.iter().take(SHOWN).map(|at| millis(*at)).collect();
    report.longest_pause_ms = millis(longest);
    report.longest_lateness_ms = millis(longest.max(around));
    report.most_requests = (pauses.len() as f64 * jobs).min(allowed) as u64;
    report.last_first_look_ms = (around > args.timeout && jobs > 1.0).then(|| millis(around));
    let complete = report.error.is_none();
    (if args.output == Format::Text { text(&report, args) } else { to_json(&report) }, complete)
}

/// What is wrong, without what the rows say already.
fn problem(error: &Error) -> String {
    match error {
        Error::Invalid(input) if input.problem.starts_with("none found") => format!("{}: none found", input.name),
        error => error.to_string(),
    }
}

/// When the polls of one job are made if nothing is in the way, from the first to the one at the deadline.
fn times(wait: &WaitForJob, timeout: Duration) -> Vec<Duration> {
    let mut at = Duration::ZERO;
    let mut times = vec![at];
    for pause in wait.pauses() {
        at += pause;
        if at >= timeout {
            break;
        }
        times.push(at);
    }
    times.extend((!timeout.is_zero()).then_some(timeout));
    times
}

fn text(report: &Report<'_>, args: &Args) -> String {
    let setting = |setting: Option<&Setting>, missing: &str| match setting {
        Some(Setting { value, origin }) => format!("{}, from {}", one_line(value), one_line(origin)),
        None => missing.to_owned(),
    };
    let mut rows = vec![
        ("credentials", setting(report.credentials.as_ref(), "none")),
        ("region", setting(report.region, "none")),
        ("project", setting(report.project_id, "looked up in IAM by the region's name")),
        ("endpoint", setting(report.endpoint.as_ref(), "none")),
    ];
    rows.extend(report.looked_at.iter().map(|looked| ("looked at", format!("{}: {}", looked.source, looked.what))));
    let ms = |millis: u64| duration(Duration::from_millis(millis));
    let polls: Vec<String> = report.polls_ms.iter().map(|at| ms(*at)).collect();
    if !polls.is_empty() {
        let spread = format!("pauses up to {}, spread by ±{}%", ms(report.longest_pause_ms), args.jitter * 100.0);
        rows.push(("polls at", format!("{} …, {spread}", polls.join(", "))));
        rows.push((
            "lateness",
            format!("if the service answers, the end of a job is seen at most {} late", ms(report.longest_lateness_ms)),
        ));
        let jobs = args.job_ids.len().max(1);
        rows.push((
            "requests",
            format!("at most {} in {} for {jobs} job(s)", report.most_requests, duration(args.timeout)),
        ));
        if let Some(at) = report.last_first_look_ms {
            rows.push(("attention", format!("at this rate the last job is looked at only after {}", ms(at))));
        }
    }
    rows.extend(report.error.iter().map(|error| ("error", error.clone())));
    rows.iter().map(|(name, what)| format!("{name:<12} {what}")).collect::<Vec<_>>().join("\n")
}

fn to_json(report: &Report<'_>) -> String {
    // Nothing in this type can fail to be JSON.
    serde_json::to_string(report).unwrap_or_default()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
