//! What is known of all jobs while they are waited for. Counts are kept, not counted: a look at a hundred thousand jobs costs
//! the same as one at ten. Knows no clock and no terminal.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dcs_wait::text::one_line;
use dcs_wait::{Error, Event, Job};

use super::words;
use crate::args::Args;
use crate::verdict::{Ending, Verdict};

/// Before the first usable answer, an outage may last no longer.
const FIRST_OUTAGE: Duration = Duration::from_secs(30);

/// What the options say about time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) timeout: Duration,
    pub(crate) max_outage: Duration,
    pub(crate) max_interval: Duration,
    pub(crate) request_timeout: Duration,
}

impl From<&Args> for Limits {
    fn from(args: &Args) -> Self {
        Self {
            timeout: args.timeout,
            max_outage: args.max_outage,
            max_interval: args.max_interval,
            request_timeout: args.request_timeout,
        }
    }
}

/// All jobs of a wait.
#[derive(Debug)]
pub(crate) struct Board {
    pub(crate) begun: Instant,
    pub(crate) limits: Limits,
    seen: Vec<Seen>,
    places: HashMap<Arc<str>, usize>,
    /// The places of those that are not over.
    open: BTreeSet<usize>,
    statuses: BTreeMap<Arc<str>, usize>,
    endings: BTreeMap<Ending, usize>,
    /// How many are in trouble, and the trouble that was met last.
    troubled: usize,
    last_trouble: Option<Trouble>,
}

/// What is known of one job.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) id: Arc<str>,
    /// The status that was seen last, safe to show; `None` before the first usable answer.
    pub(crate) status: Option<Arc<str>>,
    /// How old the job was by the service's clock, and when it said so.
    aged: Option<(Duration, Instant)>,
    pub(crate) next_poll: Instant,
    usable: Option<Instant>,
    pub(crate) trouble: Option<Trouble>,
}

/// A stretch without a usable answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// What comes instead of an answer.
    pub(crate) what: Arc<str>,
    /// Added to that where there is room.
    pub(crate) more: &'static str,
    pub(crate) since: Instant,
    pub(crate) gives_up: Instant,
}

/// What an event changes for people.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Status(Arc<str>),
    Trouble,
    /// The trouble is over that lasted so long.
    Again(Duration, Arc<str>),
}

impl Board {
    pub(crate) fn new(ids: &[String], limits: Limits, now: Instant) -> Self {
        let seen: Vec<Seen> = ids.iter().map(|id| Seen::unasked(id, now)).collect();
        Self {
            begun: now,
            limits,
            places: (0..).zip(&seen).map(|(place, job)| (Arc::clone(&job.id), place)).collect(),
            open: (0..seen.len()).collect(),
            seen,
            statuses: BTreeMap::new(),
            endings: BTreeMap::new(),
            troubled: 0,
            last_trouble: None,
        }
    }

    /// Notes an event. Returns what is new about it.
    pub(crate) fn show(&mut self, event: &Event, now: Instant) -> Option<Change> {
        let place = *self.places.get(event.job_id())?;
        match event {
            Event::Status { job, next_poll, .. } => self.answered(place, job.as_ref(), now + *next_poll, now),
            Event::Retry { error, next_poll, .. } => self.failed(place, error, now + *next_poll, now),
            _ => None,
        }
    }

    fn answered(&mut self, place: usize, job: Option<&Job>, next_poll: Instant, now: Instant) -> Option<Change> {
        let after = self.calm(place, now);
        let seen = &mut self.seen[place];
        (seen.next_poll, seen.usable) = (next_poll, Some(now));
        seen.aged = job.and_then(Job::age).map(|age| (age, now)).or(seen.aged);
        let text = job.map_or_else(|| "not visible yet".to_owned(), |job| one_line(job.status_text()));
        let is_new = seen.status.as_deref() != Some(text.as_str());
        if is_new {
            let before = seen.status.replace(Arc::from(text));
            let status = seen.status.clone();
            self.count(before, status);
        }
        let status = self.seen[place].status.clone()?;
        match after {
            Some(after) => Some(Change::Again(after, status)),
            None => is_new.then_some(Change::Status(status)),
        }
    }

