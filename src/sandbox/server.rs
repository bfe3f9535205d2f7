//! The sandbox's server: accepts, answers and records. An HTTP library does the HTTP; without sockets, requests come straight
//! to `respond`.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use hyper::Response;
use hyper::body::{Body, Bytes, Incoming};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use time::UtcDateTime;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_rustls::TlsAcceptor;

use super::Request;
use super::answer::{Answer, Ending};
use super::reply::reply;
use super::state::State;

pub(crate) struct Server(Mutex<State>);

impl Server {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State::new()))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Accepts connections for ever; dropping it closes them.
    pub(super) async fn accept(self: Arc<Self>, listener: TcpListener, tls: Option<Arc<rustls::ServerConfig>>) {
        let mut connections = JoinSet::new();
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                // Without a descriptor to give; one is free when a connection has ended.
                sleep(Duration::from_millis(10)).await;
                continue;
            };
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
        let service = service_fn(|request: hyper::Request<Incoming>| self.respond(&request.into_parts().0));
        // An error here is a connection that one of the two sides closed.
        let _ = hyper::server::conn::http1::Builder::new()
            .auto_date_header(false)
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }

    /// Decides at once what to answer; the answer itself takes its time, and does not need the server for it.
    ///
    /// # Errors
    ///
    /// If the connection is to be closed without an answer.
    pub(crate) fn respond(
        &self,
        request: &Parts,
    ) -> impl Future<Output = io::Result<Response<impl Body<Data = Bytes, Error = io::Error> + use<>>>> + use<> {
        let (answer, body, automatic) = self.answer(request);
        reply(answer, body, automatic)
    }

    /// Decides what to answer, and records it; also the headers that every answer has.
    fn answer(&self, request: &Parts) -> (Answer, Vec<u8>, Vec<(String, String)>) {
        let now = Instant::now();
        let mut state = self.lock();
        let clock = UtcDateTime::now() + time::Duration::seconds(state.clock_ahead);
        let (answer, body) = state.decide(request, now, clock);
        let status = (answer.ending != Ending::Nothing).then_some(answer.http_status);
        let headers = request.headers.iter().filter(|_| state.records_headers);
        let headers = headers
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        state.requests.push(Request { at: now.into_std(), path: request.uri.to_string(), headers, status });
        let automatic = [
            ("Date".to_owned(), httpdate::fmt_http_date(SystemTime::from(clock))),
            ("X-Request-Id".to_owned(), format!("sandbox-{}", state.requests.len())),
        ];
        let is_set = |name: &str| answer.headers.iter().any(|(set, _)| set.eq_ignore_ascii_case(name));
        let automatic = automatic.into_iter().filter(|(name, _)| !is_set(name)).collect();
        (answer, body, automatic)
    }
}
