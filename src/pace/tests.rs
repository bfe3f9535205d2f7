//! In paused time: exact times of turns.

mod answers;

use super::*;
use crate::engine::Everywhere;

/// The window of a rate of at least one a second.
const WINDOW: f64 = 1.05;

/// When so many turns come that are taken side by side.
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

async fn turn(pace: &Arc<Pace>) {
    assert!(pace.turn(go).await.is_some());
}

fn pace(rate: f64) -> Arc<Pace> {
    Pace::new(rate, || 0.5)
}

fn seat(pace: &Arc<Pace>, deadline: Instant, waits: usize) -> Seat {
    pace.seat(deadline, waits, [seconds(30.0), seconds(600.0)])
}

/// Waits for a regular turn of what is due at `due`.
async fn regular(seat: &mut Seat, due: Instant, is_first_look: bool) -> Option<Probe> {
    loop {
        match seat.regular(due, Instant::now(), is_first_look, go) {
            Attempt::Go((), probe) => return probe,
            Attempt::Later(at) => sleep_until(at).await,
            Attempt::Busy => panic!("nothing is in the way"),
        }
    }
}

async fn urgent(seat: &mut Seat) {
    let due = Instant::now();
    while let Attempt::Later(at) = seat.urgent(due, Instant::now(), go) {
        sleep_until(at).await;
    }
}

fn seconds(count: f64) -> Duration {
    Duration::from_secs_f64(count)
}

#[tokio::test(start_paused = true)]
async fn regular_turns_are_spread_evenly_and_no_second_sees_more_than_the_rate() {
    let pace = pace(3.0);
    let times = turns(8, async |_| turn(&pace).await).await;
    assert_close(&times, &[0.0, 0.35, 0.7, 1.05, 1.4, 1.75, 2.1, 2.45]);
}

#[tokio::test(start_paused = true)]
async fn a_rate_with_a_fraction_is_never_exceeded() {
    let pace = pace(1.9);
    assert_close(&turns(2, async |_| turn(&pace).await).await, &[0.0, WINDOW]);
}

