//! What the sandbox's server knows, and what it answers by that. Knows nothing of sockets.

use std::collections::HashMap;
use std::time::Duration;

use hyper::http::request::Parts;
use time::UtcDateTime;
use tokio::time::Instant;

use super::answer::{Answer, error};
use super::neighbours::Agency;
use super::quota::Bucket;
use super::story::Playing;
use super::{ACCESS_KEY, PROJECT_ID, Request, SECRET_KEY, neighbours, verify};
use crate::credentials::{Credentials, Kind};

/// A key is locked after more failures in a row than this.
const FAILURES_ALLOWED: u32 = 5;
/// How long a key stays locked.
const LOCKED: Duration = Duration::from_secs(5 * 60);
/// Where version 2 of the metadata service gives its tokens.
const METADATA_TOKEN_PATH: &str = "/meta-data/latest/api/token";

pub(super) struct State {
    pub(super) credentials: Credentials,
    pub(super) jobs: HashMap<String, Playing>,
    pub(super) requests: Vec<Request>,
    pub(super) records_headers: bool,
    pub(super) clock_ahead: i64,
    /// The projects that IAM knows: ids and names.
    pub(super) projects: Vec<(String, String)>,
    pub(super) agency: Option<Agency>,
    /// What is answered at a path whoever asks.
    pub(super) overrides: HashMap<String, Answer>,
    /// What is answered to every request about a job.
    pub(super) outage: Option<Answer>,
    pub(super) quota: Option<Bucket>,
    /// By access key.
    failures: HashMap<String, Failures>,
}

/// How often a key has failed in a row, and when it was locked.
#[derive(Debug, Default)]
struct Failures {
    count: u32,
    locked_at: Option<Instant>,
}

impl Failures {
    fn is_locked(&self, now: Instant) -> bool {
        self.locked_at.is_some_and(|at| now.duration_since(at) < LOCKED)
    }
}

impl State {
    pub(super) fn new() -> Self {
        let key = Kind::Key { access_key: ACCESS_KEY.to_owned(), secret_key: SECRET_KEY.into(), security_token: None };
        Self {
            credentials: Credentials(key),
            jobs: HashMap::new(),
            requests: Vec::new(),
            records_headers: true,
            clock_ahead: 0,
            projects: Vec::new(),
            agency: None,
            overrides: HashMap::new(),
            outage: None,
            quota: None,
            failures: HashMap::new(),
        }
    }

    pub(super) fn is_locked(&self, now: Instant) -> bool {
        self.failures.values().any(|failures| failures.is_locked(now))
    }

    /// Each refusal counts against the key that was used, a scripted one too, and anything else clears it.
    pub(super) fn decide(&mut self, request: &Parts, now: Instant, clock: UtcDateTime) -> (Answer, Vec<u8>) {
        let path = request.uri.path();
        // What is down checks no key.
        let outage = self.outage.as_ref().filter(|_| job_path(path).is_some());
        if let Some(answer) = self.overrides.get(path).or(outage) {
            return (answer.clone(), answer.raw_body());
        }
        // Version 1 of the metadata service has no tokens.
        let token = self.overrides.get(METADATA_TOKEN_PATH);
        let needs_token = !token.is_some_and(|answer| matches!(answer.http_status, 404 | 405 | 503));
        if let Some(answer) = neighbours::metadata(request, self.agency.as_ref(), needs_token) {
            return answer;
        }
        let key = verify::access_key(&request.headers).unwrap_or_default().to_owned();
        if self.failures.get(&key).is_some_and(|failures| failures.is_locked(now)) {
            return error(401, "APIG.0301", "Incorrect IAM authentication information: the access key is locked");
        }
        let (answer, body) = match verify::verify(request, &self.credentials, clock.unix_timestamp()) {
            Ok(()) => self.play(request, now, clock),
            Err(message) => error(401, "APIG.0301", message),
        };
        let failures = self.failures.entry(key).or_default();
        failures.count = if answer.http_status == 401 { failures.count + 1 } else { 0 };
        failures.locked_at = (failures.count > FAILURES_ALLOWED).then_some(now);
        (answer, body)
    }

    fn play(&mut self, request: &Parts, now: Instant, clock: UtcDateTime) -> (Answer, Vec<u8>) {
        let path = request.uri.path();
        let job = job_path(path);
        if job.is_some()
            && let Some(refusal) = self.quota.as_mut().and_then(|bucket| bucket.refuse(now))
        {
            return refusal;
        }
        match job {
            Some((project, _)) if project != PROJECT_ID => {
                error(403, "DCS.2003", "the token or key does not belong to this project")
            }
            Some((_, id)) if request.method == "GET" => {
                let millis = i64::try_from(clock.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX);
                let played = self.jobs.get_mut(id).and_then(|job| job.next(id, now, millis));
                played.unwrap_or_else(|| error(404, "DCS.3022", "The job does not exist."))
            }
            None if path == "/v3/projects" && request.method == "GET" => neighbours::projects(request, &self.projects),
            _ => error(404, "APIG.0101", "The API does not exist or has not been published in the environment"),
        }
    }
}

/// The project and the job that a path names, if it names a job.
fn job_path(path: &str) -> Option<(&str, &str)> {
    let mut segments = path.strip_prefix("/v2/")?.split('/');
    match (segments.next(), segments.next(), segments.next(), segments.next()) {
        (Some(project), Some("jobs"), Some(job), None) => Some((project, job)),
        _ => None,
    }
}
