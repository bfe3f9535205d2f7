//! A service that plays scripts in paused time, and runs of fleets against it.

use std::collections::HashMap;
use std::future::pending;
use std::sync::{Arc, Mutex};

use super::super::*;
use crate::engine::{Answer, End};
use crate::pace::Admission;
use crate::schedule::Schedule;

/// An answer, and its Retry-After in seconds.
pub(super) type Reply_ = (Answer<&'static str, &'static str>, u64);

pub(super) const RUNNING: Reply_ = (Answer::Unfinished("running", None), 0);
pub(super) const TROUBLE: Reply_ = (Answer::Unusable("503"), 0);
pub(super) const MISSING: Reply_ = (Answer::Missing("404"), 0);
pub(super) const ENDED: Reply_ = (Answer::Ended("over"), 0);
pub(super) const REFUSED: Reply_ = (Answer::Refused("403"), 0);

const DOUBLING: Schedule = Schedule { multiplier: 2.0, jitter: 0.0, ..Schedule::DEFAULT };

pub(super) const LIMITS: Options =
    Options { timeout: 1800.0, max_outage: 600.0, missing_grace: 30.0, took: 0.0, rate: 1000.0, expect: None };

#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    pub(super) timeout: f64,
    pub(super) max_outage: f64,
    pub(super) missing_grace: f64,
    /// How long each request takes.
    pub(super) took: f64,
    pub(super) rate: f64,
    pub(super) expect: Option<f64>,
}

/// Tells what to answer: by the id, how often it was asked for before, and the time in seconds.
type Story = Box<dyn FnMut(&str, usize, f64) -> Reply_ + Send>;

pub(super) struct Script {
    start: Instant,
    took: Duration,
    story: Mutex<Story>,
    asked: Log,
    counts: Mutex<HashMap<String, usize>>,
    /// When asking becomes pointless.
    pub(super) halts: Option<f64>,
    /// Something else than the rate is in the way, for ever.
    pub(super) is_busy: bool,
    /// When the machine has slept, and for how long.
    pub(super) sleep: Mutex<Option<(f64, f64)>>,
}

/// Who was asked about, and when, in seconds.
pub(super) type Log = Arc<Mutex<Vec<(String, f64)>>>;

impl Service for Script {
    type Pass = ();
    type Value = &'static str;
    type Error = &'static str;

    fn admit(&self, room: bool) -> Admission<()> {
        match room {
            _ if self.is_busy => Admission::Busy,
            true => Admission::Go(()),
            false => Admission::NoRoom,
        }
    }

    fn ask(&self, id: &str, _: ()) -> BoxFuture<'static, Option<Reply<&'static str, &'static str>>> {
        let now = Instant::now();
        let at = (now - self.start).as_secs_f64();
        let mut counts = self.counts.lock().unwrap();
        let count = counts.entry(id.to_owned()).or_default();
        let before = std::mem::replace(count, *count + 1);
        self.asked.lock().unwrap().push((id.to_owned(), at));
        let (answer, after) = (self.story.lock().unwrap())(id, before, at);
        let retry_after = (after > 0).then(|| Duration::from_secs(after));
        let took = self.took;
        Box::pin(async move {
            tokio::time::sleep(took).await;
            Some(Reply { asked_at: Some(now), answer, retry_after })
        })
    }

    async fn free(&self) {
        pending().await
    }

    fn slept(&self) -> Option<Duration> {
        let now = self.start.elapsed().as_secs_f64();
        self.sleep.lock().unwrap().take_if(|(at, _)| now >= *at).map(|(_, long)| Duration::from_secs_f64(long))
    }

    async fn halted(&self) -> &'static str {
        match self.halts {
            Some(at) => sleep_until(self.start + Duration::from_secs_f64(at)).await,
            None => pending().await,
        }
        "halted"
    }
}

