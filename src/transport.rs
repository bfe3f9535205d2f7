//! The one place that knows the HTTP library: connections, TLS, proxies, and what its errors mean here.

#[cfg(feature = "sandbox")]
mod memory;
mod names;
mod roots;

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, Request, Response};
use tokio::time::{Instant, timeout_at};
use url::{Host, Position, Url};

use crate::answer::{Answer, MAX_BODY};
use crate::error::{Error, Result, TransportErrorKind};
use crate::text::duration;

/// What we call ourselves.
const USER_AGENT: &str = concat!("dcs-wait/", env!("CARGO_PKG_VERSION"));

/// Connections to one service.
#[derive(Debug, Clone)]
pub(crate) struct Transport(Way);

/// By which way requests go.
#[derive(Debug, Clone)]
enum Way {
    Sockets(reqwest::Client),
    #[cfg(feature = "sandbox")]
    Memory(memory::Link),
}

impl Transport {
    /// `ca_pem` holds roots to trust besides those of the system. No proxy is asked for loopback, nor for `direct`
    /// connections. Nothing process-wide is set.
    pub(crate) fn new(endpoint: &Url, direct: bool, ca_pem: Option<&[u8]>) -> Result<Self> {
        let mut builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .dns_resolver(names::Threads)
            .tls_backend_preconfigured(tls(endpoint.scheme() == "https", ca_pem)?);
        if direct || is_loopback(endpoint) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| Error::invalid("client", innermost(&error).to_string()))?;
        Ok(Self(Way::Sockets(client)))
    }

    /// One GET: the answer, its body up to [`MAX_BODY`], or why there is none by `limit`.
    pub(crate) async fn get(&self, url: Url, headers: &[(&str, &str)], limit: Instant) -> Result<Answer> {
        self.send(Method::GET, url, headers, limit).await
    }

    /// One PUT without a body; else like [`get`](Self::get).
    pub(crate) async fn put(&self, url: Url, headers: &[(&str, &str)], limit: Instant) -> Result<Answer> {
        self.send(Method::PUT, url, headers, limit).await
    }

    async fn send(&self, method: Method, url: Url, headers: &[(&str, &str)], limit: Instant) -> Result<Answer> {
        let start = Instant::now();
        let host = host(&url).to_owned();
        let too_late = |_| {
            let detail = format!("{host}: waited {}", duration(start.elapsed()));
            Error::transport(TransportErrorKind::Timeout, detail)
        };
        let mut request = Request::new(method, url);
        for (name, value) in headers.iter().filter(|(name, _)| *name != "Host") {
            let (name, value) = header(name, value)?;
            request.headers_mut().insert(name, value);
        }
        let mut response = timeout_at(limit, self.0.execute(request)).await.map_err(too_late)??;
        let text = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut answer = Answer {
            status: response.status().as_u16(),
            request_id: text("x-request-id"),
            date: text("date").and_then(|date| httpdate::parse_http_date(&date).ok()),
            retry_after: text("retry-after"),
            is_relayed: ["age", "via"].iter().any(|name| response.headers().contains_key(*name)),
            body: Some(Vec::new()),
        };
        match timeout_at(limit, body(&mut response, &host)).await.map_err(too_late).flatten() {
            Ok(body) => answer.body = body,
            // A refusal counts as one even if its end never arrives.
            Err(_) if answer.status == 401 => {}
            Err(error) => return Err(error),
        }
        Ok(answer)
    }
}

impl Way {
    /// The answer's head; its body is still to come.
    async fn execute(&self, request: Request) -> Result<Response> {
        match self {
            Self::Sockets(client) => {
                let host = host(request.url()).to_owned();
                client.execute(request).await.map_err(|error| transport_error(&error, &host))
            }
            #[cfg(feature = "sandbox")]
            Self::Memory(link) => link.execute(request).await,
        }
    }
}

fn host(url: &Url) -> &str {
    &url[Position::BeforeHost..Position::AfterPort]
}

/// The body, unless it is longer than [`MAX_BODY`].
async fn body(response: &mut Response, host: &str) -> Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| transport_error(&error, host))? {
        if body.len() + chunk.len() > MAX_BODY {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

/// Marked so that the HTTP library shows no header of ours in its own logs.
fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue)> {
    let unusable = || Error::invalid("credentials", "not usable in an HTTP header");
    let name = HeaderName::try_from(name).map_err(|_| unusable())?;
    let mut value = HeaderValue::from_str(value).map_err(|_| unusable())?;
    value.set_sensitive(true);
    Ok((name, value))
}

fn tls(needed: bool, ca_pem: Option<&[u8]>) -> Result<rustls::ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let given = ca_pem.map(roots::read).transpose()?;
    let builder = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::invalid("tls", error.to_string()))?;
    Ok(if needed {
        builder.dangerous().with_custom_certificate_verifier(roots::verifier(given, provider)?).with_no_client_auth()
    } else {
        // Reading the system's roots takes longer than a whole request without them.
        builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth()
    })
}

fn transport_error(error: &reqwest::Error, host: &str) -> Error {
    let certificate = chain(error).find_map(|cause| match cause.downcast_ref() {
        Some(rustls::Error::InvalidCertificate(reason)) => Some(reason.to_string()),
        _ => None,
    });
    if let Some(reason) = certificate {
        return Error::transport(TransportErrorKind::Certificate, format!("{host}: {reason}"));
    }
    let cause = innermost(error);
    // The HTTP library keeps the type of this error to itself.
    let kind = if chain(error).any(|cause| cause.to_string().contains("proxy authorization required")) {
        TransportErrorKind::ProxyAuthentication
    } else if error.is_connect() {
        TransportErrorKind::Connect
    } else {
        TransportErrorKind::Interrupted
    };
    Error::transport(kind, format!("{host}: {cause}"))
}

fn innermost(error: &reqwest::Error) -> &(dyn StdError + 'static) {
    chain(error).last().unwrap_or(error)
}

/// The error and its causes. An `io::Error` hides the one that it wraps from `source`.
fn chain(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    let first: &(dyn StdError + 'static) = error;
    std::iter::successors(Some(first), |&error| match error.downcast_ref().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    })
}

/// Whether a URL leads to this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
