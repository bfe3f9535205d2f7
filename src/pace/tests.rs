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

fn go(room: bool) -> Admission<()> {
    if room { Admission::Go(()) } else { Admission::NoRoom }
}

async fn turn(pace: &Pace) {
    assert!(matches!(pace.turn(go).await, Turn::Go(())));
}

async fn take(seat: &Seat, asked: Option<Instant>) {
    assert!(matches!(seat.turn(asked, go).await, Turn::Go(())));
}

fn seconds(count: f64) -> Duration {
    Duration::from_secs_f64(count)
}

#[tokio::test(start_paused = true)]
async fn regular_turns_are_spread_evenly_and_no_second_sees_more_than_the_rate() {
    let pace = Pace::new(3.0);
    let times = turns(8, async |_| turn(&pace).await).await;
    assert_close(&times, &[0.0, 0.35, 0.7, 1.05, 1.4, 1.75, 2.1, 2.45]);
}

#[tokio::test(start_paused = true)]
async fn a_rate_with_a_fraction_is_never_exceeded() {
    let pace = Pace::new(1.9);
    assert_close(&turns(2, async |_| turn(&pace).await).await, &[0.0, WINDOW]);
}

#[tokio::test(start_paused = true)]
async fn below_one_there_is_one_start_in_so_many_seconds() {
    let pace = Pace::new(0.25);
    assert_close(&turns(3, async |_| turn(&pace).await).await, &[0.0, 4.05, 8.1]);
}

#[tokio::test(start_paused = true)]
async fn turns_come_in_order_of_arrival_and_who_leaves_holds_nobody_up() {
    let pace = Pace::new(1.0);
    turn(&pace).await;
    let given_up = tokio::time::timeout(seconds(0.5), turn(&pace)).await;
    assert!(given_up.is_err());
    assert_close(&turns(2, async |_| turn(&pace).await).await, &[WINDOW - 0.5, 2.0 * WINDOW - 0.5]);
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
    assert_close(&turns(2, async |number| take(&seats[number], None).await).await, &[0.0, 0.525]);
    let asked = Some(Instant::now());
    sleep_until(deadline - seconds(0.8)).await;
    // A regular turn would take a start away that is kept for the deadline, where both can start together.
    assert_close(&turns(2, async |number| take(&seats[number], asked).await).await, &[0.8, 0.8]);
}

#[tokio::test(start_paused = true)]
async fn the_first_look_is_at_once_even_if_the_last_one_must_be_left_out() {
    let pace = Pace::new(1.0);
    let seat = pace.seat(Instant::now() + seconds(0.5));
    assert_close(&turns(1, async |_| take(&seat, None).await).await, &[0.0]);
}

#[tokio::test(start_paused = true)]
async fn each_is_looked_at_even_if_the_rate_carries_that_past_the_deadline() {
    let pace = Pace::new(2.0);
    let deadline = Instant::now();
    let seats: Vec<Seat> = (0..5).map(|_| pace.seat(deadline)).collect();
    let mut times = turns(5, async |number| take(&seats[number], None).await).await;
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
        let (mut times, mut asked) = (Vec::new(), None);
        while let Turn::Go(()) = seat.turn(asked, go).await {
            asked = Some(Instant::now());
            times.push(start.elapsed().as_secs_f64());
            let due = Instant::now() + seconds(1.0);
            if due >= deadline && Instant::now() >= seat.last_poll() {
                break;
            }
            sleep_until(due.min(seat.last_poll())).await;
        }
        sleep_until(deadline).await;
        times
    }))
    .await;
    let mut all: Vec<f64> = polls.iter().flatten().copied().collect();
    all.sort_by(f64::total_cmp);
    assert!(all.windows(6).all(|six| six[5] - six[0] > 1.0), "more than five in a second: {all:?}");
    assert!(polls.iter().all(|times| times[0] < 9.0), "each is looked at in the first round");
    assert!(polls.iter().all(|times| times.len() >= 2 && times[times.len() - 1] > 30.0 - 9.0), "{polls:?}");
    assert!(all[all.len() - 1] < 30.01, "the last of all starts at the deadline, not after: {:?}", all.last());
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_is_refused_for_the_sake_of_others_comes_as_soon_as_they_are_through() {
    let pace = Pace::new(1.0);
    let start = Instant::now();
    let _soon_over = pace.seat(start + seconds(0.5));
    let patient = pace.seat(start + seconds(1800.0));
    assert_close(&turns(1, async |_| take(&patient, None).await).await, &[WINDOW]);
}

#[tokio::test(start_paused = true)]
async fn who_is_not_polled_any_more_holds_nobody_up() {
    let pace = Pace::new(1.0);
    turn(&pace).await;
    let mut forgotten = std::pin::pin!(turn(&pace));
    assert!(tokio::time::timeout(Duration::ZERO, &mut forgotten).await.is_err());
    // One place is lost where it would have gone.
    assert_close(&turns(2, async |_| turn(&pace).await).await, &[2.0 * WINDOW, 3.0 * WINDOW]);
    forgotten.await;
}

#[tokio::test(start_paused = true)]
async fn when_others_end_the_time_that_was_kept_for_them_is_used_and_nobody_asks_after_the_deadline() {
    let pace = Pace::new(2.0);
    let start = Instant::now();
    let deadline = start + seconds(10.0);
    let mut seats: Vec<Seat> = (0..12).map(|_| pace.seat(deadline)).collect();
    let early = seats.pop().unwrap();
    assert!(early.last_poll() < deadline - seconds(5.0));
    let asked = Some(early.last_poll());
    sleep_until(early.last_poll()).await;
    drop(seats);
    assert!(matches!(early.turn(asked, go).await, Turn::Go(())), "a regular turn, now that there is room");
    let asked = Some(Instant::now());
    sleep_until(deadline - seconds(0.2)).await;
    assert!(matches!(early.turn(asked, go).await, Turn::Go(())));
    assert!(matches!(early.turn(Some(deadline), go).await, Turn::TooLate));
    assert_eq!(Instant::now(), deadline);
}

#[tokio::test(start_paused = true)]
async fn what_is_busy_otherwise_is_told_and_costs_no_turn() {
    let pace = Pace::new(1.0);
    let seat = pace.seat(Instant::now() + seconds(60.0));
    let busy = |_| Admission::<()>::Busy;
    assert!(matches!(seat.turn(None, busy).await, Turn::Busy));
    assert!(matches!(pace.turn(busy).await, Turn::Busy));
    assert_close(&turns(1, async |_| take(&seat, None).await).await, &[0.0]);
}
