//! What a request is signed with, and where that comes from. Secrets have no derived `Debug` and no `Display`.

mod env;
mod environment;
mod found;
mod koocli;
mod lookup;
mod metadata;
mod profile;
mod source;

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

pub use self::environment::Environment;
pub use self::found::Found;
pub use self::lookup::{Lookup, Search, SourceKind, Tried};
pub use self::source::{CredentialsSource, Loading, Login};
use crate::error::{Error, Result};

/// An access key or a token.
///
/// Its `Debug` text shows the last four characters of an access key id and nothing else; secrets are wiped from memory
/// when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials(pub(crate) Kind);

#[derive(Clone)]
pub(crate) enum Kind {
    Key { access_key: String, secret_key: SecretString, security_token: Option<SecretString> },
    Token(SecretString),
}

impl Credentials {
    /// A permanent access key.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if a part is empty or has a blank, a line break or a character that is not ASCII in it.
    pub fn key(access_key: impl Into<String>, secret_key: impl Into<String>) -> Result<Self> {
        Self::signing(access_key.into(), secret_key.into().into(), None)
    }

    /// A temporary access key: one that is good only together with a security token.
    ///
    /// # Errors
    ///
    /// As for [`key`](Self::key).
    pub fn temporary_key(
        access_key: impl Into<String>,
        secret_key: impl Into<String>,
        security_token: impl Into<String>,
    ) -> Result<Self> {
        Self::signing(access_key.into(), secret_key.into().into(), Some(security_token.into().into()))
    }

    /// A token of IAM, sent as `X-Auth-Token`; nothing is signed.
    ///
    /// # Errors
    ///
    /// As for [`key`](Self::key).
    pub fn token(token: impl Into<String>) -> Result<Self> {
        let token = SecretString::from(token.into());
        check("token", token.expose_secret())?;
        Ok(Self(Kind::Token(token)))
    }

    /// What the process's environment holds, under the names that Huawei's own tools use: `HUAWEICLOUD_SDK_AK` with
    /// `HUAWEICLOUD_SDK_SK` (and `HUAWEICLOUD_SDK_SECURITY_TOKEN`), or `HW_ACCESS_KEY` with `HW_SECRET_KEY` (and
    /// `HW_SECURITY_TOKEN`) or `HW_AUTH_TOKEN`, or the same names with `OS_`, or `CLOUD_SDK_AK` with `CLOUD_SDK_SK`.
    ///
    /// The first family of which anything is set is used, and only whole. A token goes before a key. An empty variable
    /// counts as unset.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if there are no credentials, only half of a key, or a value that is not usable; it names the
    /// variable and never shows the value.
    pub fn from_env() -> Result<Self> {
        match env::load(&Environment::of_process())? {
            Ok((_, credentials)) => Ok(credentials),
            Err(nothing) => Err(Error::invalid("credentials", format!("none found; {nothing}"))),
        }
    }

    /// What they are, in words that may be shown: of an access key id the last four characters, of a secret nothing.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.0 {
            Kind::Key { access_key, security_token, .. } => {
                // All characters are ASCII: see `check`. Half of a short id would be too much.
                let shown = if access_key.len() > 8 { &access_key[access_key.len() - 4..] } else { "" };
                let temporary = if security_token.is_some() { "temporary " } else { "" };
                format!("{temporary}access key …{shown}")
            }
            Kind::Token(_) => "token".to_owned(),
        }
    }

    fn signing(access_key: String, secret_key: SecretString, security_token: Option<SecretString>) -> Result<Self> {
        check("access key", &access_key)?;
        check("secret key", secret_key.expose_secret())?;
        if let Some(token) = &security_token {
            check("security token", token.expose_secret())?;
        }
        Ok(Self(Kind::Key { access_key, secret_key, security_token }))
    }

    /// Every text that must never be shown.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        match &self.0 {
            Kind::Key { access_key, secret_key, security_token } => {
                let token = security_token.as_ref().map(|token| token.expose_secret());
                [Some(secret_key.expose_secret()), token, Some(access_key)].into_iter().flatten().collect()
            }
            Kind::Token(token) => vec![token.expose_secret()],
        }
    }
}

fn check(name: &str, value: &str) -> Result<()> {
    let problem = match value {
        "" => "empty",
        _ if value.contains(['\n', '\r']) => "has a line break in it",
        _ if value.contains(char::is_whitespace) => "has a blank in it",
        _ if !value.chars().all(|c| c.is_ascii_graphic()) => "has a character in it that no key has",
        _ => return Ok(()),
    };
    Err(Error::invalid(name, problem))
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        let exposed = |secret: &Option<SecretString>| secret.as_ref().map(|it| it.expose_secret().to_owned());
        match (self, other) {
            (
                Self::Key { access_key, secret_key, security_token },
                Self::Key { access_key: key, secret_key: secret, security_token: token },
            ) => {
                access_key == key
                    && secret_key.expose_secret() == secret.expose_secret()
                    && exposed(security_token) == exposed(token)
            }
            (Self::Token(one), Self::Token(other)) => one.expose_secret() == other.expose_secret(),
            (Self::Key { .. }, Self::Token(_)) | (Self::Token(_), Self::Key { .. }) => false,
        }
    }
}

impl Eq for Kind {}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({})", self.describe())
    }
}

#[cfg(test)]
mod tests;
