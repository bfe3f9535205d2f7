//! What is drawn at a terminal, by indicatif, on standard error. Whoever writes lines to that terminal does it
//! [around](Drawing::around) the drawing.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use super::board::Board;
use super::view::view;

/// The size of a terminal that does not tell it.
const SIZE: (usize, usize) = (80, 24);

/// A drawing of the board.
#[derive(Debug)]
pub(crate) struct Drawing {
    bar: ProgressBar,
    board: Arc<Mutex<Board>>,
    has_colours: bool,
}

impl Drawing {
    /// If lines of somebody else may come in between, the drawing begins with an empty one for them.
    pub(crate) fn new(board: Arc<Mutex<Board>>, has_colours: bool, is_shared: bool) -> Self {
        let frame = Frame { has_margin: is_shared, ..Frame::default() };
        let target = ProgressDrawTarget::term_like(Box::new(Screen(Mutex::new(frame))));
        let bar = ProgressBar::with_draw_target(None, target);
        // There is no template as simple as that which is not one.
        let style = ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        bar.set_style(style);
        Self { bar, board, has_colours }
    }

    /// Draws how things stand now.
    pub(crate) fn draw(&self) {
        let lines = {
            // Only as long as the view takes: nothing is written meanwhile.
            let board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
            view(&board, size(), Instant::now())
        };
        let lines: Vec<String> = lines.iter().map(|line| line.text(self.has_colours)).collect();
        self.bar.set_message(lines.join("\n"));
    }

    /// Clears what is drawn, writes, and draws it again.
    pub(crate) fn around<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Clears what is drawn, for good.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// Whether standard error is a terminal on which can be drawn, by its environment.
pub(crate) fn can_draw(variable: impl Fn(&str) -> Option<String>) -> bool {
    let is_set = |name| variable(name).is_some_and(|value| !value.is_empty());
    // Some CI systems have a terminal, but what is drawn there becomes a log.
    io::stderr().is_terminal() && is_set("TERM") && variable("TERM").as_deref() != Some("dumb") && !is_set("CI")
}

/// Whether what is drawn may have colours: <https://no-color.org>, <https://bixense.com/clicolors>.
pub(crate) fn has_colours(variable: impl Fn(&str) -> Option<String>) -> bool {
    let value = |name| variable(name).filter(|value| !value.is_empty());
    let is_forced = value("CLICOLOR_FORCE").is_some_and(|value| value != "0");
    value("NO_COLOR").is_none() && (is_forced || value("CLICOLOR").as_deref() != Some("0"))
}

/// Columns and rows of the terminal.
fn size() -> (usize, usize) {
    let size = terminal_size::terminal_size_of(io::stderr());
    let known = size.map(|(columns, rows)| (usize::from(columns.0), usize::from(rows.0)));
    known.filter(|(columns, rows)| *columns > 0 && *rows > 0).unwrap_or(SIZE)
}

/// The terminal as indicatif sees it. The cursor stays where the drawing begins, so that everything from there on can be
/// cleared: what was drawn takes other lines than it did when the terminal has become narrower meanwhile. It is never
/// hidden: whatever ends the command, nothing has to be restored.
#[derive(Debug)]
struct Screen(Mutex<Frame>);

#[derive(Debug, Default)]
struct Frame {
    lines: Vec<String>,
    is_drawn: bool,
    has_margin: bool,
}

impl Frame {
    /// What replaces the frame before by this one.
    fn take(&mut self) -> Option<String> {
        let mut lines = std::mem::take(&mut self.lines);
        let was_drawn = std::mem::replace(&mut self.is_drawn, !lines.is_empty());
        if lines.is_empty() {
            return was_drawn.then(|| "\r\u{1b}[J".to_owned());
        }
        if self.has_margin {
            lines.insert(0, String::new());
        }
        let up = lines.len() - 1;
        let mut text = format!("\r{}\u{1b}[K", lines.join("\u{1b}[K\r\n"));
        text += "\u{1b}[J\r";
        if up > 0 {
            text += &format!("\u{1b}[{up}A");
        }
        Some(text)
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        u16::try_from(size().0).unwrap_or(u16::MAX)
    }

    fn height(&self) -> u16 {
        u16::try_from(size().1).unwrap_or(u16::MAX)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)
    }

    /// It comes line by line, and after each the blanks up to its right end.
    fn write_str(&self, text: &str) -> io::Result<()> {
        if !text.trim().is_empty() {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).lines.push(text.to_owned());
        }
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let mut frame = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = frame.take() {
            // There is nobody to tell that it cannot be written.
            let _ = io::stderr().write_all(text.as_bytes());
        }
        Ok(())
    }

    // What it does to clear the frame before is done in one go.

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        Ok(())
    }
}
