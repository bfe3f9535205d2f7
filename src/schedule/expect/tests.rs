//! What an expected length brings and what it costs if it is wrong, in numbers: jobs spread evenly by ±20 %, with a seed.

use proptest::prelude::*;

use super::*;

/// Mean lateness in seconds and the mean number of requests, of jobs around this length.
fn figures(schedule: &Schedule, length: f64) -> [f64; 2] {
    let mut random = fastrand::Rng::with_seed(2026);
    let [first, last] = [0.8 * length, 1.2 * length];
    let runs = if length < 1000.0 { 40 } else { 4 };
    let mut sums = [0.0; 2];
    for _ in 0..runs {
        let (mut polls, mut age, mut asked) = (Polls::new(schedule), Duration::ZERO, 1.0);
        while age.as_secs_f64() < last {
            let before = age.as_secs_f64();
            age += polls.next(schedule, age, || random.f64());
            asked += 1.0;
            let at = age.as_secs_f64();
            // What ends between both is seen at the second one.
            let [from, until] = [before.max(first), at.min(last)];
            if from < until {
                sums[0] += (until - from) * (at - (from + until) / 2.0);
                sums[1] += (until - from) * asked;
            }
        }
    }
    sums.map(|sum| sum / (f64::from(runs) * (last - first)))
}

/// Both figures beside those of the default schedule, of jobs of `length` where `expected` is expected.
fn ratios(expected: f64, length: f64) -> [f64; 2] {
    let [late, requests] = figures(&expecting(expected), length);
    let [default_late, default_requests] = figures(&Schedule::DEFAULT, length);
    [late / default_late, requests / default_requests]
}

fn expecting(seconds: f64) -> Schedule {
    Schedule::DEFAULT.expecting(Some(Duration::from_secs_f64(seconds)))
}

/// Lengths from `least` to `most`, each a tenth longer.
fn lengths(least: f64, most: f64) -> impl Iterator<Item = f64> {
    std::iter::successors(Some(least), |length| Some(length * 1.1)).take_while(move |length| *length <= most)
}

#[test]
fn of_what_takes_about_as_long_six_requests_in_ten_see_the_end_about_half_as_late() {
    for length in lengths(600.0, 15_000.0) {
        let [late, requests] = ratios(length, length);
        assert!(late < 0.57 && requests < 0.62, "{length}: {late} {requests}");
    }
}

#[test]
fn of_what_is_short_there_are_too_few_requests_to_be_halved_but_both_figures_are_better() {
    for length in lengths(3.0, 600.0) {
        let [late, requests] = ratios(length, length);
        assert!(late < 0.9 && requests < 0.9, "{length}: {late} {requests}");
    }
}

#[test]
fn what_takes_a_tenth_or_less_or_ten_times_as_long_is_seen_at_most_twice_as_late() {
    for expected in lengths(1.0, 15_000.0) {
        for share in [10.0, 20.0, 40.0] {
            let [early, _] = ratios(expected, expected / share);
            assert!(early <= 2.0, "{expected} / {share}: {early}");
        }
        if expected < 1500.0 {
            let [late, requests] = ratios(expected, expected * 10.0);
            assert!(late < 1.2 && requests < 1.2, "{expected}: {late} {requests}");
        }
    }
}

#[test]
fn what_ends_at_once_is_seen_almost_as_soon() {
    for expected in lengths(60.0, 15_000.0) {
        assert!(ratios(expected, 1.0)[0] <= 1.05 && ratios(expected, 5.0)[0] <= 2.0, "{expected}");
    }
}

#[test]
fn the_pauses_grow_with_the_age_shrink_around_the_length_and_are_then_those_of_the_default() {
    let schedule = expecting(7200.0);
    let pause_at = |age: u64| {
        let mut polls = Polls::new(&schedule);
        polls.next(&schedule, Duration::from_secs(age), || 0.5).as_secs_f64()
    };
    let pauses = [0, 10, 60, 720, 3600, 5760, 6480, 7200, 7920, 8640, 10_800].map(pause_at);
    let rounded = pauses.map(|pause| (pause * 10.0).round() / 10.0);
    assert_eq!(rounded, [1.0, 4.8, 17.7, 17.7, 88.2, 12.5, 6.3, 4.0, 3.3, 3.3, 8.9]);
    assert_eq!(pause_at(14_400), 10.0);
    assert_eq!(pause_at(u64::MAX / 2), 10.0);
}

#[test]
fn the_pauses_are_measured_by_those_of_the_schedule_without_it() {
    let seconds = |pause| Duration::from_secs(pause);
    let flat = Schedule { initial: seconds(60), max: seconds(60), ..Schedule::DEFAULT };
    let schedule = flat.expecting(Some(seconds(7200)));
    let pause_at = |age| Polls::new(&schedule).next(&schedule, seconds(age), || 0.5);
    assert_eq!((pause_at(0), pause_at(14_400)), (seconds(60), seconds(60)));
    assert!(pause_at(3600) > seconds(200) && (seconds(20)..seconds(30)).contains(&pause_at(7200)));
}

#[test]
fn a_length_that_is_next_to_nothing_leaves_the_default() {
    let schedule = expecting(0.001);
    let mut polls = Polls::new(&schedule);
    let pauses = [0, 1000, 2250].map(|age| polls.next(&schedule, Duration::from_millis(age), || 0.5).as_millis());
    assert!(pauses[0] <= 1000 && pauses[1..] == [1250, 1562], "{pauses:?}");
}

#[test]
fn a_pause_is_never_so_short_that_it_is_none() {
    let millisecond = Duration::from_millis(1);
    let flat = Schedule { initial: millisecond, max: millisecond, ..Schedule::DEFAULT };
    let schedule = flat.expecting(Some(Duration::from_secs(1)));
    assert_eq!(Polls::new(&schedule).next(&schedule, Duration::from_secs(1), || 0.5), millisecond);
}

proptest! {
    #[test]
    fn no_pause_is_ever_over_the_longest(
        initial in 1_u64..100_000, max in 1_u64..100_000, multiplier in 1.01..20.0, jitter in 0.0..=1.0,
        length in 1_u64..100_000_000, share in 0.0..3.0, random in 0.0..1.0,
    ) {
        let [initial, max, length] = [initial, max, length].map(Duration::from_millis);
        let schedule =
            Schedule { initial, multiplier, max, jitter, ..Schedule::DEFAULT }.expecting(Some(length));
        let pause = Polls::new(&schedule).next(&schedule, length.mul_f64(share), || random);
        prop_assert!(pause <= schedule.longest().mul_f64(1.001), "{:?} > {:?}", pause, schedule.longest());
    }
}
