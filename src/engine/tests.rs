//! In paused time: exact lists of when the engine asks, in seconds. Pauses between polls double from 1 s to 10 s, without
//! jitter; those after errors are half of the full pause: 0.5 s, 1 s, 2 s …

mod missing;
mod outage;

use std::future::pending;

use proptest::prelude::*;

use super::*;

type Reply_ = (Answer<&'static str, &'static str>, u64);

const RUNNING: Reply_ = (Answer::Unfinished("running", None), 0);
const TROUBLE: Reply_ = (Answer::Unusable("503"), 0);
const MISSING: Reply_ = (Answer::Missing("404"), 0);
const ENDED: Reply_ = (Answer::Ended("over"), 0);

const DOUBLING: Schedule =
    Schedule { initial: Duration::from_secs(1), multiplier: 2.0, max: Duration::from_secs(10), jitter: 0.0 };

const LIMITS: Options =
    Options { timeout: 1800.0, max_outage: 600.0, missing_grace: 30.0, took: 0.0, turns_end_early: 0.0 };

#[derive(Debug, Clone, Copy)]
struct Options {
    timeout: f64,
    max_outage: f64,
    missing_grace: f64,
    /// How long each request takes.
    took: f64,
    /// How long before the deadline the last poll has to start.
    turns_end_early: f64,
}

#[derive(Debug)]
struct Run {
    /// When each request started, in seconds.
    asked: Vec<f64>,
    end: End<&'static str, &'static str>,
    ended: f64,
}

/// Runs a wait; the last reply is repeated for ever.
async fn run(options: Options, replies: impl IntoIterator<Item = Reply_>) -> Run {
    let start = Instant::now();
    let deadline = start + Duration::from_secs_f64(options.timeout);
    let limits = Limits {
        deadline,
        max_outage: Duration::from_secs_f64(options.max_outage),
        missing_grace: Duration::from_secs_f64(options.missing_grace),
    };
    let mut engine = Engine::new(limits, DOUBLING, || 0.5);
    let mut replies = replies.into_iter();
    let mut asked = Vec::new();
    loop {
        let last_poll = || deadline - Duration::from_secs_f64(options.turns_end_early);
        let fetch = || {
            let now = Instant::now();
            asked.push((now - start).as_secs_f64());
            let (answer, retry_after) = replies.next().unwrap();
            let retry_after = (retry_after > 0).then(|| Duration::from_secs(retry_after));
            async move {
                tokio::time::sleep(Duration::from_secs_f64(options.took)).await;
                Reply { asked_at: Some(now), answer, retry_after }
            }
        };
        match engine.round(fetch, last_poll, pending()).await {
            Step::Pause(_, pause) => assert_eq!(engine.due, Instant::now() + pause, "the pause that is announced"),
            Step::Over(end) => {
                let ended = start.elapsed().as_secs_f64();
                return Run { asked, end, ended };
            }
        }
    }
}

fn then_forever(first: Vec<Reply_>, last: Reply_) -> impl Iterator<Item = Reply_> {
    let copy = move |reply: &Reply_| match reply {
        (Answer::Unfinished(value, age), after) => (Answer::Unfinished(*value, *age), *after),
        (Answer::Missing(error), after) => (Answer::Missing(*error), *after),
        (Answer::Unusable(error), after) => (Answer::Unusable(*error), *after),
        _ => panic!("not a reply that goes on"),
    };
    first.into_iter().chain(std::iter::repeat_with(move || copy(&last)))
}

#[tokio::test(start_paused = true)]
async fn it_polls_at_once_then_after_growing_pauses_and_ends_at_once() {
    let run = run(LIMITS, [RUNNING, RUNNING, RUNNING, RUNNING, RUNNING, RUNNING, ENDED]).await;
    assert_eq!(run.asked, [0.0, 1.0, 3.0, 7.0, 15.0, 25.0, 35.0]);
    assert!(matches!(run.end, End::Ended("over")));
    assert_eq!(run.ended, 35.0);
}

#[tokio::test(start_paused = true)]
async fn the_last_poll_lands_on_the_deadline() {
    let run = run(Options { timeout: 5.0, ..LIMITS }, then_forever(vec![], RUNNING)).await;
    assert_eq!(run.asked, [0.0, 1.0, 3.0, 5.0]);
    assert!(matches!(run.end, End::OutOfTime));
    assert_eq!(run.ended, 5.0);
}

#[tokio::test(start_paused = true)]
async fn a_success_at_the_last_poll_counts() {
    let run = run(Options { timeout: 1.5, ..LIMITS }, [RUNNING, RUNNING, ENDED]).await;
    assert_eq!(run.asked, [0.0, 1.0, 1.5]);
    assert!(matches!(run.end, End::Ended(_)));
}

#[tokio::test(start_paused = true)]
async fn no_time_at_all_looks_once() {
    let run = run(Options { timeout: 0.0, ..LIMITS }, [RUNNING]).await;
    assert_eq!(run.asked, [0.0]);
    assert!(matches!(run.end, End::OutOfTime));
}

