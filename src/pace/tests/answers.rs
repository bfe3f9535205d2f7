//! What answers do to the pace: too many requests, and outages.

use super::*;

const UNUSABLE: Signal = Signal::Unusable { is_first: true };

#[tokio::test(start_paused = true)]
async fn a_throttled_answer_slows_all_and_a_retry_after_holds_regular_turns_but_no_last_ones() {
    let pace = pace(4.0);
    let start = Instant::now();
    let mut seat = seat(&pace, start + seconds(60.0), 1);
    turn(&pace).await;
    pace.note(start, Signal::Throttled { told: None }, Some(seconds(10.0)));
    urgent(&mut seat).await;
    assert!(start.elapsed() < seconds(1.0));
    turn(&pace).await;
    assert_close(&[start.elapsed().as_secs_f64()], &[10.0]);
    turn(&pace).await;
    // Half of the rate, and a little more for the ten seconds.
    assert_close(&[start.elapsed().as_secs_f64()], &[10.477]);
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_of_an_unusable_answer_slows_all_but_holds_none() {
    let pace = pace(1.0);
    let start = Instant::now();
    turn(&pace).await;
    pace.note(start, Signal::Unusable { is_first: true }, Some(seconds(100.0)));
    turn(&pace).await;
    assert!((2.0..2.1).contains(&start.elapsed().as_secs_f64()), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn in_an_outage_one_request_at_a_time_finds_out_whether_it_is_over() {
    let pace = pace(10.0);
    let start = Instant::now();
    let mut seat = seat(&pace, start + seconds(900.0), 5);
    for _ in 0..5 {
        assert!(regular(&mut seat, start, false).await.is_none());
        pace.note(Instant::now(), UNUSABLE, None);
    }
    let everywhere = Everywhere { since: start, was_there: false };
    assert_eq!(seat.outage(), Some((everywhere, Instant::now())));
    let begun = Instant::now();
    let probe = regular(&mut seat, start, false).await.expect("a probe");
    // The first pause is half a second, with half of the jitter.
    assert_close(&[begun.elapsed().as_secs_f64()], &[0.5]);
    assert!(tokio::time::timeout(seconds(55.0), turn(&pace)).await.is_err(), "nobody else, as long as it is asked");
    pace.note(Instant::now(), UNUSABLE, None);
    drop(probe);
    let failed = Instant::now();
    let probe = regular(&mut seat, start, false).await.expect("another probe");
    assert_close(&[failed.elapsed().as_secs_f64()], &[1.0]);
    pace.note(Instant::now(), Signal::Answered, None);
    drop(probe);
    assert_eq!(seat.outage(), None);
    assert!(regular(&mut seat, start, false).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_probe_of_a_wait_that_is_not_polled_any_more_holds_nobody_up_for_ever() {
    let pace = pace(10.0);
    let start = Instant::now();
    for _ in 0..5 {
        pace.note(start, UNUSABLE, None);
    }
    let mut seat = seat(&pace, start + seconds(900.0), 2);
    let _forgotten = regular(&mut seat, start, false).await.expect("a probe");
    let made = Instant::now();
    turn(&pace).await;
    assert_close(&[made.elapsed().as_secs_f64()], &[60.0]);
}

#[tokio::test(start_paused = true)]
async fn in_an_outage_too_whoever_is_longest_overdue_goes_first() {
    let pace = pace(10.0);
    let start = Instant::now();
    for _ in 0..5 {
        pace.note(start, UNUSABLE, None);
    }
    let asked = turns(2, async |number| {
        let due = [start + seconds(0.1), start][number];
        drop(regular(&mut seat(&pace, start + seconds(900.0), 1), due, false).await.expect("a probe"));
    });
    assert_close(&asked.await, &[0.605, 0.5]);
}

#[tokio::test(start_paused = true)]
async fn failures_of_one_wait_or_with_answers_in_between_are_no_outage() {
    let pace = pace(10.0);
    let seat = seat(&pace, Instant::now() + seconds(900.0), 5);
    for number in 0..20 {
        pace.note(Instant::now(), Signal::Unusable { is_first: number == 0 }, None);
    }
    for _ in 0..3 {
        pace.note(Instant::now(), UNUSABLE, None);
    }
    assert_eq!(seat.outage(), None);
    pace.note(Instant::now(), Signal::Answered, None);
    for _ in 0..4 {
        pace.note(Instant::now(), UNUSABLE, None);
    }
    assert_eq!(seat.outage(), None);
}

#[tokio::test(start_paused = true)]
async fn in_an_outage_the_last_try_is_made_when_the_patience_ends() {
    let pace = pace(10.0);
    let start = Instant::now();
    let mut seat = pace.seat(start + seconds(900.0), 5, [seconds(3.0), seconds(100.0)]);
    for _ in 0..5 {
        pace.note(start, UNUSABLE, Some(seconds(60.0)));
    }
    for expected in [3.0, 63.0, 100.0] {
        drop(regular(&mut seat, start, false).await.expect("a probe"));
        assert_close(&[start.elapsed().as_secs_f64()], &[expected]);
        pace.note(Instant::now(), UNUSABLE, Some(seconds(60.0)));
    }
}
