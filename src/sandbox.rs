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
//! with tokio's paused clock, and with short pauses. [`Sandbox::without_sockets`] is for the paused clock, with which a wait
//! of hours takes no time:
//!
//! ```
//! use std::time::Duration;
//! use dcs_wait::sandbox::{Sandbox, Story};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] // in a test: #[tokio::test(start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = Sandbox::without_sockets();
//! sandbox.add_job("resize-1", Story::new().running().until(Duration::from_secs(3 * 3600)).succeeds());
//!
//! let start = tokio::time::Instant::now();
//! sandbox.client().build()?.wait_for_job("resize-1").timeout(Duration::from_secs(4 * 3600)).await?;
//! assert!(start.elapsed() >= Duration::from_secs(3 * 3600));
//! # Ok(())
//! # }
//! ```

mod answer;
mod neighbours;
mod quota;
mod reply;
mod request;
mod server;
mod state;
mod story;
mod tls;
mod verify;

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use tokio::time::Instant;

pub use self::answer::Answer;
use self::neighbours::Agency;
use self::quota::Bucket;
pub use self::quota::Quota;
pub use self::request::Request;
pub(crate) use self::server::Server;
pub use self::story::Story;
use crate::client::{Client, ClientBuilder};
use crate::credentials::{Credentials, CredentialsSource};
use crate::transport::Transport;

/// The project that the sandbox's jobs belong to.
pub const PROJECT_ID: &str = "0123456789abcdef0123456789abcdef";
/// The access key id that the sandbox accepts at first.
pub const ACCESS_KEY: &str = "SANDBOX0000000000KEY";
/// The secret key that belongs to [`ACCESS_KEY`]. It protects nothing.
pub const SECRET_KEY: &str = "sandboxSecretKey000000000000000000000000";

/// A running endpoint. It stops when it is dropped.
pub struct Sandbox {
    endpoint: String,
    server: Arc<Server>,
    /// What accepts connections, if it has sockets.
    accepting: Option<AbortHandle>,
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
        Self::serve(Some(tls::config(certificates, key)?)).await
    }

    /// An endpoint that is reached without sockets, and only by clients from [`client`](Self::client) and
    /// [`client_with`](Self::client_with), whatever endpoints they are given; not by the source of instance metadata. All else
    /// is as over sockets: signatures, locked keys, delays, connections that end too early. Starts no task.
    ///
    /// Stories, delays, quotas and locks follow tokio's clock, which a test may pause; the service's `Date`, and the times that
    /// a job tells of itself, are the real ones.
    #[must_use]
    pub fn without_sockets() -> Self {
        // Nobody listens on port 1: whoever comes by a socket is told so.
        Self { endpoint: "http://127.0.0.1:1".to_owned(), server: Arc::new(Server::new()), accepting: None }
    }

    async fn serve(tls: Option<rustls::ServerConfig>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let endpoint = format!("{scheme}://{}", listener.local_addr()?);
        let server = Arc::new(Server::new());
        let accepting = tokio::spawn(Arc::clone(&server).accept(listener, tls.map(Arc::new))).abort_handle();
        Ok(Self { endpoint, server, accepting: Some(accepting) })
    }

    /// The URL to use as endpoint. That of a sandbox without sockets leads nowhere.
    #[must_use]
    pub fn endpoint(&self) -> String {
        self.endpoint.clone()
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
        self.client_with(self.credentials()).project_id(PROJECT_ID)
    }

    /// Settings of a client of this sandbox with credentials of your own: the endpoints of the service and of IAM are set. The
    /// project is not; it is looked up in [`set_projects`](Self::set_projects), by the name of the client's region.
    pub fn client_with(&self, credentials: impl CredentialsSource + 'static) -> ClientBuilder {
        let mut client = Client::builder(credentials).endpoint(self.endpoint()).iam_endpoint(self.endpoint());
        client.transport = self.accepting.is_none().then(|| Transport::to_sandbox(&self.server));
        client
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
        self.server.lock().jobs.insert(id.into(), story.begin(Instant::now()));
    }

    /// Starts an operation, as the service's own calls do: gives the id of its job.
    #[must_use]
    pub fn start_job(&self, story: Story) -> String {
        let mut state = self.server.lock();
        let id = format!("ff80808188{:022x}", state.jobs.len() + 1);
        state.jobs.insert(id.clone(), story.begin(Instant::now()));
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

    /// Bears no more requests about jobs than this, of accepted keys, from now on; `None`, as at first, bears any number. A
    /// request above it does not advance the story of its job.
    pub fn set_quota(&self, quota: Option<Quota>) {
        self.server.lock().quota = quota.map(|quota| Bucket::new(quota, Instant::now()));
    }

    /// Gives this answer to every request about a job from now on, signed or not; `None`, as at first, ends that. No story
    /// advances, and nothing counts against a key. An answer that describes a job has no body here.
    pub fn set_outage(&self, answer: Option<Answer>) {
        self.server.lock().outage = answer;
    }

    /// Whether headers are recorded from now on, as they are at first: most of the memory that a recorded request takes.
    pub fn record_headers(&self, record: bool) {
        self.server.lock().records_headers = record;
    }

    /// Every request so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.server.lock().requests.clone()
    }

    /// Whether any key is locked, by more than five failures in a row.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.server.lock().is_locked(Instant::now())
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.accepting.iter().for_each(AbortHandle::abort);
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("endpoint", &self.endpoint()).finish_non_exhaustive()
    }
}
