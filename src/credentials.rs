//! What a request is signed with. The environment is an argument where it is searched; secrets have no derived `Debug`
//! and no `Display`.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

use crate::error::{Error, Result};

/// An access key or a token.
///
/// Its `Debug` text shows the last four characters of an access key id and nothing else; secrets are wiped from memory
/// when it is dropped.
#[derive(Clone)]
pub struct Credentials(pub(crate) Kind);

#[derive(Clone)]
pub(crate) enum Kind {
    Key { access_key: String, secret_key: SecretString, security_token: Option<SecretString> },
    Token(SecretString),
}

/// The names under which Huawei's own tools look for credentials. A family is used only whole.
struct Family {
    access_key: &'static str,
    secret_key: &'static str,
    security_token: Option<&'static str>,
    token: Option<&'static str>,
}

const FAMILIES: [Family; 4] = [
    Family {
        access_key: "HUAWEICLOUD_SDK_AK",
        secret_key: "HUAWEICLOUD_SDK_SK",
        security_token: Some("HUAWEICLOUD_SDK_SECURITY_TOKEN"),
        token: None,
    },
    Family {
        access_key: "HW_ACCESS_KEY",
        secret_key: "HW_SECRET_KEY",
        security_token: Some("HW_SECURITY_TOKEN"),
        token: Some("HW_AUTH_TOKEN"),
    },
    Family {
        access_key: "OS_ACCESS_KEY",
        secret_key: "OS_SECRET_KEY",
        security_token: None,
        token: Some("OS_AUTH_TOKEN"),
    },
    Family { access_key: "CLOUD_SDK_AK", secret_key: "CLOUD_SDK_SK", security_token: None, token: None },
];

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
        Self::from_vars(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let var = |name: &str| var(name).filter(|value| !value.is_empty());
        for family in &FAMILIES {
            if let Some((name, token)) = family.token.and_then(|name| Some((name, var(name)?))) {
                return named(Self::token(token), &[("token", name)]);
            }
            let names = [
                ("access key", family.access_key),
                ("secret key", family.secret_key),
                ("security token", family.security_token.unwrap_or_default()),
            ];
            let key = match (var(family.access_key), var(family.secret_key)) {
                (None, None) => continue,
                (Some(_), None) => return Err(half(family.access_key, family.secret_key, &var)),
                (None, Some(_)) => return Err(half(family.secret_key, family.access_key, &var)),
                (Some(access_key), Some(secret_key)) => match family.security_token.and_then(var) {
                    Some(token) => Self::temporary_key(access_key, secret_key, token),
                    None => Self::key(access_key, secret_key),
                },
            };
            return named(key, &names);
        }
        Err(Error::invalid(
            "credentials",
            "none found; set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK, or HW_ACCESS_KEY and HW_SECRET_KEY, or HW_AUTH_TOKEN",
        ))
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

/// The error for half of a key; if the other half stands in another family, then it names that too.
fn half(set: &str, missing: &str, var: &impl Fn(&str) -> Option<String>) -> Error {
    let is_access_key = FAMILIES.iter().any(|family| family.access_key == set);
    let elsewhere = FAMILIES
        .iter()
        .map(|family| if is_access_key { family.secret_key } else { family.access_key })
        .find(|name| var(name).is_some());
    let hint = elsewhere.map(|name| format!(" ({name} is set, but belongs to another key)")).unwrap_or_default();
    Error::invalid(missing, format!("not set, but {set} is{hint}; set both"))
}

/// Puts the variable's name in the place of the part's.
fn named(result: Result<Credentials>, names: &[(&str, &str)]) -> Result<Credentials> {
    result.map_err(|error| match error {
        Error::Invalid(mut input) => {
            if let Some((_, name)) = names.iter().find(|(part, _)| *part == input.name) {
                input.name = (*name).to_owned();
            }
            Error::Invalid(input)
        }
        other => other,
    })
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

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Key { access_key, security_token, .. } => {
                // All characters are ASCII: see `check`.
                let shown = &access_key[access_key.len().saturating_sub(4)..];
                let shown = if access_key.len() > 8 { shown } else { "" };
                write!(f, "Credentials(key …{shown}{})", if security_token.is_some() { ", temporary" } else { "" })
            }
            Kind::Token(_) => f.write_str("Credentials(token)"),
        }
    }
}

#[cfg(test)]
mod tests;
