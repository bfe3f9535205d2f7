//! Lets a history happen, in paused time or over sockets, and writes down what was seen.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use dcs_wait::sandbox::{ACCESS_KEY, PROJECT_ID, SECRET_KEY, Sandbox, Story};
use dcs_wait::{Client, Credentials, Error, Event, Events, Outcome};
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::history::{Change, History, Keys, Plan};
use super::model::GRAIN;
use super::stalls::Stalls;
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
    /// What is on its way takes up to this: nothing without sockets.
    pub(crate) way: f64,
}

impl Record {
    /// What is closer in time cannot be told apart.
    pub(crate) fn grain(&self) -> f64 {
        GRAIN + 2.0 * self.way
    }
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
    let sandbox = if history.has_sockets { Sandbox::start().await.unwrap() } else { Sandbox::without_sockets() };
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
    let stalls = history.has_sockets.then(Stalls::watch);
    let waits =
        history.waits.iter().enumerate().map(|(number, plan)| wait(&client, number, plan, start, history.has_sockets));
    let waits = join_all(waits);
    let limit = start + seconds(history.end() + if history.has_sockets { 60.0 } else { 7200.0 });
    let given = tokio::select! {
        biased;
        () = change => unreachable!(),
        given = waits => given,
        () = sleep_until(limit) => panic!("[h] the waits do not end"),
    };
    drop(client);
    let (mut begun, mut outcomes, mut awaited) = (Vec::new(), Vec::new(), Vec::new());
    for (number, given) in given.into_iter().enumerate() {
        begun.push(given.begun);
        outcomes.extend(given.outcomes);
        awaited.extend(given.is_ok.map(|is_ok| (number, is_ok)));
    }
    let asked = |request: dcs_wait::sandbox::Request| Asked {
        at: (Instant::from_std(request.at) - start).as_secs_f64(),
        id: request.path.rsplit('/').next().unwrap_or_default().to_owned(),
        status: request.status,
        headers: request.headers,
    };
    let requests = sandbox.requests().into_iter().map(asked).collect();
    let changes = changes.into_inner().unwrap();
    let way = stalls.map_or(0.0, |stalls| stalls.way());
    Record { requests, changes, outcomes, awaited, begun, clock: i64::try_from(clock).unwrap(), way }
}

pub(crate) fn key_id(number: usize) -> String {
    if number == 0 { ACCESS_KEY.to_owned() } else { format!("SANDBOX{number:010}KEY") }
}

/// What a wait gave.
struct Given {
    begun: f64,
    outcomes: Vec<Told>,
    /// If it was awaited.
    is_ok: Option<bool>,
    /// The wait itself, if it is kept until all are over.
    _kept: Option<Events>,
}

fn told(wait: usize, outcome: &Outcome, at: f64) -> Told {
    let (id, polls, has_job) = (outcome.job_id.clone(), outcome.polls, outcome.job.is_some());
    Told { wait, id, kind: kind(&outcome.result), at, polls, has_job }
}

fn seconds(count: f64) -> Duration {
    Duration::from_secs_f64(count)
}

async fn wait(client: &Client, number: usize, plan: &Plan, start: Instant, has_sockets: bool) -> Given {
    sleep_until(start + seconds(plan.start)).await;
    let now = Instant::now();
    let begun = (now - start).as_secs_f64();
    macro_rules! with_options {
        ($wait:expr) => {
            // Until it begins some time passes, unless time is paused.
            if has_sockets {
                $wait.deadline((now + seconds(plan.timeout)).into_std())
            } else {
                $wait.timeout(seconds(plan.timeout))
            }
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
        // Over sockets it began a little later, and the last outcome is the end of it.
        let waited = |outcome: &Outcome| outcome.waited.as_secs_f64();
        let last = outcomes.last().filter(|_| has_sockets).map(|last| start.elapsed().as_secs_f64() - waited(last));
        let since = last.unwrap_or(begun);
        let outcomes = outcomes.iter().map(|outcome| told(number, outcome, since + waited(outcome)));
        return Given { begun, outcomes: outcomes.collect(), is_ok: Some(is_ok), _kept: None };
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
        Some(left) => drop(timeout_at(start + seconds(left.at), all).await),
    }
    let kept = plan.left.filter(|left| left.is_kept).map(|_| events);
    Given { begun, outcomes, is_ok: None, _kept: kept }
}

fn key(number: usize) -> Credentials {
    Credentials::key(key_id(number), SECRET_KEY).unwrap()
}
