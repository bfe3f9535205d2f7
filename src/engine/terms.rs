//! What a wait is told, and what it tells: rules, answers, steps and ends.

use std::time::Duration;

use tokio::time::Instant;

use crate::schedule::{Random, Schedule};

/// How long a wait may go without a usable answer before the first one.
const MAX_FIRST_OUTAGE: Duration = Duration::from_secs(30);

/// How to wait, for all that wait together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// When the last poll starts.
    pub(crate) deadline: Instant,
    /// The longest stretch without one usable answer.
    pub(crate) max_outage: Duration,
    /// How long something never yet seen may be missing.
    pub(crate) missing_grace: Duration,
    pub(crate) schedule: Schedule,
    pub(crate) random: Random,
}

impl Rules {
    /// How long an outage may last before the first usable answer, and after it.
    pub(crate) fn patience(&self) -> [Duration; 2] {
        [self.max_outage.min(MAX_FIRST_OUTAGE), self.max_outage]
    }
}

/// A stretch in which nobody gets a usable answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Everywhere {
    pub(crate) since: Instant,
    /// There had been answers before.
    pub(crate) was_there: bool,
}

/// What came of asking once.
#[derive(Debug)]
pub(crate) struct Reply<T, E> {
    /// When the request started; `None` if none was sent.
    pub(crate) asked_at: Option<Instant>,
    pub(crate) answer: Answer<T, E>,
    /// A lower bound on the next pause.
    pub(crate) retry_after: Option<Duration>,
}

/// What an answer is to a wait.
#[derive(Debug)]
pub(crate) enum Answer<T, E> {
    /// It is over.
    Ended(T),
    /// It is not over, and this old if known.
    Unfinished(T, Option<Duration>),
    /// It is not there, or not there yet.
    Missing(E),
    /// There were too many questions: so many a second are allowed, if known.
    Throttled(E, Option<f64>),
    /// The answer, or its absence, says nothing.
    Unusable(E),
    /// Asking again is pointless.
    Refused(E),
}

/// One round of a wait.
#[derive(Debug)]
pub(crate) enum Step<T, E> {
    /// It goes on: the next poll is due after the pause.
    Pause(News, Duration),
    /// It was the last round.
    Over(End<T, E>),
}

/// What a round that is not the last has brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// Seen, but not over: [`Engine::seen`].
    Unfinished,
    /// Not there yet.
    Missing,
    /// An error that is borne: [`Engine::trouble`].
    Trouble,
}

/// How a wait ended.
#[derive(Debug)]
pub(crate) enum End<T, E> {
    Ended(T),
    Refused(E),
    Missing(E),
    /// The deadline passed; it was seen unfinished.
    OutOfTime,
    /// No usable answer for too long, or none at all until the deadline.
    Unreachable,
    /// The wait was ended from outside.
    Stopped,
}