    fn failed(&mut self, place: usize, error: &Error, next_poll: Instant, now: Instant) -> Option<Change> {
        let limits = self.limits;
        let seen = &mut self.seen[place];
        // The request was due when it had been planned, and has taken no longer than one may.
        let earliest = now.checked_sub(limits.request_timeout).unwrap_or(self.begun);
        let asked = seen.next_poll.max(earliest).min(now);
        let is_new = seen.trouble.is_none();
        let since = seen.trouble.as_ref().map_or(asked, |trouble| trouble.since);
        let patience = match seen.usable {
            // The pause before it counts too, but not a longer one than the schedule's.
            Some(usable) => {
                limits.max_outage.saturating_sub(since.saturating_duration_since(usable).min(limits.max_interval))
            }
            None => limits.max_outage.min(FIRST_OUTAGE) + error.retry_after().unwrap_or_default(),
        };
        let (what, more) = words::trouble(error);
        let trouble = Trouble { what: what.into(), more, since, gives_up: since + patience };
        seen.next_poll = next_poll;
        seen.trouble = Some(trouble.clone());
        self.troubled += usize::from(is_new);
        // Of the trouble of many, it is told since when there is any.
        let since = self.last_trouble.as_ref().map_or(since, |last| last.since.min(since));
        self.last_trouble = Some(Trouble { since, ..trouble });
        is_new.then_some(Change::Trouble)
    }

    /// Notes how a job ended. Returns how long the trouble lasted that its last answer ended.
    pub(crate) fn end(&mut self, verdict: &Verdict, now: Instant) -> Option<Duration> {
        *self.endings.entry(verdict.ending).or_default() += 1;
        let place = self.places.remove(verdict.job_id.as_str())?;
        self.open.remove(&place);
        let status = self.seen[place].status.take();
        self.count(status, None);
        self.calm(place, now)
    }

    /// A job is in trouble no longer. Returns how long it was.
    fn calm(&mut self, place: usize, now: Instant) -> Option<Duration> {
        let trouble = self.seen[place].trouble.take()?;
        self.troubled -= 1;
        if self.troubled == 0 {
            self.last_trouble = None;
        }
        Some(now.saturating_duration_since(trouble.since))
    }

    fn count(&mut self, before: Option<Arc<str>>, after: Option<Arc<str>>) {
        if let Some(before) = before
            && let Some(count) = self.statuses.get_mut(&before)
        {
            *count -= 1;
            // The service may have any number of statuses.
            if *count == 0 {
                self.statuses.remove(&before);
            }
        }
        if let Some(after) = after {
            *self.statuses.entry(after).or_default() += 1;
        }
    }

    pub(crate) fn jobs(&self) -> usize {
        self.seen.len()
    }

    pub(crate) fn over(&self) -> usize {
        self.jobs() - self.open.len()
    }

    /// Those that are not over, in the order in which they were given.
    pub(crate) fn open(&self) -> impl ExactSizeIterator<Item = &Seen> {
        self.open.iter().map(|place| &self.seen[*place])
    }

    /// How many have which status, in the order of their names.
    pub(crate) fn statuses(&self) -> impl ExactSizeIterator<Item = (&str, usize)> {
        self.statuses.iter().map(|(status, count)| (&**status, *count))
    }

    pub(crate) fn endings(&self) -> impl Iterator<Item = (Ending, usize)> {
        self.endings.iter().map(|(ending, count)| (*ending, *count))
    }

    /// How many are in trouble, and in which.
    pub(crate) fn trouble(&self) -> Option<(usize, &Trouble)> {
        self.last_trouble.as_ref().map(|trouble| (self.troubled, trouble))
    }

    /// How much time is left until the deadline.
    pub(crate) fn left(&self, now: Instant) -> Duration {
        (self.begun + self.limits.timeout).saturating_duration_since(now)
    }
}

impl Seen {
    fn unasked(id: &str, now: Instant) -> Self {
        Self { id: id.into(), status: None, aged: None, next_poll: now, usable: None, trouble: None }
    }

    /// How old the job is: what the service said last, and the time since.
    pub(crate) fn age(&self, now: Instant) -> Option<Duration> {
        self.aged.map(|(age, at)| age + now.saturating_duration_since(at))
    }

    /// How long ago the last usable answer came.
    pub(crate) fn seen_ago(&self, now: Instant) -> Option<Duration> {
        self.usable.map(|at| now.saturating_duration_since(at))
    }
}
