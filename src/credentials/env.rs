//! Credentials in environment variables, under the names that Huawei's own tools use.

use super::{Credentials, Environment};
use crate::error::{Error, Result};

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

/// What the environment holds, and where; `Err` in the `Ok` says what could be set.
///
/// # Errors
///
/// [`Error::Invalid`] for half of a key or a value that is not usable; it names the variable and never shows the value.
pub(super) fn load(environment: &Environment) -> Result<Result<(String, Credentials), String>> {
    let var = |name: &str| environment.var(name);
    for family in &FAMILIES {
        if let Some((name, token)) = family.token.and_then(|name| Some((name, var(name)?))) {
            let token = named(Credentials::token(token), &[("token", name)])?;
            return Ok(Ok((name.to_owned(), token)));
        }
        let security_token = family.security_token.and_then(|name| Some((name, var(name)?)));
        let (access_key, secret_key) = match (var(family.access_key), var(family.secret_key)) {
            (None, None) if security_token.is_none() => continue,
            (None, None) => return Err(half(family.security_token.unwrap_or_default(), family.access_key, &var)),
            (Some(_), None) => return Err(half(family.access_key, family.secret_key, &var)),
            (None, Some(_)) => return Err(half(family.secret_key, family.access_key, &var)),
            (Some(access_key), Some(secret_key)) => (access_key, secret_key),
        };
        let mut origin = format!("{}, {}", family.access_key, family.secret_key);
        let mut names = vec![("access key", family.access_key), ("secret key", family.secret_key)];
        let token = security_token.map(|(name, token)| {
            origin = format!("{origin}, {name}");
            names.push(("security token", name));
            token.into()
        });
        let key = named(Credentials::signing(access_key, secret_key.into(), token), &names)?;
        return Ok(Ok((origin, key)));
    }
    let names: Vec<&str> = FAMILIES.iter().flat_map(|it| [Some(it.access_key), it.token]).flatten().collect();
    Ok(Err(format!("none of {} is set", names.join(", "))))
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
