//! Searching for credentials where Huawei's own tools keep them, and telling what was looked at.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::found::Found;
use super::metadata::{self, Metadata};
use super::{Environment, Login, env, koocli, profile};
use crate::error::{Error, Result};

/// A place where credentials are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceKind {
    /// Environment variables, under the names of the SDKs, of Terraform and of the API reference.
    Env,
    /// The profile of the SDKs, `~/.huaweicloud/credentials`.
    Profile,
    /// The profiles of KooCLI, `~/.hcloud/config.json`.
    KooCli,
    /// The agency of the instance that this runs on.
    Metadata,
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Env => "env",
            Self::Profile => "profile",
            Self::KooCli => "koocli",
            Self::Metadata => "metadata",
        })
    }
}

/// What to search for credentials; by default environment variables, then the SDKs' profile, then KooCLI's, in that order
/// and without touching the network. The region and the project come along: from the variables of Terraform and the SDKs, or
/// from the profile.
///
/// ```no_run
/// use dcs_wait::{Client, Lookup};
///
/// let client = Client::builder(Lookup::new().find()?).build()?;
/// # Ok::<(), dcs_wait::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Lookup {
    environment: Environment,
    only: Option<SourceKind>,
    profile: Option<String>,
    metadata_endpoint: String,
}

/// What a [`Lookup`] came to.
#[derive(Debug)]
#[non_exhaustive]
pub struct Search {
    /// What was looked at, in order.
    pub tried: Vec<Tried>,
    /// What was found, or why nothing was.
    pub result: Result<Found>,
}

/// A source that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tried {
    /// Which source it was.
    pub source: SourceKind,
    /// What was found there, or why nothing was.
    pub what: String,
}

impl Default for Lookup {
    fn default() -> Self {
        Self::new()
    }
}

impl Lookup {
    /// All that can be searched without the network, in the environment of the process.
    pub fn new() -> Self {
        let metadata_endpoint = metadata::ENDPOINT.to_owned();
        Self { environment: Environment::of_process(), only: None, profile: None, metadata_endpoint }
    }

    /// Searches this environment instead of the process's.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// Looks at this source and no other.
    pub fn only(mut self, source: SourceKind) -> Self {
        self.only = Some(source);
        self
    }

    /// Takes this profile of KooCLI instead of its current one.
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.profile = Some(name.into());
        self
    }

    /// Where the metadata service is, for tests; `http://169.254.169.254` by default.
    pub fn metadata_endpoint(mut self, url: impl Into<String>) -> Self {
        self.metadata_endpoint = url.into();
        self
    }

    /// Searches.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if there is nothing, and if the first source that has something is broken: another account's
    /// credentials are no substitute.
    pub fn find(&self) -> Result<Found> {
        self.search().result
    }

    /// Searches, and tells what was looked at.
    #[must_use]
    pub fn search(&self) -> Search {
        let order = match self.only {
            Some(source) if self.profile.is_some() && source != SourceKind::KooCli => {
                let problem = format!("profiles with a name are KooCLI's, but the source is to be {source}");
                return Search { tried: Vec::new(), result: Err(Error::invalid("profile", problem)) };
            }
            Some(source) => vec![source],
            // Whoever names a profile of KooCLI wants that one.
            None if self.profile.is_some() => vec![SourceKind::KooCli],
            None => vec![SourceKind::Env, SourceKind::Profile, SourceKind::KooCli],
        };
        let mut tried = Vec::new();
        for source in order {
            let found = self.look_at(source);
            let what = match &found {
                Ok(Ok(found)) => found.origin.clone(),
                Ok(Err(nothing)) => nothing.clone(),
                Err(Error::Invalid(input)) if input.name == "credentials" => input.problem.clone(),
                Err(error) => error.to_string(),
            };
            tried.push(Tried { source, what });
            match found {
                Ok(Ok(found)) => return Search { tried, result: Ok(found) },
                Ok(Err(_)) => {}
                Err(error) => return Search { tried, result: Err(error) },
            }
        }
        let all: Vec<String> = tried.iter().map(|tried| format!("{}: {}", tried.source, tried.what)).collect();
        Search { tried, result: Err(Error::invalid("credentials", format!("none found; {}", all.join("; ")))) }
    }

    fn look_at(&self, source: SourceKind) -> Result<Result<Found, String>> {
        let environment = &self.environment;
        let no_home = || Ok(Err("no home folder".to_owned()));
        let mut found = match source {
            SourceKind::Env => env::load(environment)?.map(|(origin, credentials)| {
                let login = Some(credentials.clone().into());
                Found { origin, login, source: Arc::new(credentials) }
            }),
            SourceKind::Profile => {
                let Some(path) = profile::path(environment) else { return no_home() };
                Found::in_file(path, |path| Ok(profile::load(path)?.map(|login| ("[basic]".to_owned(), login))))?
            }
            SourceKind::KooCli => {
                let Some(path) = koocli::path(environment) else { return no_home() };
                let name = self.profile.clone();
                let load = move |path: &Path| {
                    let found = koocli::load(path, name.as_deref())?;
                    Ok(found.map(|(name, login)| (format!("profile {name:?}"), login)))
                };
                Found::in_file(path, load)?
            }
            SourceKind::Metadata => {
                let origin = format!("instance metadata at {}", self.metadata_endpoint);
                Ok(Found { origin, login: None, source: Arc::new(Metadata::new(&self.metadata_endpoint)?) })
            }
        };
        if let Ok(Found { login: Some(login), .. }) = &mut found {
            complete(login, environment);
        }
        Ok(found)
    }
}

/// Variables go before what came with the credentials.
fn complete(login: &mut Login, environment: &Environment) {
    let first = |names: &[&str]| names.iter().find_map(|name| environment.var(name));
    if let Some(region) = first(&["HW_REGION_NAME", "OS_REGION_NAME"]) {
        // A project belongs to one region.
        if login.region.as_ref().is_some_and(|its| *its != region) {
            login.project_id = None;
        }
        login.region = Some(region);
    }
    if let Some(project_id) = first(&["HUAWEICLOUD_SDK_PROJECT_ID", "HW_PROJECT_ID", "OS_PROJECT_ID"]) {
        login.project_id = Some(project_id);
    }
    if let Some(iam) = environment.var("HUAWEICLOUD_SDK_IAM_ENDPOINT") {
        login.iam_endpoint = Some(iam);
    }
}