#[tokio::test(start_paused = true)]
async fn below_one_there_is_one_start_in_so_many_seconds() {
    let pace = pace(0.25);
    assert_close(&turns(3, async |_| turn(&pace).await).await, &[0.0, 4.05, 8.1]);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_longest_overdue_goes_first_and_who_leaves_holds_nobody_up() {
    let pace = pace(1.0);
    turn(&pace).await;
    let given_up = tokio::time::timeout(seconds(0.5), turn(&pace)).await;
    assert!(given_up.is_err());
    let (now, far) = (Instant::now(), Instant::now() + seconds(1800.0));
    let times = turns(3, async |number| {
        let due = now - Duration::from_millis([200, 300, 100][number]);
        regular(&mut seat(&pace, far, 1), due, false).await;
    });
    assert_close(&times.await, &[2.0 * WINDOW - 0.5, WINDOW - 0.5, 3.0 * WINDOW - 0.5]);
}

#[tokio::test(start_paused = true)]
async fn the_last_polls_are_spread_over_the_time_before_the_deadline() {
    let pace = pace(2.0);
    let deadline = Instant::now() + seconds(60.0);
    let begin = |seat: &Seat, polls| (deadline - seat.last_polls_begin(polls, Instant::now())).as_secs_f64();
    let crowd = seat(&pace, deadline, 4);
    let single = seat(&pace, deadline, 1);
    assert_close(&[begin(&crowd, 4), begin(&single, 1)], &[WINDOW, 2.0 * WINDOW]);
    // Who leaves gives its time to those that stay.
    crowd.set_last_polls(1);
    assert_close(&[begin(&crowd, 1), begin(&single, 1)], &[0.0, 0.0]);
    drop(crowd);
    assert_close(&[begin(&single, 3)], &[WINDOW]);
}

#[tokio::test(start_paused = true)]
async fn only_deadlines_within_a_window_share_a_round_of_last_polls() {
    let (now, window) = (Instant::now(), seconds(WINDOW));
    let latest = now + seconds(60.0);
    for (before, earlier) in [(2 * window, Duration::ZERO), (window, Duration::ZERO), (window / 2, window)] {
        let mut plan = Plan::new(2, window);
        assert_eq!(plan.place(latest, 1, now), (latest, 0));
        let deadline = latest - before;
        assert_eq!(plan.place(deadline, 2, now), (deadline - earlier, 0), "{before:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn near_the_deadline_a_regular_turn_gives_way_to_the_last_polls() {
    for waits in [1, 2] {
        let pace = pace(2.0);
        let deadline = Instant::now() + seconds(10.0);
        let _seat = seat(&pace, deadline, waits);
        sleep_until(deadline - seconds(0.8)).await;
        // One more regular turn would take a start away that is kept for the deadline.
        let times = turns(3 - waits, async |_| turn(&pace).await).await;
        let (last, others) = times.split_last().unwrap();
        assert!(*last > 0.8 && others.iter().all(|at| *at < 0.01), "{times:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_look_does_not_give_way_to_the_last_one() {
    let pace = pace(1.0);
    let now = Instant::now();
    let mut seat = seat(&pace, now + seconds(0.5), 1);
    assert_close(&turns(1, async |_| turn(&pace).await).await, &[WINDOW]);
    assert!(matches!(seat.regular(now, Instant::now() + seconds(WINDOW), true, go), Attempt::Go((), None)));
}

#[tokio::test(start_paused = true)]
async fn a_last_poll_that_the_rate_holds_up_goes_before_regular_turns_that_were_due_later() {
    let pace = pace(1.0);
    turn(&pace).await;
    let now = Instant::now();
    let [mut last, mut other] = [0.0, 900.0].map(|timeout| seat(&pace, now + seconds(timeout), 1));
    let regular = async {
        regular(&mut other, now + seconds(0.1), false).await;
        now.elapsed().as_secs_f64()
    };
    let urgent = async {
        urgent(&mut last).await;
        now.elapsed().as_secs_f64()
    };
    let (regular, urgent) = futures_util::future::join(regular, urgent).await;
    assert_close(&[urgent, regular], &[WINDOW, 2.0 * WINDOW]);
}

#[tokio::test(start_paused = true)]
async fn last_polls_start_together_as_far_as_the_rate_allows() {
    let pace = pace(2.0);
    let deadline = Instant::now();
    let times = turns(5, async |_| urgent(&mut seat(&pace, deadline, 1)).await).await;
    assert_close(&times, &[0.0, 0.0, WINDOW, WINDOW, 2.0 * WINDOW]);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_come_when_it_could_loses_its_place_and_holds_nobody_up() {
    let pace = pace(1.0);
    turn(&pace).await;
    let mut forgotten = std::pin::pin!(turn(&pace));
    assert!(tokio::time::timeout(Duration::ZERO, &mut forgotten).await.is_err());
    // One place is lost where it would have gone.
    assert_close(&turns(2, async |_| turn(&pace).await).await, &[2.0 * WINDOW, 3.0 * WINDOW]);
    forgotten.await;
}

#[tokio::test(start_paused = true)]
async fn what_is_busy_otherwise_is_told_and_costs_no_turn() {
    let pace = pace(1.0);
    let mut seat = seat(&pace, Instant::now() + seconds(60.0), 1);
    let busy = |_| Admission::<()>::Busy;
    assert!(matches!(seat.regular(Instant::now(), Instant::now(), true, busy), Attempt::Busy));
    assert!(matches!(seat.urgent(Instant::now(), Instant::now(), busy), Attempt::Busy));
    assert!(pace.turn(busy).await.is_none());
    assert_close(&turns(1, async |_| turn(&pace).await).await, &[0.0]);
}
