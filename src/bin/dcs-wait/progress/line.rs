//! A line at a terminal: pieces in colours, never wider than it may be.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// How a piece is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    Plain,
    /// It moves.
    Lively,
    /// It may pass.
    Trouble,
    /// It does not.
    Bad,
}

/// A line in pieces.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Line(Vec<(Paint, String)>);

impl Line {
    /// Puts a piece at the end. It must be safe to show.
    #[must_use]
    pub(crate) fn with(mut self, paint: Paint, text: impl Into<String>) -> Self {
        self.0.push((paint, text.into()));
        self
    }

    /// Puts another line at the end.
    #[must_use]
    pub(crate) fn and(mut self, mut other: Self) -> Self {
        self.0.append(&mut other.0);
        self
    }

    /// The same line, cut where it is wider than so many columns.
    #[must_use]
    pub(crate) fn fit(mut self, columns: usize) -> Self {
        let mut room = columns;
        for (at, (_, text)) in self.0.iter_mut().enumerate() {
            let width = text.width();
            if width > room {
                *text = cut(text, room);
                self.0.truncate(at + 1);
                break;
            }
            room -= width;
        }
        self
    }

    /// What is written for it.
    pub(crate) fn text(&self, has_colours: bool) -> String {
        let mut line = String::new();
        for (paint, text) in &self.0 {
            let code = match paint {
                Paint::Plain => 0,
                Paint::Lively => 36,
                Paint::Trouble => 33,
                Paint::Bad => 31,
            };
            if has_colours && code > 0 {
                line += &format!("\u{1b}[{code}m{text}\u{1b}[0m");
            } else {
                line += text;
            }
        }
        line
    }
}

/// The beginning of a text, and a sign that it goes on, together in so many columns.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let Some(mut room) = columns.checked_sub(1) else { return String::new() };
    let mut start = String::new();
    for c in text.chars() {
        let width = c.width().unwrap_or(0);
        if width > room {
            break;
        }
        room -= width;
        start.push(c);
    }
    start + "…"
}

/// An id of which both ends are shown, in so many columns: the ends tell ids apart. An id has no wide characters.
pub(crate) fn shorten(id: &str, columns: usize) -> String {
    if id.len() <= columns || columns < 3 || !id.is_ascii() {
        return cut(id, columns);
    }
    let tail = (columns - 1) / 2;
    format!("{}…{}", &id[..columns - 1 - tail], &id[id.len() - tail..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_at_its_width_and_not_within_a_wide_character() {
        let line = Line::default().with(Paint::Lively, "ab").with(Paint::Plain, "任务失败").with(Paint::Bad, "x");
        assert_eq!(line.clone().fit(11).text(false), "ab任务失败x");
        assert_eq!(line.clone().fit(10).text(false), "ab任务失败");
        assert_eq!(line.clone().fit(9).text(false), "ab任务失…");
        assert_eq!(line.clone().fit(8).text(false), "ab任务…");
        assert_eq!(line.clone().fit(2).text(false), "ab");
        assert_eq!(line.fit(0).text(false), "");
    }

    #[test]
    fn colours_end_where_their_piece_ends() {
        let line = Line::default().with(Paint::Plain, "a ").with(Paint::Trouble, "503 from");
        assert_eq!(line.clone().text(true), "a \u{1b}[33m503 from\u{1b}[0m");
        assert_eq!(line.fit(5).text(true), "a \u{1b}[33m50…\u{1b}[0m");
    }

    #[test]
    fn of_a_long_id_both_ends_are_shown() {
        assert_eq!(shorten("ff8080818822bbf70188235afc24141a", 9), "ff80…141a");
        assert_eq!(shorten("ff8080818822bbf70188235afc24141a", 8), "ff80…41a");
        assert_eq!(shorten("short", 5), "short");
    }
}
