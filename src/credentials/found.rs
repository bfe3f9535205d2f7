//! Credentials that a search has found, and where to read them again.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{CredentialsSource, Loading, Login};
use crate::error::{Error, Result};
use crate::file;

/// Credentials that were found, and the source to read them from again.
#[derive(Clone)]
pub struct Found {
    pub(super) origin: String,
    pub(super) login: Option<Login>,
    pub(super) source: Arc<dyn CredentialsSource>,
}

impl Found {
    /// What the file at `path` holds now, and the same file as the source to read it from again.
    pub(super) fn in_file(
        path: PathBuf,
        load: impl Fn(&Path) -> Result<Result<(String, Login), String>> + Send + Sync + 'static,
    ) -> Result<Result<Self, String>> {
        let (part, login) = match load(&path)? {
            Ok(found) => found,
            Err(nothing) => return Ok(Err(nothing)),
        };
        file::warn_if_others_may_read(&path);
        let origin = format!("{}, {part}", path.display());
        let source = move || {
            let found = load(&path).and_then(|found| found.map_err(|nothing| Error::invalid("credentials", nothing)));
            std::future::ready(found.map(|(_, login)| login))
        };
        Ok(Ok(Self { origin, login: Some(login), source: Arc::new(source) }))
    }

    /// The variables, the file or the service that the credentials come from.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// What was found; `None` if that takes the network and is not known yet.
    #[must_use]
    pub fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }
}

impl CredentialsSource for Found {
    fn load(&self) -> Loading<'_> {
        self.source.load()
    }

    fn known(&self) -> Option<Login> {
        self.login.clone()
    }
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Found").field("origin", &self.origin).field("login", &self.login).finish_non_exhaustive()
    }
}
