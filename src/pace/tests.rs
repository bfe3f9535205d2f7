//! In paused time: exact times of turns.

use super::*;

/// The window of a rate of at least one a second.
const WINDOW: f64 = 1.05;

async fn turns(count: usize, turn: impl AsyncFn(usize)) -> Vec<f64> {
    let start = Instant::now();
    let turn = &turn;
    let times = (0..count).map(|number| async move {
        turn(number).await;
        start.elapsed().as_secs_f64()
    });
    futures_util::future::join_all(times).await
}

fn assert_close(times: &[f64], expected: &[f64]) {
    assert_eq!(times.len(), expected.len());
    // Timers have a resolution of a millisecond.
    let close = times.iter().zip(expected).all(|(time, expected)| (expected - 0.0001..expected + 0.003).contains(time));
    assert!(close, "{times:?} is not {expected:?}");
}

fn seconds(count: f64) -> Duration {
    Duration::from_secs_f64(count)
}

#[tokio::test(start_paused = true)]
async fn regular_turns_are_spread_evenly_and_no_second_sees_more_than_the_rate() {
    let pace = Pace::new(3.0);
    let times = turns(8, async |_| pace.turn().await).await;
    assert_close(&times, &[0.0, 0.35, 0.7, 1.05, 1.4, 1.75, 2.1, 2.45]);
}

#[tokio::test(start_paused = true)]
async fn a_rate_with_a_fraction_is_never_exceeded() {
    let pace = Pace::new(1.9);
    assert_close(&turns(2, async |_| pace.turn().await).await, &[0.0, WINDOW]);
}

#[tokio::test(start_paused = true)]
async fn below_one_there_is_one_start_in_so_many_seconds() {
    let pace = Pace::new(0.25);
    assert_close(&turns(3, async |_| pace.turn().await).await, &[0.0, 4.05, 8.1]);
}

#[tokio::test(start_paused = true)]
async fn turns_come_in_order_of_arrival_and_who_leaves_holds_nobody_up() {
    let pace = Pace::new(1.0);
    pace.turn().await;
    let given_up = tokio::time::timeout(seconds(0.5), pace.turn()).await;
    assert!(given_up.is_err());
    assert_close(&turns(2, async |_| pace.turn().await).await, &[WINDOW - 0.5, 2.0 * WINDOW - 0.5]);
}

#[tokio::test(start_paused = true)]
async fn the_last_polls_are_spread_over_the_time_before_the_deadline() {
    let pace = Pace::new(2.0);
    let deadline = Instant::now() + seconds(60.0);
    let seats: Vec<Seat> = (0..5).map(|_| pace.seat(deadline)).collect();
    let early: Vec<f64> = seats.iter().map(|seat| (deadline - seat.last_poll()).as_secs_f64()).collect();
    assert_close(&early, &[0.0, 0.0, WINDOW, WINDOW, 2.0 * WINDOW]);
}

#[tokio::test(start_paused = true)]
async fn who_leaves_gives_its_time_to_those_that_stay() {
    let pace = Pace::new(1.0);
    let deadline = Instant::now() + seconds(60.0);
    let first = pace.seat(deadline);
    let second = pace.seat(deadline);
    assert_close(&[(deadline - second.last_poll()).as_secs_f64()], &[WINDOW]);
    drop(first);
    assert_eq!(second.last_poll(), deadline);
}

#[tokio::test(start_paused = true)]
async fn a_later_deadline_does_not_move_an_earlier_one_that_is_far_enough() {
    let pace = Pace::new(1.0);
    let now = Instant::now();
    let early = pace.seat(now + seconds(10.0));
    let late = pace.seat(now + seconds(20.0));
    let close = pace.seat(now + seconds(20.5));
    assert_eq!(early.last_poll(), now + seconds(10.0));
    assert_eq!(close.last_poll(), now + seconds(20.5));
    assert_close(&[(late.last_poll() - now).as_secs_f64()], &[20.5 - WINDOW]);
}

#[tokio::test(start_paused = true)]
async fn near_the_deadline_a_regular_turn_gives_way_to_the_last_polls() {
    let pace = Pace::new(2.0);
    let deadline = Instant::now() + seconds(10.0);
    let seats = [pace.seat(deadline), pace.seat(deadline)];
    assert_close(&turns(2, async |number| seats[number].turn(true).await).await, &[0.0, 0.525]);
    tokio::time::sleep_until(deadline - seconds(0.8)).await;
    // A regular turn would take a start away that is kept for the deadline, where both can start together.
    assert_close(&turns(2, async |number| seats[number].turn(false).await).await, &[0.8, 0.8]);
}

#[tokio::test(start_paused = true)]
async fn the_first_look_is_at_once_even_if_the_last_one_must_be_left_out() {
    let pace = Pace::new(1.0);
    let seat = pace.seat(Instant::now() + seconds(0.5));
    assert_close(&turns(1, async |_| seat.turn(true).await).await, &[0.0]);
}

#[tokio::test(start_paused = true)]
async fn each_is_looked_at_even_if_the_rate_carries_that_past_the_deadline() {
    let pace = Pace::new(2.0);
    let deadline = Instant::now();
    let seats: Vec<Seat> = (0..5).map(|_| pace.seat(deadline)).collect();
    let mut times = turns(5, async |number| seats[number].turn(true).await).await;
    times.sort_by(f64::total_cmp);
    assert_close(&times, &[0.0, 0.0, WINDOW, WINDOW, 2.0 * WINDOW]);
}

#[tokio::test(start_paused = true)]
async fn a_crowd_with_one_deadline_is_looked_at_in_turn_and_each_has_a_last_poll_in_time() {
    let pace = Pace::new(5.0);
    let start = Instant::now();
    let deadline = start + seconds(30.0);
    let polls = futures_util::future::join_all((0..40).map(|_| async {
        let seat = pace.seat(deadline);
        let mut times = Vec::new();
        loop {
            seat.turn(times.is_empty()).await;
            times.push(start.elapsed().as_secs_f64());
            if Instant::now() >= seat.last_poll() {
                return times;
            }
            tokio::time::sleep(seconds(1.0)).await;
        }
    }))
    .await;
    let mut all: Vec<f64> = polls.iter().flatten().copied().collect();
    all.sort_by(f64::total_cmp);
    assert!(all.windows(6).all(|six| six[5] - six[0] > 1.0), "more than five in a second: {all:?}");
    assert!(polls.iter().all(|times| times[0] < 9.0), "each is looked at in the first round");
    assert!(polls.iter().all(|times| times.len() >= 2 && times[times.len() - 1] > 30.0 - 9.0), "{polls:?}");
    assert!(all[all.len() - 1] < 30.01, "the last of all starts at the deadline, not after: {:?}", all.last());
}
