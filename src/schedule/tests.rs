//! Exact lists of pauses with a fixed random source, and what holds for any source.

use proptest::prelude::*;

use super::*;

/// The next pauses of a schedule, in milliseconds.
fn polls(polls: &mut Polls, schedule: &Schedule, random: f64, count: usize) -> Vec<u128> {
    (0..count).map(|_| polls.next(schedule, Duration::ZERO, || random).as_millis()).collect()
}

fn from_new(schedule: Schedule, random: f64, count: usize) -> Vec<u128> {
    polls(&mut Polls::new(&schedule), &schedule, random, count)
}

fn errors(random: f64, count: usize) -> Vec<u128> {
    let mut errors = Errors::FIRST;
    (0..count).map(|_| errors.next(|| random).as_millis()).collect()
}

#[test]
fn the_pauses_between_polls_grow_by_the_multiplier_up_to_the_longest() {
    let pauses = from_new(Schedule::DEFAULT, 0.5, 13);
    assert_eq!(pauses, [1000, 1250, 1562, 1953, 2441, 3051, 3814, 4768, 5960, 7450, 9313, 10000, 10000]);
}

#[test]
fn jitter_spreads_a_pause_by_its_share_both_ways() {
    let schedule = Schedule { multiplier: 1.0, jitter: 0.5, ..Schedule::DEFAULT };
    assert_eq!(from_new(schedule, 0.0, 2), [500, 500]);
    assert_eq!(from_new(schedule, 0.75, 2), [1250, 1250]);
}

#[test]
fn jitter_never_carries_a_pause_over_the_longest() {
    let schedule = Schedule { max: Duration::from_secs(1), ..Schedule::DEFAULT };
    assert_eq!(from_new(schedule, 0.999, 2), [1000, 1000]);
}

#[test]
fn a_longest_pause_below_the_first_one_rules() {
    let schedule = Schedule { max: Duration::from_millis(300), ..Schedule::DEFAULT };
    assert_eq!(from_new(schedule, 0.5, 2), [300, 300]);
}

#[test]
fn the_schedule_goes_on_from_an_age() {
    // The plain polls of the default schedule are at 0, 1, 2.25, 3.8125, 5.765 … seconds.
    let schedule = Schedule::DEFAULT;
    let mut state = Polls::new(&schedule);
    state.skip_to(&schedule, Duration::from_millis(2249));
    assert_eq!(polls(&mut state, &schedule, 0.5, 1), [1250]);
    state.skip_to(&schedule, Duration::from_millis(3813));
    assert_eq!(polls(&mut state, &schedule, 0.5, 1), [1953]);
    state.skip_to(&schedule, Duration::ZERO);
    assert_eq!(polls(&mut state, &schedule, 0.5, 1), [2441], "an age in the past changes nothing");
    state.skip_to(&schedule, Duration::from_secs(3600));
    assert_eq!(polls(&mut state, &schedule, 0.5, 1), [10000]);
}

#[test]
fn an_endless_age_is_skipped_at_once() {
    let flat = Schedule { initial: Duration::from_millis(1), multiplier: 1.0, ..Schedule::DEFAULT };
    let mut state = Polls::new(&flat);
    state.skip_to(&flat, Duration::from_secs(u64::MAX / 2));
    assert_eq!(polls(&mut state, &flat, 0.5, 1), [1]);
}

#[test]
fn the_pauses_after_errors_double_to_thirty_seconds() {
    assert_eq!(errors(1.0, 7), [1000, 2000, 4000, 8000, 16000, 30000, 30000]);
}

#[test]
fn the_pauses_after_errors_have_full_jitter() {
    assert_eq!(errors(0.0, 3), [0, 0, 0]);
    assert_eq!(errors(0.25, 3), [250, 500, 1000]);
}

proptest! {
    #[test]
    fn no_pause_is_ever_over_its_longest(
        initial in 1_u64..100_000, max in 1_u64..100_000, multiplier in 1.0..20.0, jitter in 0.0..=1.0,
        age in 0_u64..10_000_000, seed: u64,
    ) {
        let mut random = fastrand::Rng::with_seed(seed);
        let schedule = Schedule {
            initial: Duration::from_millis(initial), multiplier, max: Duration::from_millis(max), jitter,
            ..Schedule::DEFAULT
        };
        let mut polls = Polls::new(&schedule);
        polls.skip_to(&schedule, Duration::from_millis(age));
        let mut errors = Errors::FIRST;
        for _ in 0..200 {
            prop_assert!(polls.next(&schedule, Duration::ZERO, || random.f64()) <= schedule.max);
            prop_assert!(errors.next(|| random.f64()) <= LONGEST_ERROR_PAUSE);
        }
    }
}
