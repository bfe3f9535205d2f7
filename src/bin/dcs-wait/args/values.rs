//! How values are read, and what is said of those that cannot be.

use std::time::Duration;

use clap::builder::BoolishValueParser;
use humantime::DurationError;

/// For variables: `1`, `true`, `yes` or `on`, and their opposites.
pub(super) fn boolish() -> BoolishValueParser {
    BoolishValueParser::new()
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    const EXAMPLE: &str = "write it like 90s or 1h30m";
    const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);
    match humantime::parse_duration(text) {
        Ok(duration) if duration > YEAR => Err("longer than a year".to_owned()),
        Ok(duration) => Ok(duration),
        // Where in the text what is missing says nothing.
        Err(DurationError::NumberExpected(_) | DurationError::Empty) => Err(EXAMPLE.to_owned()),
        Err(error) => Err(format!("{error}; {EXAMPLE}")),
    }
}
