//! From settings to a client: every setting is checked here, before anything is sent.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use secrecy::ExposeSecret as _;
use tokio::sync::watch;
use url::Url;

use super::project::ProjectLookup;
use super::{Client, Inner, region};
use crate::auth::Standing;
use crate::check;
use crate::credentials::CredentialsSource;
use crate::error::{Error, Result};
use crate::file;
use crate::pace::Pace;
use crate::transport::{Transport, is_loopback};

/// One request in about eleven days.
const SLOWEST_RATE: f64 = 1e-6;

/// Settings of a [`Client`]; from [`Client::builder`].
#[derive(Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct ClientBuilder {
    source: Arc<dyn CredentialsSource>,
    region: Option<String>,
    endpoint: Option<String>,
    project_id: Option<String>,
    iam_endpoint: Option<String>,
    ca_pem: Option<Vec<u8>>,
    request_timeout: Duration,
    max_rate: f64,
    /// Used instead of connections to the endpoints.
    pub(crate) transport: Option<Transport>,
}

impl ClientBuilder {
    pub(super) fn new(source: Arc<dyn CredentialsSource>) -> Self {
        Self {
            source,
            region: None,
            endpoint: None,
            project_id: None,
            iam_endpoint: None,
            ca_pem: None,
            request_timeout: Duration::from_secs(10),
            max_rate: 5.0,
            transport: None,
        }
    }

    /// The region, such as `cn-north-4`: it gives the endpoint, `https://dcs.{region}.myhuaweicloud.com`. An unknown name
    /// is logged as a warning. By default the one that came with the credentials; needed unless there is an
    /// [`endpoint`](Self::endpoint).
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// The service's URL, instead of the one that the region gives. Without a scheme, https is meant; http is refused
    /// except on loopback.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// The project that the jobs belong to. By default the one that came with the credentials, else the only one that IAM has
    /// for the region.
    pub fn project_id(mut self, id: impl Into<String>) -> Self {
        self.project_id = Some(id.into());
        self
    }

    /// The URL of IAM, where the project is looked up; by default that of the region,
    /// `https://iam.{region}.myhuaweicloud.com`. The same rules as for [`endpoint`](Self::endpoint).
    pub fn iam_endpoint(mut self, url: impl Into<String>) -> Self {
        self.iam_endpoint = Some(url.into());
        self
    }

    /// Certificates to trust besides the system's roots, in PEM. None by default.
    pub fn ca_cert(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca_pem = Some(pem.into());
        self
    }

    /// The same from a file.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if it cannot be read.
    pub fn ca_cert_file(self, path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let pem = file::read("ca-cert", path)?
            .ok_or_else(|| Error::invalid("ca-cert", format!("{}: no such file", path.display())))?;
        Ok(self.ca_cert(pem.expose_secret()))
    }

    /// How long one request may take, from connecting to the last byte of the answer. 10 s by default.
    pub fn request_timeout(mut self, limit: Duration) -> Self {
        self.request_timeout = limit;
        self
    }

    /// All clones of the client together start at most so many requests in any one second; below 1, one request in
    /// 1/`rate` seconds. 5 by default.
    pub fn max_rate(mut self, rate: f64) -> Self {
        self.max_rate = rate;
        self
    }

    /// Checks the settings and makes the client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`], which names the setting and what would be right.
    pub fn build(mut self) -> Result<Client> {
        let known = self.source.known();
        if let Some(login) = &known {
            self.region = self.region.or_else(|| login.region.clone());
            // A project belongs to one region.
            let is_its_region = login.region.is_none() || self.region == login.region;
            self.project_id = self.project_id.or_else(|| login.project_id.clone().filter(|_| is_its_region));
            self.iam_endpoint = self.iam_endpoint.or_else(|| login.iam_endpoint.clone());
        }
        if let Some(region) = &self.region {
            region::check(region)?;
        }
        let regional =
            |service: &str| self.region.as_ref().map(|it| format!("https://{service}.{it}.myhuaweicloud.com"));
        let Some(endpoint) = self.endpoint.clone().or_else(|| regional("dcs")) else {
            return Err(Error::invalid("region", "not given, and needed unless there is an endpoint"));
        };
        let endpoint = check_url("endpoint", &endpoint)?;
        check::duration("request-timeout", self.request_timeout, Duration::from_millis(1))?;
        check::number("max-rate", self.max_rate, SLOWEST_RATE, 1e6)?;
        let transport = self.transport_to(&endpoint)?;
        let project_lookup = match (&self.project_id, &self.region) {
            (Some(project_id), _) => {
                check::path_segment("project-id", project_id)?;
                None
            }
            (None, None) => {
                return Err(Error::invalid("project-id", "not given, and cannot be looked up without a region"));
            }
            (None, Some(region)) => {
                let iam = self.iam_endpoint.clone().or_else(|| regional("iam")).unwrap_or_default();
                let iam = check_url("iam-endpoint", &iam)?;
                Some(ProjectLookup { transport: self.transport_to(&iam)?, iam, region: region.clone() })
            }
        };
        Ok(Client(Arc::new(Inner {
            transport,
            endpoint,
            project: watch::Sender::new(self.project_id),
            project_lookup,
            request_timeout: self.request_timeout,
            pace: Pace::new(self.max_rate, fastrand::f64),
            standing: Standing::new(self.source, SystemTime::now()),
        })))
    }

    fn transport_to(&self, url: &Url) -> Result<Transport> {
        match &self.transport {
            Some(transport) => Ok(transport.clone()),
            None => Transport::new(url, false, self.ca_pem.as_deref()),
        }
    }
}

fn check_url(name: &str, text: &str) -> Result<Url> {
    let text = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let refuse = |problem: &str| Err(Error::invalid(name, problem));
    // The text is shown only once it is known that it holds no password.
    let Ok(url) = Url::parse(&text) else {
        return refuse("not a URL such as https://dcs.cn-north-4.myhuaweicloud.com");
    };
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("must not have a user name in it");
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return refuse("has more than scheme, host and port; leave out what comes after them");
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => refuse(&format!("{text} is http, which is refused except on loopback; use https")),
        _ => refuse(&format!("{text} is neither https nor http")),
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The endpoint is not checked yet and may have a password in it.
        f.debug_struct("ClientBuilder")
            .field("region", &self.region)
            .field("project_id", &self.project_id)
            .field("request_timeout", &self.request_timeout)
            .field("max_rate", &self.max_rate)
            .finish_non_exhaustive()
    }
}
