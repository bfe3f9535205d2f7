//! Standard error: what goes on, for people. Drawn at a terminal, lines elsewhere.

mod beat;
mod board;
mod drawing;
mod line;
mod log;
mod plain;
#[cfg(test)]
mod testing;
mod view;
mod words;

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use dcs_wait::Event;
use dcs_wait::text::duration;

use self::board::Board;
pub(crate) use self::drawing::Drawing;
pub(crate) use self::log::start_log;
use self::plain::Lines;
use crate::args::{Args, Progress};
use crate::stderr::{self, Leads};
use crate::tally::Tally;
use crate::verdict::Verdict;

/// What stands on standard error while it waits.
#[derive(Debug)]
pub(crate) enum Show {
    Nothing,
    Lines(Box<Lines>),
    /// The thread of standard error draws it.
    Drawing(Arc<Mutex<Board>>),
}

impl Show {
    pub(crate) fn begin(args: &Args, ids: &[String]) -> Self {
        let variable = |name: &str| std::env::var(name).ok();
        let is_drawn = match args.progress {
            _ if args.quiet => return Self::Nothing,
            Progress::None => return Self::Nothing,
            Progress::Plain => false,
            // What is looked at once is not worth a drawing.
            Progress::Auto => !args.timeout.is_zero() && drawing::can_draw(variable),
        };
        let board = Board::new(ids, args.into(), Instant::now());
        if !is_drawn {
            return Self::Lines(Box::new(Lines::begin(board)));
        }
        let board = Arc::new(Mutex::new(board));
        stderr::draw(Drawing::new(
            Arc::clone(&board),
            drawing::has_colours(variable),
            stderr::stdout_leads() == Leads::ToPipe,
        ));
        Self::Drawing(board)
    }

    /// Shows what an event changes.
    pub(crate) fn show(&mut self, event: &Event) {
        let now = Instant::now();
        match self {
            Self::Nothing => {}
            Self::Lines(lines) => lines.show(event, now),
            Self::Drawing(board) => {
                board.lock().unwrap_or_else(PoisonError::into_inner).show(event, now);
            }
        }
    }

    /// Notes how a job ended.
    pub(crate) fn end(&mut self, verdict: &Verdict) {
        let now = Instant::now();
        match self {
            Self::Nothing => {}
            Self::Lines(lines) => lines.end(verdict, now),
            Self::Drawing(board) => {
                board.lock().unwrap_or_else(PoisonError::into_inner).end(verdict, now);
            }
        }
    }

    /// Says from time to time that it is still waited. Never done; nothing is lost if it is dropped.
    pub(crate) async fn beat(&mut self) -> Infallible {
        let Self::Lines(lines) = self else { return std::future::pending().await };
        loop {
            tokio::time::sleep_until(lines.next().into()).await;
            lines.beat(Instant::now());
        }
    }

    /// Shows what all jobs together came to.
    pub(crate) fn finish(&self, tally: &Tally) {
        let now = Instant::now();
        match self {
            Self::Nothing => {}
            Self::Lines(lines) => lines.finish(tally, now),
            Self::Drawing(board) => {
                stderr::undraw();
                let board = board.lock().unwrap_or_else(PoisonError::into_inner);
                // Of one job everything has been said by standard output, if that stands there too.
                if board.jobs() > 1 || stderr::stdout_leads() != Leads::Here {
                    let late = tally.lateness().filter(|_| board.jobs() > crate::tally::MANY);
                    let late = late.map(|text| format!("; {text}")).unwrap_or_default();
                    let lasted = duration(now.saturating_duration_since(board.begun));
                    let jobs = words::jobs(tally.total());
                    stderr::note(&format!("{jobs} in {lasted}: {}{late}", tally.counts()));
                }
            }
        }
    }
}
