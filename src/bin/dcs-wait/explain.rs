//! `--explain`: what would be used and where it comes from, and how it would be waited. Sends nothing.

use std::time::Duration;

use dcs_wait::text::{duration, one_line};
use dcs_wait::{Client, Error, WaitForJobs};
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
    /// The length that is expected, and the longest lateness of what takes longer.
    expected_ms: Option<u64>,
    longest_lateness_after_ms: Option<u64>,
    requests: u64,
    /// When the last job is looked at first, if the rate carries that past the deadline.
    last_first_look_ms: Option<u64>,
}

#[derive(Serialize)]
struct Looked {
    source: String,
    what: String,
}

/// The listing, for so many jobs. `prepared` is the wait and its client, or why there is nothing to wait with.
pub(crate) fn explain(
    args: &Args,
    settings: &Settings,
    prepared: &Result<(WaitForJobs, Client), Error>,
    jobs: usize,
) -> String {
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
        error: prepared.as_ref().err().map(problem),
    };
    if let Ok((wait, client)) = prepared {
        report.schedule = Some(schedule(args, client, wait, jobs.max(1)));
    }
    if args.output == Format::Text { text(&report, args, jobs) } else { to_json(&report) }
}

fn schedule(args: &Args, client: &Client, wait: &WaitForJobs, jobs: usize) -> Plan {
    let jobs = u32::try_from(jobs).unwrap_or(u32::MAX);
    let round = client.round_of(jobs);
    let (polls, count) = polls(wait, args);
    // A job whose first look the rate carries past the deadline has but that one.
    let last_first_look = (round > args.timeout && jobs > 1).then_some(round);
    let longest = last_first_look.unwrap_or(args.timeout);
    let longest_pause = wait.longest_pause();
    let late = |pause: Duration| millis(if jobs > 1 { pause + round } else { pause }.min(longest));
    // At the rate, as many as fit into the time, and at least one for each job.
    let allowed = args.timeout.as_nanos() / client.round_of(1).as_nanos().max(1) + 1;
    let requests = (u128::from(count) * u128::from(jobs)).min(allowed.max(u128::from(jobs)));
    Plan {
        polls_ms: polls.iter().map(|at| millis(*at)).collect(),
        longest_pause_ms: millis(longest_pause.min(args.timeout)),
        longest_lateness_ms: late(longest_pause),
        expected_ms: args.expect.map(millis),
        longest_lateness_after_ms: args.expect.map(|_| late(args.max_interval)),
        requests: u64::try_from(requests).unwrap_or(u64::MAX),
        last_first_look_ms: last_first_look.map(millis),
    }
}

/// What is wrong, without what the rows say already.
fn problem(error: &Error) -> String {
    match error {
        Error::Invalid(input) if input.problem.starts_with("none found") => format!("{}: none found", input.name),
        error => error.to_string(),
    }
}

/// When the first polls of one job are made if nothing is in the way, and how many there are with the one at the deadline.
fn polls(wait: &WaitForJobs, args: &Args) -> (Vec<Duration>, u64) {
    let timeout = args.timeout;
    // Until then an expected length changes the pauses.
    let settled = args.expect.unwrap_or_default() * 2;
    let (mut first, mut count, mut at, mut before) = (Vec::new(), 0, Duration::ZERO, Duration::ZERO);
    for pause in wait.pauses() {
        if first.len() < SHOWN {
            first.push(at.min(timeout));
        }
        count += 1;
        if at >= timeout {
            break;
        }
        at += pause;
        if pause == before && first.len() == SHOWN && at - pause > settled {
            // It grows no more: the rest is counted at once.
            let rest = timeout.saturating_sub(at).as_nanos().div_ceil(pause.as_nanos().max(1));
            count += u64::try_from(rest).unwrap_or(u64::MAX).saturating_add(1);
            break;
        }
        before = pause;
    }
    (first, count)
}

fn text(report: &Report<'_>, args: &Args, jobs: usize) -> String {
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
        let polls: Vec<String> = plan.polls_ms.iter().map(|at| ms(*at)).collect();
        let more = if polls.len() == SHOWN { " …" } else { "" };
        let mut spread = format!("pauses spread by ±{}%, up to {}", args.jitter * 100.0, ms(plan.longest_pause_ms));
        let mut late = ms(plan.longest_lateness_ms);
        if let (Some(expected), Some(after)) = (plan.expected_ms, plan.longest_lateness_after_ms) {
            spread += &format!(", shortest around {}", ms(expected));
            late += &format!(" late, after {} at most {}", ms(expected), ms(after));
        }
        let whose = if jobs > 1 { format!("{jobs} jobs") } else { "a job".to_owned() };
        if args.timeout.is_zero() {
            rows.push(("polls", "each job once".to_owned()));
            rows.push(("requests", format!("about {} for {whose}", plan.requests)));
        } else {
            rows.push(("polls at", format!("{}{more}; {spread}", polls.join(", "))));
            rows.push(("lateness", format!("if the service answers, the end of a job is seen at most {late} late")));
            let time = duration(args.timeout);
            rows.push(("requests", format!("about {} for {whose} in {time}", plan.requests)));
        }
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
