//! The agency of an instance: temporary keys from the metadata service of the machine that this runs on.

use std::time::{Duration, SystemTime};

use secrecy::zeroize::Zeroize as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::Instant;
use url::Url;

use super::{Credentials, CredentialsSource, Loading, Login};
use crate::answer::Answer;
use crate::error::{Error, Result};
use crate::text::one_line;
use crate::transport::Transport;

/// Where every instance finds its metadata.
pub(super) const ENDPOINT: &str = "http://169.254.169.254";
/// How long one request may take.
const LIMIT: Duration = Duration::from_secs(3);

/// The metadata service as a source of credentials.
#[derive(Debug)]
pub(super) struct Metadata {
    endpoint: Url,
    transport: Transport,
}

impl Metadata {
    /// # Errors
    ///
    /// [`Error::Invalid`] for an endpoint that is no URL.
    pub(super) fn new(endpoint: &str) -> Result<Self> {
        let endpoint = Url::parse(endpoint)
            .ok()
            .filter(|url| url.scheme() == "http" && url.has_host())
            .ok_or_else(|| Error::invalid("metadata-endpoint", format!("{endpoint:?} is no http URL")))?;
        // Never by a proxy: what it hands out are keys.
        let transport = Transport::new(&endpoint, true, None)?;
        Ok(Self { endpoint, transport })
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.endpoint.clone();
        url.set_path(path);
        url
    }

    fn error(&self, problem: impl AsRef<str>) -> Error {
        Error::invalid("credentials", format!("instance metadata at {}: {}", self.endpoint, problem.as_ref()))
    }

    async fn credentials(&self) -> Result<Login> {
        let token = self.token().await?;
        let headers: Vec<(&str, &str)> =
            token.iter().map(|token| ("X-Metadata-Token", token.expose_secret())).collect();
        let url = self.url("/openstack/latest/securitykey");
        let answer = self.transport.get(url, &headers, Instant::now() + LIMIT).await;
        let mut body = self.body(answer, "securitykey")?.ok_or_else(|| {
            self.error("it has no keys (404); is an agency with the permission dcs:job:get attached to this instance?")
        })?;
        let answer: Option<Value> = serde_json::from_slice(&body).ok();
        body.zeroize();
        let credential = answer.as_ref().and_then(|answer| answer.get("credential"));
        let text = |name: &str| credential?.get(name)?.as_str().filter(|text| !text.is_empty());
        let (Some(access_key), Some(secret_key), Some(token)) = (text("access"), text("secret"), text("securitytoken"))
        else {
            return Err(self.error("an answer that holds no key"));
        };
        let key = Credentials::signing(access_key.to_owned(), secret_key.into(), Some(token.into()));
        let login = Login::from(key.map_err(|error| self.error(error.to_string()))?);
        let expires_at = text("expires_at").and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
        Ok(Login { expires_at: expires_at.map(SystemTime::from), ..login })
    }

    /// The token that version 2 of the service wants; `None` if this one has only version 1.
    async fn token(&self) -> Result<Option<SecretString>> {
        let url = self.url("/meta-data/latest/api/token");
        let headers = [("X-Metadata-Token-Ttl-Seconds", "21600")];
        let answer = self.transport.put(url, &headers, Instant::now() + LIMIT).await;
        if answer.as_ref().is_ok_and(|answer| matches!(answer.status, 405 | 503)) {
            return Ok(None);
        }
        let Some(body) = self.body(answer, "token")? else { return Ok(None) };
        let token = String::from_utf8(body).unwrap_or_default().trim().to_owned();
        if token.is_empty() || token.len() > 4096 || !token.chars().all(|c| c.is_ascii_graphic()) {
            return Err(self.error("an answer that is no token"));
        }
        Ok(Some(token.into()))
    }

    /// The body of a 200; `None` for a 404.
    fn body(&self, answer: Result<Answer>, what: &str) -> Result<Option<Vec<u8>>> {
        match answer.map_err(|error| self.error(one_line(&error.to_string())))? {
            Answer { status: 200, body: Some(body), .. } => Ok(Some(body)),
            Answer { status: 200, body: None, .. } => Err(self.error(format!("{what}: an answer of more than 1 MiB"))),
            Answer { status: 404, .. } => Ok(None),
            Answer { status, .. } => Err(self.error(format!("{what}: HTTP {status}"))),
        }
    }
}

impl CredentialsSource for Metadata {
    fn load(&self) -> Loading<'_> {
        Box::pin(self.credentials())
    }
}
