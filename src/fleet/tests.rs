//! In paused time: exact lists of when a wait for one thing asks, in seconds. Pauses between polls double from 1 s to 10 s,
//! without jitter; those after errors are half of the full pause: 0.5 s, 1 s, 2 s …

mod many;
mod missing;
mod outage;
mod outage_of_all;
mod sleep;
mod support;

use proptest::prelude::*;

use self::support::*;
use super::*;
use crate::engine::{Answer, End};

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
async fn a_refusal_ends_the_wait() {
    let run = run(LIMITS, [RUNNING, REFUSED]).await;
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
async fn what_is_expected_to_last_is_polled_by_its_age_whatever_came_between() {
    let expecting = Options { expect: Some(100.0), ..LIMITS };
    let at = |age: f64| (Answer::Unfinished("running", Some(Duration::from_secs_f64(age))), 0);
    let gaps = |run: Run| run.asked.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>();
    // A Retry-After and an error take their time; the job grows older meanwhile. Only the first age counts.
    let (answer, _) = at(60.0);
    let waited = gaps(run(expecting, [(answer, 40), TROUBLE, at(0.0), ENDED]).await);
    let older = gaps(run(expecting, [at(100.5), at(0.0), ENDED]).await);
    let younger = gaps(run(expecting, [at(0.0), at(0.0), ENDED]).await);
    assert!(waited[..2] == [40.0, 0.5] && (waited[2] - older[0]).abs() < 0.002, "{waited:?} {older:?}");
    assert!(younger[0] == 1.0 && older[0] > 3.0 && older[0] < 5.0, "{younger:?} {older:?}");
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
        let options = Options { timeout, max_outage, missing_grace, took, ..LIMITS };
        let run = runtime.block_on(run(options, then_forever(replies, TROUBLE)));
        prop_assert_eq!(run.asked[0], 0.0);
        // Timers have a resolution of a millisecond.
        prop_assert!(run.asked.iter().all(|at| *at <= timeout + 0.002));
        prop_assert!(run.ended <= timeout + took + 0.002);
    }
}
