//! What settings may be, shared by all that take them: each error names the setting and says what would be right.

use std::time::Duration;

use crate::error::{Error, Result};

/// No duration is longer than a year.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// A path segment must never be able to name another resource.
pub(crate) fn path_segment(name: &str, text: &str) -> Result<()> {
    let valid = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if (1..=64).contains(&text.len()) && text.chars().all(valid) {
        return Ok(());
    }
    if text.is_empty() {
        return Err(Error::invalid(name, "empty; is a variable unset?"));
    }
    let shown: String = text.chars().take(80).collect();
    let what = name.replace('-', " ");
    Err(Error::invalid(name, format!("{shown:?} is no {what} (1 to 64 of A-Z a-z 0-9 _ -)")))
}

/// A duration of at least `least` and at most a year.
pub(crate) fn duration(name: &str, value: Duration, least: Duration) -> Result<()> {
    if (least..=LONGEST).contains(&value) {
        return Ok(());
    }
    Err(Error::invalid(name, format!("{value:?} is not between {least:?} and a year")))
}

/// A number within bounds; NaN is within none.
pub(crate) fn number(name: &str, value: f64, least: f64, most: f64) -> Result<()> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(Error::invalid(name, format!("{value} is not between {least} and {most}")))
}
