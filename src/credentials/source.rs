//! Where credentials come from: what a source gives, and the trait of sources.

use std::pin::Pin;
use std::time::SystemTime;

use super::Credentials;
use crate::error::Result;

/// What a source holds: credentials, and what came with them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Login {
    /// What requests are signed with.
    pub credentials: Credentials,
    /// The region that belongs to them.
    pub region: Option<String>,
    /// The project that belongs to them.
    pub project_id: Option<String>,
    /// The URL of the IAM service, if it is not the region's.
    pub iam_endpoint: Option<String>,
    /// When the credentials end, if that is known.
    pub expires_at: Option<SystemTime>,
}

impl From<Credentials> for Login {
    fn from(credentials: Credentials) -> Self {
        Self { credentials, region: None, project_id: None, iam_endpoint: None, expires_at: None }
    }
}

impl Login {
    /// The same, with the time at which the credentials end: they are renewed before.
    #[must_use]
    pub fn expires_at(mut self, time: SystemTime) -> Self {
        self.expires_at = Some(time);
        self
    }
}

/// The answer of a [`CredentialsSource`].
pub type Loading<'a> = Pin<Box<dyn Future<Output = Result<Login>> + Send + 'a>>;

/// Where credentials come from, and come from again: after a refusal, and before they end.
///
/// [`Credentials`] are the simplest source, one that never changes. A closure is one too:
///
/// ```
/// use dcs_wait::{Client, Credentials};
///
/// let vault = || async { Ok(Credentials::key("ACCESSKEY", "secret")?.into()) };
/// let client = Client::builder(vault).region("cn-north-4").project_id("0123456789abcdef").build()?;
/// # Ok::<(), dcs_wait::Error>(())
/// ```
pub trait CredentialsSource: Send + Sync {
    /// The credentials as they are now. What else the login holds is of use only in [`known`](Self::known).
    fn load(&self) -> Loading<'_>;

    /// What is known without asking anybody else; a source that needs the network gives nothing here.
    fn known(&self) -> Option<Login> {
        None
    }
}

impl CredentialsSource for Credentials {
    fn load(&self) -> Loading<'_> {
        Box::pin(async { Ok(self.clone().into()) })
    }

    fn known(&self) -> Option<Login> {
        Some(self.clone().into())
    }
}

impl<F, R> CredentialsSource for F
where
    F: Fn() -> R + Send + Sync,
    R: Future<Output = Result<Login>> + Send + 'static,
{
    fn load(&self) -> Loading<'_> {
        Box::pin(self())
    }
}
