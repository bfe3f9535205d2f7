//! The profiles of Huawei Cloud's command line, KooCLI: the JSON file `~/.hcloud/config.json`.

use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::{Credentials, Environment, Login};
use crate::error::{Error, Result};
use crate::file;

/// Where the file is.
pub(super) fn path(environment: &Environment) -> Option<PathBuf> {
    environment.home(".hcloud/config.json")
}

/// What the profile `name`, or the current one, holds; `Err` in the `Ok` says why there is none.
///
/// # Errors
///
/// [`Error::Invalid`] if it is there and not usable: broken, encrypted, of another mode.
pub(super) fn load(path: &Path, name: Option<&str>) -> Result<Result<(String, Login), String>> {
    let broken = |problem: String| Error::invalid("credentials", format!("{}: {problem}", path.display()));
    let named = |problem: String| match name {
        // Whoever names a profile wants that one and no other.
        Some(_) => Err(Error::invalid("profile", format!("KooCLI's {}: {problem}", path.display()))),
        None => Ok(Err(format!("{}: {problem}", path.display()))),
    };
    let Some(text) = file::read("credentials", path)? else { return named("no such file".to_owned()) };
    // The error's own text names a line and a column, and no value.
    let config: Value = serde_json::from_str(text.expose_secret()).map_err(|error| broken(error.to_string()))?;
    let text = |value: &Value, name: &str| {
        value.get(name).and_then(Value::as_str).filter(|it| !it.is_empty()).map(str::to_owned)
    };
    let profiles = config.get("profiles").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let Some(wanted) = name.map(str::to_owned).or_else(|| text(&config, "current")) else {
        return named("no current profile".to_owned());
    };
    let Some(profile) = profiles.iter().find(|profile| text(profile, "name").as_deref() == Some(&wanted)) else {
        let names: Vec<String> = profiles.iter().filter_map(|it| Some(format!("{:?}", text(it, "name")?))).collect();
        return named(format!("no profile {wanted:?}; there are: {}", names.join(", ")));
    };
    let unusable = |problem: String| broken(format!("profile {wanted:?}: {problem}"));
    match text(profile, "mode").as_deref() {
        None | Some("AKSK") => {}
        Some(mode) => {
            return Err(unusable(format!(
                "mode {mode:?} is not supported here, only AKSK is; give the credentials otherwise"
            )));
        }
    }
    let (access_key, secret_key) = match (text(profile, "accessKeyId"), text(profile, "secretAccessKey")) {
        (Some(access_key), Some(secret_key)) => (access_key, secret_key),
        (None, None) => return named(format!("profile {wanted:?} has no access key")),
        (Some(_), None) => return Err(unusable("accessKeyId without secretAccessKey".to_owned())),
        (None, Some(_)) => return Err(unusable("secretAccessKey without accessKeyId".to_owned())),
    };
    if is_encrypted(&config, &access_key) {
        return Err(unusable(
            "its secrets are encrypted; `hcloud configure set --cli-auth-encrypt=false` stores them readable"
                .to_owned(),
        ));
    }
    let security_token = text(profile, "securityToken").map(Into::into);
    let credentials = Credentials::signing(access_key, secret_key.into(), security_token);
    let credentials = credentials.map_err(|error| unusable(error.to_string()))?;
    let login = Login { region: text(profile, "region"), project_id: text(profile, "projectId"), ..credentials.into() };
    Ok(Ok((wanted, login)))
}

/// Whether the file holds what only KooCLI can read. It says so itself, by a text or a boolean; older ones do not, but no
/// access key id has other characters than letters and digits, or is that long.
fn is_encrypted(config: &Value, access_key: &str) -> bool {
    match config.get("authEncrypt") {
        Some(Value::Bool(encrypted)) => *encrypted,
        Some(Value::String(text)) if !text.is_empty() => text.eq_ignore_ascii_case("true"),
        _ => access_key.len() > 40 || !access_key.chars().all(|c| c.is_ascii_alphanumeric()),
    }
}
