//! How it is said what goes on: trouble, ages, counts, and that it is still waited. Pure: the clock is an argument.

use std::time::{Duration, Instant};

use dcs_wait::text::{duration, one_line};
use dcs_wait::{Error, TransportErrorKind};

use super::board::{Board, Seen, Trouble};
use crate::verdict::Ending;

/// So many jobs are named in one line.
const NAMED: usize = 3;
/// So many different statuses are counted in one line; the service may have any number.
const STATUSES: usize = 5;

/// What came instead of an answer, in a few words, and in some more.
pub(crate) fn trouble(error: &Error) -> (String, &'static str) {
    if let Some(answer) = error.service() {
        return match answer.http_status {
            200..300 => ("answers of no use".to_owned(), ""),
            429 => ("429".to_owned(), " (too many requests) from the service"),
            status => (status.to_string(), " from the service"),
        };
    }
    let what = match error {
        Error::Transport(error) => match error.kind {
            TransportErrorKind::Connect => "no connection".to_owned(),
            kind => kind.to_string(),
        },
        error => one_line(&error.to_string()),
    };
    (what, "")
}

/// Since when there is trouble, and what comes of it: it is given up, unless the deadline is sooner.
pub(crate) fn still_trying(trouble: &Trouble, deadline: Instant, now: Instant) -> String {
    lasting(&format!("{}{}", trouble.what, trouble.more), ", still trying", trouble, deadline, now)
}

/// The same where there is little room.
pub(crate) fn still_trying_briefly(trouble: &Trouble, deadline: Instant, now: Instant) -> String {
    lasting(&trouble.what, "", trouble, deadline, now)
}

fn lasting(what: &str, and: &str, trouble: &Trouble, deadline: Instant, now: Instant) -> String {
    let text = format!("{what} for {}{and}", whole(now.saturating_duration_since(trouble.since)));
    if gives_up(trouble, deadline) {
        return text + &format!(", gives up in {}", whole(trouble.gives_up.saturating_duration_since(now)));
    }
    text
}

/// Whether trouble that goes on ends the wait, and not the deadline.
pub(crate) fn gives_up(trouble: &Trouble, deadline: Instant) -> bool {
    trouble.gives_up < deadline
}

/// A duration in whole seconds: tenths would only flicker.
pub(crate) fn whole(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..10 => format!("{seconds}s"),
        seconds => duration(Duration::from_secs(seconds)),
    }
}

/// The time until something, in whole seconds that end with it.
pub(crate) fn until(then: Instant, now: Instant) -> String {
    whole(then.saturating_duration_since(now) + Duration::from_millis(999))
}

pub(crate) fn left(board: &Board, now: Instant) -> String {
    let left = board.left(now);
    if left.is_zero() { "no time left".to_owned() } else { format!("{} left", until(now + left, now)) }
}

pub(crate) fn jobs(count: usize) -> String {
    if count == 1 { "1 job".to_owned() } else { format!("{count} jobs") }
}

/// How many jobs are over, and which of them not well.
pub(crate) fn over(board: &Board) -> String {
    let mut text = format!("{} of {} over", board.over(), jobs(board.jobs()));
    for (ending, count) in board.endings().filter(|(ending, _)| *ending != Ending::Succeeded) {
        text += &format!(", {count} {}", ending.text());
    }
    text
}

/// How the others stand.
pub(crate) fn standing(board: &Board) -> String {
    let mut parts: Vec<String> =
        board.statuses().take(STATUSES).map(|(status, count)| format!("{count} {}", cut(status))).collect();
    let others: usize = board.statuses().skip(STATUSES).map(|(_, count)| count).sum();
    let asked: usize = board.statuses().map(|(_, count)| count).sum();
    let unasked = board.jobs() - board.over() - asked;
    for (count, what) in [(others, "other"), (unasked, "not seen yet")] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    parts.join(", ")
}

/// A status that is not longer than those that are known.
pub(crate) fn cut(status: &str) -> String {
    const LONGEST: usize = 20;
    match status.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &status[..end]),
        None => status.to_owned(),
    }
}

/// That it is still waited, for what, how that stands, and how long that may go on.
pub(crate) fn heartbeat(board: &Board, now: Instant) -> String {
    let deadline = board.begun + board.limits.timeout;
    let mut open = board.open();
    if let (Some(job), 1) = (open.next(), board.jobs()) {
        let status =
            job.status.as_deref().map_or_else(|| "not seen yet".to_owned(), |status| format!("still {status}"));
        return match &job.trouble {
            Some(trouble) => {
                let seen = match (&job.status, job.seen_ago(now)) {
                    (Some(status), Some(ago)) => format!("{status} when last seen {} ago", whole(ago)),
                    _ => status,
                };
                let text = format!("{}  {}; {seen}", job.id, still_trying(trouble, deadline, now));
                // Two ends would contradict each other: the sooner one is said.
                if gives_up(trouble, deadline) { text } else { format!("{text}; {}", left(board, now)) }
            }
            None => {
                let next = until(job.next_poll, now);
                format!("{}  {status}{}, next poll in {next}, {}", job.id, aged(job, now), left(board, now))
            }
        };
    }
    let mut text = over(board);
    let is_few = board.jobs() <= crate::tally::MANY;
    if is_few {
        for job in board.open().take(NAMED) {
            let status = job.status.as_deref().unwrap_or("not seen yet");
            text += &format!("; {} {}{}", job.id, cut(status), aged(job, now));
        }
        let more = board.open().len().saturating_sub(NAMED);
        if more > 0 {
            text += &format!("; and {more} more");
        }
    } else {
        text += &format!("; {}", standing(board));
    }
    if let Some((count, trouble)) = board.trouble() {
        text += &format!("; {count} in trouble: {}", still_trying(trouble, deadline, now));
    }
    format!("{text}; {}", left(board, now))
}

fn aged(job: &Seen, now: Instant) -> String {
    job.age(now).map(|age| format!(", {} old", whole(age))).unwrap_or_default()
}

#[cfg(test)]
mod tests;