#[tokio::test(start_paused = true)]
async fn a_request_in_flight_at_the_deadline_is_the_last_one() {
    let run = run(Options { timeout: 4.0, took: 2.0, ..LIMITS }, then_forever(vec![], RUNNING)).await;
    assert_eq!(run.asked, [0.0, 3.0]);
    assert!(matches!(run.end, End::OutOfTime));
    assert_eq!(run.ended, 5.0);
}

#[tokio::test(start_paused = true)]
async fn where_turns_are_scarce_the_last_poll_is_earlier_and_the_wait_still_ends_at_the_deadline() {
    let options = Options { timeout: 7.0, turns_end_early: 2.0, ..LIMITS };
    let run = run(options, then_forever(vec![], RUNNING)).await;
    assert_eq!(run.asked, [0.0, 1.0, 3.0, 5.0]);
    assert!(matches!(run.end, End::OutOfTime));
    assert_eq!(run.ended, 7.0);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_ends_the_wait() {
    let run = run(LIMITS, [RUNNING, (Answer::Refused("403"), 0)]).await;
    assert_eq!(run.asked, [0.0, 1.0]);
    assert!(matches!(run.end, End::Refused("403")));
}

#[tokio::test(start_paused = true)]
async fn an_old_job_goes_on_with_the_schedule_from_its_age() {
    let old = || (Answer::Unfinished("running", Some(Duration::from_secs(3600))), 0);
    let run = run(LIMITS, [old(), old(), ENDED]).await;
    assert_eq!(run.asked, [0.0, 10.0, 20.0]);
}

#[tokio::test(start_paused = true)]
async fn only_the_first_sight_moves_the_schedule() {
    let young = (Answer::Unfinished("running", Some(Duration::ZERO)), 0);
    let old = (Answer::Unfinished("running", Some(Duration::from_secs(3600))), 0);
    let run = run(LIMITS, [young, old, ENDED]).await;
    assert_eq!(run.asked, [0.0, 1.0, 3.0]);
}

#[tokio::test(start_paused = true)]
async fn a_halt_ends_a_pause_at_once_but_not_a_fetch() {
    let mut engine = Engine::<&str, &str>::new(limits(), DOUBLING, || 0.5);
    let start = Instant::now();
    let halt = || async {
        sleep_until(start + Duration::from_millis(300)).await;
        "halted"
    };
    let fetch = || async {
        let asked_at = Some(Instant::now());
        tokio::time::sleep(Duration::from_millis(250)).await;
        Reply { asked_at, answer: Answer::Unfinished("running", None), retry_after: None }
    };
    let deadline = limits().deadline;
    assert!(matches!(engine.round(fetch, || deadline, halt()).await, Step::Pause(..)));
    assert!(matches!(engine.round(fetch, || deadline, halt()).await, Step::Over(End::Refused("halted"))));
    assert_eq!(start.elapsed(), Duration::from_millis(300));
}

#[tokio::test(start_paused = true)]
async fn no_turn_before_time_ran_out_is_out_of_time() {
    let run = run(LIMITS, [RUNNING, (Answer::NoTurn, 0)]).await;
    assert!(matches!(run.end, End::OutOfTime));
}

#[tokio::test(start_paused = true)]
async fn it_waits_for_things_that_are_no_jobs() {
    // A kettle, in degrees, that heats up by 30 a second.
    let start = Instant::now();
    let mut kettle = Engine::<u64, std::convert::Infallible>::new(limits(), DOUBLING, || 0.5);
    let fetch = || async {
        let degrees = 20 + 30 * start.elapsed().as_secs();
        let answer = if degrees < 100 { Answer::Unfinished(degrees, None) } else { Answer::Ended(degrees) };
        Reply { asked_at: Some(Instant::now()), answer, retry_after: None }
    };
    loop {
        if let Step::Over(end) = kettle.round(fetch, || limits().deadline, pending()).await {
            assert!(matches!(end, End::Ended(110)));
            break;
        }
    }
}

fn limits() -> Limits {
    Limits {
        deadline: Instant::now() + Duration::from_secs(900),
        max_outage: Duration::from_secs(600),
        missing_grace: Duration::from_secs(30),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever is answered: a wait asks at least once, never after its deadline, and ends there at the latest.
    #[test]
    fn a_wait_ends_in_time_and_never_asks_after_the_deadline(
        kinds in prop::collection::vec((0..3_usize, 0..200_u64), 1..40), timeout in 0.0..300.0, took in 0.0..12.0,
        max_outage in 0.0..100.0, missing_grace in 0.0..100.0,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let replies = kinds.into_iter().map(|(kind, after)| ([RUNNING, TROUBLE, MISSING].into_iter().nth(kind).unwrap().0, after));
        let replies: Vec<Reply_> = replies.collect();
        let options = Options { timeout, max_outage, missing_grace, took, turns_end_early: 0.0 };
        let run = runtime.block_on(run(options, then_forever(replies, TROUBLE)));
        prop_assert_eq!(run.asked[0], 0.0);
        // Timers have a resolution of a millisecond.
        prop_assert!(run.asked.iter().all(|at| *at <= timeout + 0.002));
        prop_assert!(run.ended <= timeout + took + 0.002);
    }
}
