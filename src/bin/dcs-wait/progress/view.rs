//! What a terminal shows of the board: a line a job, as many as fit, then what all make together. Pure: the clock and the
//! size are arguments. Its costs depend on the size, not on the number of jobs.

use std::time::Instant;

use unicode_width::UnicodeWidthStr as _;

use super::board::{Board, Seen};
use super::line::{Line, Paint, cut, shorten};
use super::words;

/// So many jobs have a line of their own, however high the terminal is.
const MOST: usize = 20;
/// So many lines are left for what is above.
const ABOVE: usize = 3;
/// An id is not made shorter.
const SHORTEST_ID: usize = 9;
const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
/// How long one of them stands.
const FRAME_MS: u128 = 100;

/// The lines at a terminal of this size.
pub(crate) fn view(board: &Board, (columns, rows): (usize, usize), now: Instant) -> Vec<Line> {
    // Where the last column is used, some terminals go on in the next line.
    let columns = columns.saturating_sub(1);
    let spin = SPINNER[(now.saturating_duration_since(board.begun).as_millis() / FRAME_MS % 10) as usize];
    if board.jobs() == 1 {
        return board.open().flat_map(|job| alone(board, job, spin, columns, now)).collect();
    }
    let shown: Vec<&Seen> = board.open().take(rows.saturating_sub(ABOVE + 1).min(MOST)).collect();
    let status_width = shown.iter().map(|job| status(job).width()).max().unwrap_or_default();
    let longest_id = shown.iter().map(|job| job.id.len()).max().unwrap_or_default();
    let room = room(columns, longest_id).saturating_sub(status_width + 2);
    let tails: Vec<Line> = shown.iter().map(|job| tail(board, job, room, now)).collect();
    let tail_width = tails.iter().map(|tail| tail.text(false).width()).max().unwrap_or_default();
    let id_width = id_room(columns, longest_id, status_width + 2 + tail_width);
    let mut lines: Vec<Line> = shown
        .iter()
        .zip(tails)
        .map(|(job, tail)| {
            let id = shorten(&job.id, id_width);
            let status = status(job);
            let gap = " ".repeat(status_width - status.width());
            let head = start(spin).with(Paint::Plain, format!("{id:<id_width$}  {status}{gap}  "));
            head.and(tail).fit(columns)
        })
        .collect();
    lines.push(sum(board, shown.len(), now).fit(columns));
    lines
}

/// The line of the only job, and one about its trouble.
fn alone(board: &Board, job: &Seen, spin: &str, columns: usize, now: Instant) -> Vec<Line> {
    let deadline = board.begun + board.limits.timeout;
    // Two ends would contradict each other: the sooner one is said.
    let gives_up = job.trouble.as_ref().is_some_and(|trouble| words::gives_up(trouble, deadline));
    let left = if gives_up { String::new() } else { words::left(board, now) + "  " };
    let head = format!("{}  {left}", status(job));
    let outlook = outlook(job, room(columns, job.id.len()).saturating_sub(head.width()), now);
    let rest = format!("{head}{outlook}");
    let rest = rest.trim_end();
    let id = shorten(&job.id, id_room(columns, job.id.len(), rest.width()));
    let mut lines = vec![start(spin).with(Paint::Plain, format!("{id}  {rest}")).fit(columns)];
    if job.trouble.is_some() {
        lines.push(
            Line::default().with(Paint::Plain, "  ").and(tail(board, job, columns.saturating_sub(2), now)).fit(columns),
        );
    }
    lines
}

/// What there is to say of a job besides its status, in fewer words if there is not the room: its trouble, or what else is
/// to come.
fn tail(board: &Board, job: &Seen, room: usize, now: Instant) -> Line {
    let deadline = board.begun + board.limits.timeout;
    match &job.trouble {
        Some(trouble) => {
            let full = words::still_trying(trouble, deadline, now);
            let brief = || words::still_trying_briefly(trouble, deadline, now);
            Line::default().with(Paint::Trouble, if full.width() > room { brief() } else { full })
        }
        None => Line::default().with(Paint::Plain, outlook(job, room, now)),
    }
}

/// The first that fits, from all words to none.
fn outlook(job: &Seen, room: usize, now: Instant) -> String {
    let age = job.age(now).map(|age| format!("{} old  ", words::whole(age))).unwrap_or_default();
    let (next, brief) = if job.next_poll > now {
        let until = words::until(job.next_poll, now);
        (format!("next poll in {until}"), format!("poll {until}"))
    } else {
        ("asking".to_owned(), "asking".to_owned())
    };
    let texts = [format!("{age}{next}"), format!("{age}{brief}"), brief];
    texts.into_iter().find(|text| text.width() <= room).unwrap_or_default()
}

/// What all jobs make together; how those stand that have no line.
fn sum(board: &Board, shown: usize, now: Instant) -> Line {
    let is_bad = board.endings().any(|(ending, _)| ending != crate::verdict::Ending::Succeeded);
    let paint = if is_bad { Paint::Bad } else { Paint::Plain };
    let mut line =
        Line::default().with(Paint::Plain, format!("  {}  ", words::left(board, now))).with(paint, words::over(board));
    if board.open().len() > shown {
        line = line.with(Paint::Plain, format!("; {}", words::standing(board)));
        if let Some((count, trouble)) = board.trouble() {
            let deadline = board.begun + board.limits.timeout;
            let text = format!("; {count} in trouble: {}", words::still_trying(trouble, deadline, now));
            line = line.with(Paint::Trouble, text);
        }
    }
    line
}

fn start(spin: &str) -> Line {
    Line::default().with(Paint::Lively, spin).with(Paint::Plain, " ")
}

fn status(job: &Seen) -> String {
    job.status.as_deref().map_or_else(|| "not seen yet".to_owned(), |status| cut(status, 20))
}

/// So much room there is behind an id, if that is as short as can be.
fn room(columns: usize, longest: usize) -> usize {
    columns.saturating_sub(2 + SHORTEST_ID.min(longest) + 2)
}

/// So much room has an id before `rest`.
fn id_room(columns: usize, longest: usize, rest: usize) -> usize {
    let spinner = 2;
    let gap = 2;
    columns.saturating_sub(spinner + gap + rest).max(SHORTEST_ID).min(longest)
}

#[cfg(test)]
mod tests;
