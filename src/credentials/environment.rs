//! What sources look at: environment variables and the home folder, as an argument, so that tests never touch the
//! process's.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Environment variables and the home folder that sources of credentials look at.
#[derive(Clone)]
pub struct Environment {
    variables: Variables,
    home: Option<PathBuf>,
}

#[derive(Clone)]
enum Variables {
    OfProcess,
    These(Arc<HashMap<String, OsString>>),
}

impl Environment {
    /// Those of the process.
    #[must_use]
    pub fn of_process() -> Self {
        Self { variables: Variables::OfProcess, home: std::env::home_dir() }
    }

    /// These and no others.
    #[must_use]
    pub fn new<N: Into<String>, V: Into<OsString>>(
        variables: impl IntoIterator<Item = (N, V)>,
        home: Option<PathBuf>,
    ) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables: Variables::These(Arc::new(variables)), home }
    }

    /// The value of a variable. Empty counts as unset.
    pub(crate) fn var(&self, name: &str) -> Option<String> {
        let value = match &self.variables {
            Variables::OfProcess => std::env::var_os(name),
            Variables::These(variables) => variables.get(name).cloned(),
        };
        // What is not Unicode becomes a character that no key, region or id may have.
        value.filter(|value| !value.is_empty()).map(|value| value.to_string_lossy().into_owned())
    }

    /// A path below the home folder.
    pub(crate) fn home(&self, path: &str) -> Option<PathBuf> {
        self.home.as_ref().map(|home| home.join(path))
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Variables hold secrets.
        f.debug_struct("Environment").field("home", &self.home).finish_non_exhaustive()
    }
}
