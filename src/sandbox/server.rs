//! The sandbox's server: accepts, checks, plays and records. An HTTP library does the HTTP.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use futures_util::{StreamExt as _, stream};
use http_body_util::StreamBody;
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use time::UtcDateTime;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::neighbours::Agency;
use super::story::{Answer, Ending, Playing};
use super::{PROJECT_ID, Request, neighbours, verify};
use crate::credentials::Credentials;

/// A key is locked after more failures in a row than this.
const FAILURES_ALLOWED: u32 = 5;
/// Where version 2 of the metadata service gives its tokens.
const METADATA_TOKEN_PATH: &str = "/meta-data/latest/api/token";
/// How long a key stays locked.
const LOCKED: Duration = Duration::from_secs(5 * 60);
/// What was sent of an answer that is cut has this long to go out before the connection is closed.
const BEFORE_CUT: Duration = Duration::from_millis(20);
/// Longer than any client waits.
const FOR_EVER: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) struct Server(Mutex<State>);

pub(super) struct State {
    pub(super) credentials: Credentials,
    pub(super) jobs: HashMap<String, Playing>,
    pub(super) requests: Vec<Request>,
    pub(super) clock_ahead: i64,
    /// The projects that IAM knows: ids and names.
    pub(super) projects: Vec<(String, String)>,
    pub(super) agency: Option<Agency>,
    /// What is answered at a path whoever asks.
    pub(super) overrides: HashMap<String, Answer>,
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
    fn is_locked(&self) -> bool {
        self.locked_at.is_some_and(|at| at.elapsed() < LOCKED)
    }
}

impl Server {
    pub(super) fn new(credentials: Credentials) -> Self {
        Self(Mutex::new(State {
            credentials,
            jobs: HashMap::new(),
            requests: Vec::new(),
            clock_ahead: 0,
            projects: Vec::new(),
            agency: None,
            overrides: HashMap::new(),
            failures: HashMap::new(),
        }))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Accepts connections for ever; dropping it closes them.
    pub(super) async fn accept(self: Arc<Self>, listener: TcpListener, tls: Option<Arc<rustls::ServerConfig>>) {
        let mut connections = JoinSet::new();
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let server = Arc::clone(&self);
            let tls = tls.clone().map(TlsAcceptor::from);
            connections.spawn(async move {
                match tls {
                    None => server.converse(stream).await,
                    Some(tls) => {
                        // A client that does not trust us hangs up in the handshake.
                        if let Ok(stream) = tls.accept(stream).await {
                            server.converse(stream).await;
                        }
                    }
                }
            });
            while connections.try_join_next().is_some() {}
        }
    }

    async fn converse(&self, stream: impl AsyncRead + AsyncWrite + Unpin + 'static) {
        let service =
            service_fn(|request: hyper::Request<Incoming>| async { self.respond(&request.into_parts().0).await });
        // An error here is a connection that one of the two sides closed.
        let _ = hyper::server::conn::http1::Builder::new()
            .auto_date_header(false)
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }

    /// # Errors
    ///
    /// If the connection is to be closed without an answer.
    async fn respond(
        &self,
        request: &Parts,
    ) -> io::Result<Response<impl Body<Data = Bytes, Error = io::Error> + use<>>> {
        let (answer, body, automatic) = self.answer(request);
        tokio::time::sleep(answer.delay).await;
        if answer.ending == Ending::Nothing {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        let mut response = Response::builder()
            .status(StatusCode::from_u16(answer.http_status).map_err(io::Error::other)?)
            .header("Content-Length", body.len());
        for (name, value) in answer.headers.iter().chain(&automatic) {
            response = response.header(name, value);
        }
        let body = Bytes::from(body);
        let half = body.slice(..body.len() / 2);
        let cut = || Err(io::Error::from(io::ErrorKind::ConnectionAborted));
        let (parts, pause) = match answer.ending {
            Ending::Whole | Ending::Nothing => (vec![Ok(body)], Duration::ZERO),
            Ending::Half => (vec![Ok(half), cut()], BEFORE_CUT),
            Ending::Stalled => (vec![Ok(half), cut()], FOR_EVER),
        };
        let frames = stream::iter(parts).then(move |part| async move {
            if part.is_err() {
                tokio::time::sleep(pause).await;
            }
            part.map(Frame::data)
        });
        response.body(StreamBody::new(frames)).map_err(io::Error::other)
    }

    /// Decides what to answer, and records it; also the headers that every answer has.
    fn answer(&self, request: &Parts) -> (Answer, Vec<u8>, Vec<(String, String)>) {
        let now = Instant::now();
        let mut state = self.lock();
        let clock = UtcDateTime::now() + time::Duration::seconds(state.clock_ahead);
        let (answer, body) = state.decide(request, now, clock);
        let status = (answer.ending != Ending::Nothing).then_some(answer.http_status);
        let headers = request.headers.iter();
        state.requests.push(Request {
            at: now,
            path: request.uri.to_string(),
            headers: headers
                .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
                .collect(),
            status,
        });
        let automatic = [
            ("Date".to_owned(), httpdate::fmt_http_date(SystemTime::from(clock))),
            ("X-Request-Id".to_owned(), format!("sandbox-{}", state.requests.len())),
        ];
        let is_set = |name: &str| answer.headers.iter().any(|(set, _)| set.eq_ignore_ascii_case(name));
        let automatic = automatic.into_iter().filter(|(name, _)| !is_set(name)).collect();
        (answer, body, automatic)
    }
}

impl State {
    pub(super) fn is_locked(&self) -> bool {
        self.failures.values().any(Failures::is_locked)
    }

    /// Each refusal counts against the key that was used, a scripted one too, and anything else clears it.
    fn decide(&mut self, request: &Parts, now: Instant, clock: UtcDateTime) -> (Answer, Vec<u8>) {
        if let Some(answer) = self.overrides.get(request.uri.path()) {
            return (answer.clone(), answer.raw_body());
        }
        // Version 1 of the metadata service has no tokens.
        let token = self.overrides.get(METADATA_TOKEN_PATH);
        let needs_token = !token.is_some_and(|answer| matches!(answer.http_status, 404 | 405 | 503));
        if let Some(answer) = neighbours::metadata(request, self.agency.as_ref(), needs_token) {
            return answer;
        }
        let key = verify::access_key(&request.headers).unwrap_or_default().to_owned();
        if self.failures.get(&key).is_some_and(Failures::is_locked) {
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
        let segments: Vec<&str> = request.uri.path().split('/').collect();
        match segments[..] {
            ["", "v2", project, "jobs", _] if project != PROJECT_ID => {
                error(403, "DCS.2003", "the token or key does not belong to this project")
            }
            ["", "v2", _, "jobs", id] if request.method == "GET" => {
                let millis = i64::try_from(clock.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX);
                let played = self.jobs.get_mut(id).and_then(|job| job.next(id, now, millis));
                played.unwrap_or_else(|| error(404, "DCS.3022", "The job does not exist."))
            }
            ["", "v3", "projects"] if request.method == "GET" => neighbours::projects(request, &self.projects),
            _ => error(404, "APIG.0101", "The API does not exist or has not been published in the environment"),
        }
    }
}

pub(super) fn error(status: u16, code: &str, message: &str) -> (Answer, Vec<u8>) {
    let body = json!({"error_code": code, "error_msg": message}).to_string();
    (Answer::http(status).header("Content-Type", "application/json"), body.into_bytes())
}
