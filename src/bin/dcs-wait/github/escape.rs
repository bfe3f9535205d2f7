//! Texts of the service in the three places that GitHub reads. Pure: each takes any text and gives a piece in which nothing
//! of the text is a command, a new entry, markup or a control character.
//!
//! The runner reads as a command a line of a step's log that begins with `::`, after blanks, and one with `##[` anywhere in
//! it (its older form); the latter is broken up by [`one_line`], also in all that is shown elsewhere.

use dcs_wait::text::one_line;

/// How grave an annotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Error,
    Warning,
}

/// An annotation: a line of the step's log.
pub(crate) fn annotation(level: Level, title: &str, text: &str) -> String {
    let level = match level {
        Level::Error => "error",
        Level::Warning => "warning",
    };
    let title = percent(title).replace(':', "%3A").replace(',', "%2C");
    format!("::{level} title={title}::{}\n", percent(text))
}

/// No line break is left by `one_line`; what looks like an escaped one must not become one.
fn percent(text: &str) -> String {
    one_line(text).replace('%', "%25")
}

/// An output of the step: a line of the file GITHUB_OUTPUT. The name is one word; the value becomes one line, so that the
/// form with a delimiter, which a value could contain, is not needed.
pub(crate) fn output(name: &str, value: &str) -> String {
    format!("{name}={}\n", one_line(value))
}

/// A cell of a table in Markdown, of at most so many characters of the text.
///
/// Punctuation is written as entities, which Markdown never takes for markup; and code is where GitHub looks for neither
/// mentions nor references nor emoji.
pub(crate) fn cell(text: &str, longest: usize) -> String {
    let line = one_line(text);
    if line.is_empty() {
        return String::new();
    }
    let mut cell = "<code>".to_owned();
    for c in line.chars().take(longest) {
        if c.is_ascii_punctuation() {
            cell += &format!("&#{};", u32::from(c));
        } else {
            cell.push(c);
        }
    }
    if line.chars().nth(longest).is_some() {
        cell.push('…');
    }
    cell + "</code>"
}

#[cfg(test)]
mod tests;
