//! The way to a sandbox without sockets: the same requests and answers as over sockets, handed over in memory.

use std::sync::{Arc, Weak};

use hyper::http::request::Parts;
use reqwest::header::{ACCEPT, HOST, HeaderValue, USER_AGENT};
use reqwest::{Body, Request, Response};
use url::Position;

use super::{Transport, Way};
use crate::error::{Error, Result, TransportErrorKind};
use crate::sandbox::Server;

/// What leads to a sandbox for as long as it is there.
#[derive(Debug, Clone)]
pub(super) struct Link(Weak<Server>);

impl Transport {
    /// All requests go to this sandbox, whatever their URL.
    pub(crate) fn to_sandbox(server: &Arc<Server>) -> Self {
        Self(Way::Memory(Link(Arc::downgrade(server))))
    }
}

impl Link {
    pub(super) async fn execute(&self, request: Request) -> Result<Response> {
        let host = request.url()[Position::BeforeHost..Position::AfterPort].to_owned();
        let error = |kind, problem: &str| Error::transport(kind, format!("{host}: {problem}"));
        let parts = parts(request, &host)
            .ok_or_else(|| error(TransportErrorKind::Interrupted, "the request cannot be put into HTTP"))?;
        // Held only until the answer is decided: the sandbox's owner may drop it while the answer is on its way.
        let answer = match self.0.upgrade() {
            Some(server) => server.respond(&parts),
            None => return Err(error(TransportErrorKind::Connect, "the sandbox is gone")),
        };
        match answer.await {
            Ok(response) => Ok(response.map(Body::wrap).into()),
            Err(_) => Err(error(TransportErrorKind::Interrupted, "connection closed before message completed")),
        }
    }
}

/// The request as the server sees what the HTTP library sends.
fn parts(mut request: Request, host: &str) -> Option<Parts> {
    let mut parts = hyper::Request::new(()).into_parts().0;
    parts.method = request.method().clone();
    parts.uri = request.url()[Position::BeforePath..Position::AfterQuery].parse().ok()?;
    parts.headers = std::mem::take(request.headers_mut());
    parts.headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    parts.headers.insert(USER_AGENT, HeaderValue::from_static(super::USER_AGENT));
    parts.headers.insert(HOST, host.parse().ok()?);
    Some(parts)
}
