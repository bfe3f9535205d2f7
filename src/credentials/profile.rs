//! The profile of Huawei Cloud's SDKs: section `[basic]` of the INI file `~/.huaweicloud/credentials`.

use std::path::{Path, PathBuf};

use configparser::ini::{Ini, IniDefault};
use secrecy::ExposeSecret as _;

use super::{Credentials, Environment, Login};
use crate::error::{Error, Result};
use crate::file;

/// Where the file is: `HUAWEICLOUD_SDK_CREDENTIALS_FILE` moves it.
pub(super) fn path(environment: &Environment) -> Option<PathBuf> {
    let moved = environment.var("HUAWEICLOUD_SDK_CREDENTIALS_FILE").map(PathBuf::from);
    moved.or_else(|| environment.home(".huaweicloud/credentials"))
}

/// What the file at `path` holds; `Err` in the `Ok` says why it holds nothing.
///
/// # Errors
///
/// [`Error::Invalid`] if it is there and broken, with its path and line.
pub(super) fn load(path: &Path) -> Result<Result<Login, String>> {
    let Some(text) = file::read("credentials", path)? else {
        return Ok(Err(format!("{}: no such file", path.display())));
    };
    let broken = |problem: String| Error::invalid("credentials", format!("{}: {problem}", path.display()));
    let mut rules = IniDefault::default();
    // A secret may have a `#` or a `;` in it.
    rules.enable_inline_comments = false;
    rules.delimiters = vec!['=', ':'];
    let mut sections = Ini::new_from_defaults(rules).read(text.expose_secret().to_owned()).map_err(broken)?;
    // What stands before the first section belongs to one that the crate calls `default`.
    let is_broken = sections.contains_key("default");
    let Some(basic) = sections.get_mut("basic") else {
        let nothing = "no section [basic]".to_owned();
        return if is_broken { Err(broken(nothing)) } else { Ok(Err(format!("{}: {nothing}", path.display()))) };
    };
    let is_empty = basic.is_empty();
    let mut value = |name: &str| basic.remove(name).flatten().filter(|value| !value.is_empty());
    let credentials = match (value("ak"), value("sk")) {
        (None, None) if is_empty => return Ok(Err(format!("{}: nothing in [basic]", path.display()))),
        (None, None) => return Err(broken("neither ak nor sk in [basic]".to_owned())),
        (Some(access_key), Some(secret_key)) => {
            Credentials::signing(access_key, secret_key.into(), value("security_token").map(Into::into))
        }
        (Some(_), None) => return Err(broken("ak without sk in [basic]".to_owned())),
        (None, Some(_)) => return Err(broken("sk without ak in [basic]".to_owned())),
    };
    let credentials = credentials.map_err(|error| broken(error.to_string()))?;
    Ok(Ok(Login { project_id: value("project_id"), iam_endpoint: value("iam_endpoint"), ..credentials.into() }))
}
