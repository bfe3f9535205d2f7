//! Lets a history happen, in paused time, and writes down what was seen.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use dcs_wait::sandbox::{ACCESS_KEY, PROJECT_ID, SECRET_KEY, Sandbox, Story};
use dcs_wait::{Client, Credentials, Error, Event, Outcome};
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::history::{Change, History, Keys, Plan};
use super::story::Said;
use crate::support::kind;

/// What was seen of a history, all times in seconds since its start.
pub(crate) struct Record {
    pub(crate) requests: Vec<Asked>,
    /// Before which request something changed, when, and what.
    pub(crate) changes: Vec<(usize, f64, Change)>,
    pub(crate) outcomes: Vec<Told>,
    /// Of each wait that was awaited: whether it was `Ok`.
    pub(crate) awaited: Vec<(usize, bool)>,
    /// When each wait began.
    pub(crate) begun: Vec<f64>,
    /// Our clock at the start, in seconds since the epoch.
    pub(crate) clock: i64,
}

/// A request as the sandbox recorded it.
pub(crate) struct Asked {
    pub(crate) at: f64,
    pub(crate) id: String,
    pub(crate) status: Option<u16>,
    pub(crate) headers: Vec<(String, String)>,
}

/// An outcome.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) wait: usize,
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) at: f64,
    pub(crate) polls: u32,
    pub(crate) has_job: bool,
}

/// Lets a history happen.
pub(crate) async fn play(history: &History) -> Record {
    let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let sandbox = Sandbox::without_sockets();
    let known = Arc::new(Mutex::new(key(0)));
    let client = match history.keys {
        Keys::Token => {
            sandbox.accept_only(Credentials::token("a-token-of-the-sandbox").unwrap());
            sandbox.client()
        }
        Keys::Key => sandbox.client(),
        Keys::Source => {
            let known = Arc::clone(&known);
            sandbox.client_with(move || std::future::ready(Ok(known.lock().unwrap().clone().into())))
        }
    };
    let client = client.project_id(PROJECT_ID).max_rate(history.rate).request_timeout(seconds(history.request_timeout));
    let client = client.build().unwrap();
    sandbox.set_quota(history.quota);
    for (id, said) in &history.jobs {
        sandbox.add_job(id, said.iter().fold(Story::new(), |story, said| story.then(said.answer.clone())));
    }

    let start = Instant::now();
    let changes = Mutex::new(Vec::new());
    let change = async {
        for (at, change) in &history.changes {
            if *at > 0.0 {
                sleep_until(start + seconds(*at)).await;
            }
            let mut changes = changes.lock().unwrap();
            changes.push((sandbox.requests().len(), start.elapsed().as_secs_f64(), change.clone()));
            match change {
                Change::Outage(said) => sandbox.set_outage(said.as_ref().map(|said: &Said| said.answer.clone())),
                Change::Clock(ahead) => sandbox.set_clock_ahead(*ahead),
                Change::Key { is_told } => {
                    let new = key(changes.len());
                    sandbox.accept_only(new.clone());
                    if *is_told {
                        *known.lock().unwrap() = new;
                    }
                }
            }
        }
        std::future::pending::<()>().await;
    };
    let end = start + seconds(history.end() + 1200.0);
    let waits = history.waits.iter().enumerate().map(|(number, plan)| wait(&client, number, plan, start, end));
    let waits = join_all(waits);
    let limit = start + seconds(history.end() + 7200.0);
    let given = tokio::select! {
        biased;
        () = change => unreachable!(),
        given = waits => given,
        () = sleep_until(limit) => panic!("[h] the waits do not end"),
    };
    drop(client);
    let (mut begun, mut outcomes, mut awaited) = (Vec::new(), Vec::new(), Vec::new());
    for (number, (since, told, is_ok)) in given.into_iter().enumerate() {
        begun.push(since);
        outcomes.extend(told);
        awaited.extend(is_ok.map(|is_ok| (number, is_ok)));
    }
    let asked = |request: dcs_wait::sandbox::Request| Asked {
        at: (Instant::from_std(request.at) - start).as_secs_f64(),
        id: request.path.rsplit('/').next().unwrap_or_default().to_owned(),
        status: request.status,
        headers: request.headers,
    };
    let requests = sandbox.requests().into_iter().map(asked).collect();
    let changes = changes.into_inner().unwrap();
    Record { requests, changes, outcomes, awaited, begun, clock: i64::try_from(clock).unwrap() }
}

pub(crate) fn key_id(number: usize) -> String {
    if number == 0 { ACCESS_KEY.to_owned() } else { format!("SANDBOX{number:010}KEY") }
}

/// What a wait gave: when it began, its outcomes, and whether it was `Ok` if it was awaited.
type Given = (f64, Vec<Told>, Option<bool>);

fn told(wait: usize, outcome: &Outcome, at: f64) -> Told {
    let (id, polls, has_job) = (outcome.job_id.clone(), outcome.polls, outcome.job.is_some());
    Told { wait, id, kind: kind(&outcome.result), at, polls, has_job }
}

fn seconds(count: f64) -> Duration {
    Duration::from_secs_f64(count)
}

async fn wait(client: &Client, number: usize, plan: &Plan, start: Instant, end: Instant) -> Given {
    sleep_until(start + seconds(plan.start)).await;
    let begun = start.elapsed().as_secs_f64();
    macro_rules! with_options {
        ($wait:expr) => {
            $wait
                .timeout(seconds(plan.timeout))
                .initial_interval(seconds(plan.initial))
                .multiplier(plan.multiplier)
                .max_interval(seconds(plan.max))
                .jitter(plan.jitter)
                .max_outage(seconds(plan.max_outage))
                .not_found_grace(seconds(plan.grace))
        };
    }
    let many = || {
        let mut many = with_options!(client.wait_for_jobs(&plan.ids));
        if plan.any {
            many = many.any();
        }
        if plan.fail_fast {
            many = many.fail_fast();
        }
        many
    };
    if plan.is_awaited {
        let (outcomes, is_ok) = match many().await {
            Ok(outcomes) => (outcomes, true),
            Err(Error::Several(several)) => (several.outcomes, false),
            Err(error) => panic!("{error}"),
        };
        let outcomes = outcomes.iter().map(|outcome| told(number, outcome, begun + outcome.waited.as_secs_f64()));
        return (begun, outcomes.collect(), Some(is_ok));
    }
    let mut events =
        if plan.is_single { with_options!(client.wait_for_job(&plan.ids[0])).events() } else { many().events() };
    let mut outcomes = Vec::new();
    let all = async {
        while let Some(event) = events.next().await {
            if let Event::Outcome(outcome) = event {
                outcomes.push(told(number, &outcome, start.elapsed().as_secs_f64()));
            }
        }
    };
    match plan.left {
        None => all.await,
        Some(left) => {
            let mut all = Box::pin(all);
            if timeout_at(start + seconds(left.at), &mut all).await.is_err() && left.is_kept {
                sleep_until(end).await;
            }
        }
    }
    (begun, outcomes, None)
}

fn key(number: usize) -> Credentials {
    Credentials::key(key_id(number), SECRET_KEY).unwrap()
}
