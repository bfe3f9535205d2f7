//! `--explain`: what would be used and where it comes from, and how it would be waited. Sends nothing.

use std::time::Duration;

use dcs_wait::text::{duration, one_line};
use dcs_wait::{Error, WaitForJob};
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
    schedule: Option<Plan>,
    error: Option<String>,
}

/// How one job would be polled if nothing is in the way, and what that costs for all.
#[derive(Serialize)]
struct Plan {
    /// When the first polls are made, in milliseconds from the first.
    polls_ms: Vec<u64>,
    longest_pause_ms: u64,
    longest_lateness_ms: u64,
    most_requests: u64,
    /// When the last job is looked at first, if the rate carries that past the deadline.
    last_first_look_ms: Option<u64>,
}

#[derive(Serialize)]
struct Looked {
    source: String,
    what: String,
}

/// The listing. `waits` is what would be waited for, or why that cannot be.
pub(crate) fn explain(args: &Args, settings: &Settings, waits: &Result<WaitForJob, Error>) -> String {
    let found = settings.search.result.as_ref().ok();
    let credentials = found.map(|found| Setting {
        value: found.login().map_or_else(|| "asked for when needed".to_owned(), |login| login.credentials.describe()),
        origin: found.origin().to_owned(),
    });
    let by_region = settings.region.as_ref().map(|region| Setting {
        value: format!("https://dcs.{}.myhuaweicloud.com", region.value),
        origin: "the region".to_owned(),
    });
    let endpoint = settings.endpoint.clone().map(|Setting { value, origin }| {
        let value = match value {
            // What is refused for it may be a password.
            value if value.contains(['@', '?', '#']) => "not usable".to_owned(),
            value if value.contains("://") => value,
            host => format!("https://{host}"),
        };
        Setting { value, origin }
    });
    let tried = settings.search.tried.iter();
    let mut report = Report {
        credentials,
        region: settings.region.as_ref(),
        project_id: settings.project_id.as_ref(),
        endpoint: endpoint.or(by_region),
        looked_at: tried.map(|it| Looked { source: it.source.to_string(), what: one_line(&it.what) }).collect(),
        schedule: None,
        error: waits.as_ref().err().map(problem),
    };
    if let Ok(wait) = waits {
        report.schedule = Some(schedule(args, wait));
    }
    if args.output == Format::Text { text(&report, args) } else { to_json(&report) }
}

fn schedule(args: &Args, wait: &WaitForJob) -> Plan {
    let polls = times(wait, args.timeout);
    let jobs = args.job_ids.len().max(1) as f64;
    // All jobs once around.
    let around = Duration::from_secs_f64(jobs / args.max_rate);
    let allowed = (args.timeout.as_secs_f64() * args.max_rate).max(jobs);
    Plan {
        polls_ms: polls.iter().take(SHOWN).map(|at| millis(*at)).collect(),
        longest_pause_ms: millis(args.max_interval),
        longest_lateness_ms: millis(args.max_interval.max(around)),
        most_requests: (polls.len() as f64 * jobs).min(allowed) as u64,
        last_first_look_ms: (around > args.timeout && jobs > 1.0).then(|| millis(around)),
    }
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
        (
            "project",
            setting(report.project_id, report.region.map_or("none", |_| "looked up in IAM by the region's name")),
        ),
        ("endpoint", setting(report.endpoint.as_ref(), "none")),
    ];
    rows.extend(report.looked_at.iter().map(|looked| ("looked at", format!("{}: {}", looked.source, looked.what))));
    let ms = |millis: u64| duration(Duration::from_millis(millis));
    if let Some(plan) = &report.schedule {
        let jobs = args.job_ids.len();
        let polls: Vec<String> = plan.polls_ms.iter().map(|at| ms(*at)).collect();
        let more = if polls.len() == SHOWN { " …" } else { "" };
        let spread = format!("pauses spread by ±{}%, up to {}", args.jitter * 100.0, ms(plan.longest_pause_ms));
        rows.push(("polls at", format!("{}{more}; {spread}", polls.join(", "))));
        if !args.timeout.is_zero() {
            let late = ms(plan.longest_lateness_ms);
            rows.push(("lateness", format!("if the service answers, the end of a job is seen at most {late} late")));
        }
        let whose = if jobs > 1 { format!("{jobs} jobs") } else { "a job".to_owned() };
        let time = duration(args.timeout);
        rows.push(("requests", format!("at most {} for {whose} in {time}", plan.most_requests)));
        if let Some(at) = plan.last_first_look_ms {
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