impl Options {
    pub(super) fn rules(self, start: Instant) -> Rules {
        Rules {
            deadline: start + Duration::from_secs_f64(self.timeout),
            max_outage: Duration::from_secs_f64(self.max_outage),
            missing_grace: Duration::from_secs_f64(self.missing_grace),
            schedule: DOUBLING.expecting(self.expect.map(Duration::from_secs_f64)),
            random: || 0.5,
        }
    }

    pub(super) fn script(self, story: impl FnMut(&str, usize, f64) -> Reply_ + Send + 'static) -> (Script, Log) {
        let asked = Log::default();
        let (start, took) = (Instant::now(), Duration::from_secs_f64(self.took));
        (
            Script {
                start,
                took,
                story: Mutex::new(Box::new(story)),
                asked: Arc::clone(&asked),
                counts: Mutex::default(),
                halts: None,
                is_busy: false,
                sleep: Mutex::default(),
            },
            asked,
        )
    }

    /// A pace of its own.
    pub(super) fn pace(self) -> Arc<Pace> {
        Pace::new(self.rate, || 0.5)
    }
}

#[derive(Debug)]
pub(super) struct Run {
    /// When each request started, in seconds.
    pub(super) asked: Vec<f64>,
    pub(super) end: End<&'static str, &'static str>,
    pub(super) ended: f64,
}

/// Runs a wait for one thing.
pub(super) async fn run(options: Options, replies: impl IntoIterator<Item = Reply_, IntoIter: Send + 'static>) -> Run {
    let mut replies = replies.into_iter();
    let (script, asked) = options.script(move |_, _, _| replies.next().unwrap());
    let start = script.start;
    let mut fleet = Fleet::new(script, options.rules(start), &options.pace(), ["it".into()]);
    loop {
        match fleet.next().await {
            Some((0, Step::Pause(_, pause))) => {
                assert_eq!(fleet.wait(0).engine.due, Instant::now() + pause, "the pause that is announced");
            }
            Some((0, Step::Over(end))) => {
                let ended = start.elapsed().as_secs_f64();
                assert!(fleet.next().await.is_none(), "it is over only once");
                let asked = asked.lock().unwrap().iter().map(|(_, at)| *at).collect();
                return Run { asked, end, ended };
            }
            other => panic!("{other:?}"),
        }
    }
}

/// How and when each of many ended.
pub(super) type Ends = HashMap<String, (End<&'static str, &'static str>, f64)>;

/// Runs a wait for many things to its end.
pub(super) async fn run_many(options: Options, count: usize, script: Script) -> Ends {
    let ends = follow(Fleet::new(script, options.rules(Instant::now()), &options.pace(), ids(count))).await;
    assert_eq!(ends.len(), count, "each is over");
    ends
}

pub(super) async fn follow(mut fleet: Fleet<Script>) -> Ends {
    let start = Instant::now();
    let mut ends = Ends::new();
    while let Some((index, step)) = fleet.next().await {
        if let Step::Over(end) = step {
            let id = fleet.wait(index).id.to_string();
            assert!(ends.insert(id, (end, start.elapsed().as_secs_f64())).is_none(), "it is over only once");
        }
    }
    ends
}

pub(super) fn ids(count: usize) -> impl Iterator<Item = Box<str>> {
    (0..count).map(|number| number.to_string().into_boxed_str())
}

/// First these, then the last one for ever.
pub(super) fn then_forever(first: Vec<Reply_>, last: Reply_) -> impl Iterator<Item = Reply_> {
    let copy = move |reply: &Reply_| match reply {
        (Answer::Unfinished(value, age), after) => (Answer::Unfinished(*value, *age), *after),
        (Answer::Missing(error), after) => (Answer::Missing(*error), *after),
        (Answer::Unusable(error), after) => (Answer::Unusable(*error), *after),
        (Answer::Throttled(error, told), after) => (Answer::Throttled(*error, *told), *after),
        _ => panic!("not a reply that goes on"),
    };
    first.into_iter().chain(std::iter::repeat_with(move || copy(&last)))
}
