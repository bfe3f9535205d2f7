//! A DCS endpoint on loopback, for tests and for trying things out: of this crate, and of whatever waits for DCS jobs.
//!
//! It is a real HTTP server that checks signatures with code of its own, refuses dates that are off by more than 15
//! minutes, locks a key after more than five failures in a row, and plays a [`Story`] for each job. At the same endpoint are
//! an IAM that knows projects, and an instance's metadata service.
//!
//! ```
//! use dcs_wait::sandbox::{Answer, Sandbox, Story};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = Sandbox::start().await?;
//! sandbox.add_job("swap-1", Story::new().init().then(Answer::http(503)).running().fails("out of memory"));
//!
//! let client = sandbox.client().build()?;
//! assert_eq!(client.job("swap-1").await?.status_text(), "INIT");
//! assert!(client.job("swap-1").await.unwrap_err().is_transient());
//! assert_eq!(client.job("swap-1").await?.status_text(), "RUNNING");
//! assert_eq!(client.job("swap-1").await?.fail_reason.as_deref(), Some("out of memory"));
//! assert_eq!(sandbox.requests().len(), 4);
//! # Ok(())
//! # }
//! ```
//!
//! It runs on the runtime that started it and stops when it is dropped. Its sockets are real: use it with real time, not
//! with tokio's paused clock, and with short pauses.

mod neighbours;
mod server;
mod story;
mod verify;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use self::neighbours::Agency;
use self::server::Server;
pub use self::story::{Answer, Story};
use crate::client::{Client, ClientBuilder};
use crate::credentials::{Credentials, Kind};

/// The project that the sandbox's jobs belong to.
pub const PROJECT_ID: &str = "0123456789abcdef0123456789abcdef";
/// The access key id that the sandbox accepts at first.
pub const ACCESS_KEY: &str = "SANDBOX0000000000KEY";
/// The secret key that belongs to [`ACCESS_KEY`]. It protects nothing.
pub const SECRET_KEY: &str = "sandboxSecretKey000000000000000000000000";

/// A running endpoint. It stops when it is dropped.
pub struct Sandbox {
    address: SocketAddr,
    tls: bool,
    server: Arc<Server>,
    accepting: AbortHandle,
}

/// A request as the sandbox received it, and what it answered. Its `Debug` text hides the values of headers.
#[derive(Clone)]
#[non_exhaustive]
pub struct Request {
    /// When it was received.
    pub at: Instant,
    /// Path and query.
    pub path: String,
    /// The headers, names in lower case, in the order of arrival.
    pub headers: Vec<(String, String)>,
    /// The HTTP status of the answer; `None` if the connection was closed instead.
    pub status: Option<u16>,
}

impl Sandbox {
    /// Starts an endpoint over http, on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// If no port can be bound.
    pub async fn start() -> io::Result<Self> {
        Self::serve(None).await
    }

    /// Starts an endpoint over https, with a certificate for `localhost` or 127.0.0.1 and its key, both in PEM.
    ///
    /// # Errors
    ///
    /// If no port can be bound, or the certificate or the key is not usable.
    pub async fn start_tls(certificates: &str, key: &str) -> io::Result<Self> {
        let unusable = |error: &dyn fmt::Display| io::Error::new(io::ErrorKind::InvalidInput, error.to_string());
        let chain: Vec<_> = CertificateDer::pem_slice_iter(certificates.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|error| unusable(&error))?;
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|error| unusable(&error))?;
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| unusable(&error))?;
        Self::serve(Some(config)).await
    }

    async fn serve(tls: Option<rustls::ServerConfig>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let key = Kind::Key { access_key: ACCESS_KEY.to_owned(), secret_key: SECRET_KEY.into(), security_token: None };
        let server = Arc::new(Server::new(Credentials(key)));
        let is_tls = tls.is_some();
        let accepting = tokio::spawn(Arc::clone(&server).accept(listener, tls.map(Arc::new))).abort_handle();
        Ok(Self { address, tls: is_tls, server, accepting })
    }

    /// The URL to use as endpoint.
    #[must_use]
    pub fn endpoint(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The credentials that are accepted now.
    #[must_use]
    pub fn credentials(&self) -> Credentials {
        self.server.lock().credentials.clone()
    }

    /// From now on accepts these credentials and no others.
    pub fn accept_only(&self, credentials: Credentials) {
        self.server.lock().credentials = credentials;
    }

    /// Settings of a client of this sandbox: endpoint, project and credentials are set.
    pub fn client(&self) -> ClientBuilder {
        Client::builder(self.credentials()).endpoint(self.endpoint()).project_id(PROJECT_ID)
    }

    /// The environment with which the command `dcs-wait` uses this sandbox, with the key that is accepted at first.
    #[must_use]
    pub fn env(&self) -> [(&'static str, String); 4] {
        [
            ("DCS_WAIT_ENDPOINT", self.endpoint()),
            ("HUAWEICLOUD_SDK_PROJECT_ID", PROJECT_ID.to_owned()),
            ("HUAWEICLOUD_SDK_AK", ACCESS_KEY.to_owned()),
            ("HUAWEICLOUD_SDK_SK", SECRET_KEY.to_owned()),
        ]
    }

    /// Adds a job with an id of your choice, or tells a new story about it.
    pub fn add_job(&self, id: impl Into<String>, story: Story) {
        self.server.lock().jobs.insert(id.into(), story.begin());
    }

    /// Starts an operation, as the service's own calls do: gives the id of its job.
    #[must_use]
    pub fn start_job(&self, story: Story) -> String {
        let mut state = self.server.lock();
        let id = format!("ff80808188{:022x}", state.jobs.len() + 1);
        state.jobs.insert(id.clone(), story.begin());
        id
    }

    /// Sets what IAM, at the same endpoint, knows: the ids and names of projects. None at first.
    pub fn set_projects<I: Into<String>, N: Into<String>>(&self, projects: impl IntoIterator<Item = (I, N)>) {
        self.server.lock().projects = projects.into_iter().map(|(id, name)| (id.into(), name.into())).collect();
    }

    /// Attaches an agency to the instance: the metadata service, at the same endpoint, gives this temporary key from now on,
    /// and says that it ends after `lifetime`. It is not accepted by that: see [`accept_only`](Self::accept_only).
    pub fn set_agency(&self, credentials: Credentials, lifetime: Duration) {
        self.server.lock().agency = Some(Agency { credentials, lifetime });
    }

    /// Answers this at a path from now on, whoever asks, signed or not. A 404 at `/meta-data/latest/api/token` makes the
    /// metadata service one of version 1.
    pub fn answer_at(&self, path: impl Into<String>, answer: Answer) {
        self.server.lock().overrides.insert(path.into(), answer);
    }

    /// Sets the service's clock this many seconds ahead of the real one; a negative number sets it behind.
    pub fn set_clock_ahead(&self, seconds: i64) {
        self.server.lock().clock_ahead = seconds;
    }

    /// Every request so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.server.lock().requests.clone()
    }

    /// Whether any key is locked, by more than five failures in a row.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.server.lock().is_locked()
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Some are secrets, and a user's test may well use real ones.
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        let Self { path, status, .. } = self;
        f.debug_struct("Request")
            .field("path", path)
            .field("status", status)
            .field("headers", &names)
            .finish_non_exhaustive()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("endpoint", &self.endpoint()).finish_non_exhaustive()
    }
}
