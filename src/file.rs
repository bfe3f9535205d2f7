//! Reading a small file that may be anything: a folder, a pipe, a gigabyte, another user's to read.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use secrecy::SecretString;

use crate::error::{Error, Result};

/// No file of credentials or certificates is longer, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// The text of a file; `None` if there is none. `name` is that of the setting, for errors.
///
/// # Errors
///
/// [`Error::Invalid`], with the path, for anything that is there and is not a readable text of at most 1 MiB.
pub(crate) fn read(name: &str, path: &Path) -> Result<Option<SecretString>> {
    let unreadable = |problem: String| Error::invalid(name, format!("{}: {problem}", path.display()));
    let metadata = match path.metadata() {
        // A parent that is a file, not a folder, holds none either.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        other => other.map_err(|error| unreadable(format!("cannot read it: {error}")))?,
    };
    // Opening a pipe would wait for somebody to write.
    if !metadata.is_file() {
        return Err(unreadable("not a file".to_owned()));
    }
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes));
    read.map_err(|error| unreadable(format!("cannot read it: {error}")))?;
    if bytes.len() as u64 > LONGEST {
        return Err(unreadable("longer than 1 MiB, no such file is".to_owned()));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text.into())),
        Err(_) => Err(unreadable("not UTF-8".to_owned())),
    }
}

/// Warns of a file that others on the machine may read.
pub(crate) fn warn_if_others_may_read(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0) {
            tracing::warn!(path = %path.display(), "everybody on this machine can read the credentials; `chmod 600` it");
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}
