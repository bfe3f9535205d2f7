//! Outages that many waits meet together.

use super::*;
use crate::engine::Everywhere;

/// How many were asked about from one time until another.
fn asked_between(log: &Log, from: f64, until: f64) -> usize {
    log.lock().unwrap().iter().filter(|(_, at)| (from..until).contains(at)).count()
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_all_costs_a_few_requests_and_nobody_is_given_up() {
    let options = Options { rate: 5.0, max_outage: 90.0, ..LIMITS };
    let (script, log) = options.script(|_, _, at| match at {
        200.0..260.0 => TROUBLE,
        600.0.. => ENDED,
        _ => RUNNING,
    });
    let ends = run_many(options, 500, script).await;
    assert!(ends.values().all(|(end, _)| matches!(end, End::Ended(_))), "{ends:?}");
    // Five that find it out, and then one at a time: after 0.5, 1, 2, 4 s, and then 8 to 10 s each.
    let during = asked_between(&log, 200.0, 260.0);
    assert!((10..=15).contains(&during), "{during}");
    let back = asked_between(&log, 270.0, 280.0);
    assert!((47..=48).contains(&back), "at pace again: {back}");
    let times: Vec<f64> = log.lock().unwrap().iter().map(|(_, at)| *at).collect();
    assert!(times.windows(6).all(|six| six[5] - six[0] > 1.0), "no herd");
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_all_that_is_too_long_ends_all_with_one_last_try_at_its_limit() {
    let options = Options { rate: 5.0, max_outage: 100.0, ..LIMITS };
    let (script, log) = options.script(|_, _, at| if at < 300.0 { RUNNING } else { TROUBLE });
    let ends = run_many(options, 500, script).await;
    let at_limit = |at: &f64| (400.0..400.4).contains(at);
    assert!(ends.values().all(|(end, at)| matches!(end, End::Unreachable) && (390.0..400.4).contains(at)), "{ends:?}");
    // Those that met it themselves count their own pause before it.
    assert!(ends.values().filter(|(_, at)| at_limit(at)).count() >= 470, "{ends:?}");
    assert!(log.lock().unwrap().last().is_some_and(|(_, at)| *at >= 400.0));
}

#[tokio::test(start_paused = true)]
async fn many_with_a_service_that_never_answers_end_after_30_s() {
    let options = Options { rate: 5.0, ..LIMITS };
    let (script, log) = options.script(|_, _, _| TROUBLE);
    let ends = run_many(options, 500, script).await;
    assert!(ends.values().all(|(end, at)| matches!(end, End::Unreachable) && (30.0..30.3).contains(at)), "{ends:?}");
    assert!(log.lock().unwrap().len() < 20);
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_all_at_the_deadline_ends_them_within_five_seconds_of_it() {
    let options = Options { rate: 5.0, timeout: 100.0, took: 4.0, ..LIMITS };
    let (script, _) = options.script(|_, _, at| if at < 60.0 { RUNNING } else { TROUBLE });
    let ends = run_many(options, 300, script).await;
    assert_eq!(ends.len(), 300);
    // Of those that were never seen, the patience is over before.
    let is_right = |(end, at): &(End<_, _>, f64)| match end {
        End::OutOfTime => (100.0..105.1).contains(at),
        End::Unreachable => (90.0..105.1).contains(at),
        _ => false,
    };
    assert!(ends.values().all(is_right), "{ends:?}");
    assert!(ends.values().filter(|(end, _)| matches!(end, End::OutOfTime)).count() > 250);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_had_no_turn_for_long_is_not_in_an_outage_at_its_first_failure() {
    // Each has a turn in 105 s only, which is more than the outage may last.
    let options = Options { rate: 1.0, max_outage: 60.0, ..LIMITS };
    let (script, _) = options.script(|id, before, at| match at {
        900.0.. => ENDED,
        _ if id == "7" && before == 2 => TROUBLE,
        _ => RUNNING,
    });
    let ends = run_many(options, 100, script).await;
    assert!(ends.values().all(|(end, _)| matches!(end, End::Ended(_))), "{ends:?}");
}

#[tokio::test(start_paused = true)]
async fn a_last_try_goes_before_a_retry_after_that_holds_all_others() {
    let run = run(LIMITS, then_forever(vec![], (Answer::Throttled("429", None), 40))).await;
    // 30 s and 40 s of patience.
    assert_eq!(run.asked, [0.0, 40.0, 70.0]);
    assert!(matches!(run.end, End::Unreachable));
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_asked_at_all_ends_five_seconds_after_the_deadline() {
    let options = Options { timeout: 20.0, rate: 5.0, ..LIMITS };
    let (script, _) = options.script(|_, _, _| TROUBLE);
    let in_outage = run_many(options, 300, script).await;
    let (mut script, log) = options.script(|_, _, _| RUNNING);
    script.is_busy = true;
    let blocked = run_many(options, 3, script).await;
    assert_eq!(log.lock().unwrap().len(), 0);
    for ends in [in_outage, blocked] {
        let is_right = |(end, at): &(End<_, _>, f64)| matches!(end, End::Unreachable) && (20.0..25.1).contains(at);
        assert!(ends.values().all(is_right), "{ends:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_had_no_turn_for_long_is_not_in_an_outage_at_its_second_failure() {
    let options = Options { rate: 1.0, max_outage: 60.0, ..LIMITS };
    let (script, _) = options.script(|id, before, at| match at {
        900.0.. => ENDED,
        _ if (id == "7" && before < 2) || (id == "8" && (1..3).contains(&before)) => TROUBLE,
        _ => RUNNING,
    });
    let ends = run_many(options, 100, script).await;
    assert!(ends.values().all(|(end, _)| matches!(end, End::Ended(_))), "{ends:?}");
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_a_service_that_answered_is_borne_by_those_that_were_never_seen_too() {
    // It takes 300 s until each has had a turn.
    let options = Options { rate: 2.0, ..LIMITS };
    let (script, _) = options.script(|_, _, at| match at {
        100.0..160.0 => TROUBLE,
        900.0.. => ENDED,
        _ => RUNNING,
    });
    let ends = run_many(options, 600, script).await;
    assert!(ends.values().all(|(end, _)| matches!(end, End::Ended(_))), "{ends:?}");
}

#[tokio::test(start_paused = true)]
async fn an_outage_ends_waits_that_are_made_apart_at_its_limit_too() {
    let options = Options { rate: 5.0, max_outage: 60.0, ..LIMITS };
    let pace = options.pace();
    let waits = (0..20).map(|_| {
        let (script, _) = options.script(|_, _, at| if at < 100.0 { RUNNING } else { TROUBLE });
        follow(Fleet::new(script, options.rules(Instant::now()), &pace, ids(1)))
    });
    let ends = futures_util::future::join_all(waits).await;
    assert!(
        ends.iter()
            .flat_map(Ends::values)
            .all(|(end, at)| matches!(end, End::Unreachable) && (150.0..165.0).contains(at)),
        "{ends:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_begins_in_an_outage_has_all_of_its_patience() {
    let options = Options { rate: 5.0, ..LIMITS };
    let pace = options.pace();
    let fleet =
        |count| Fleet::new(options.script(|_, _, _| TROUBLE).0, options.rules(Instant::now()), &pace, ids(count));
    let early = follow(fleet(20)).await;
    assert!(early.values().all(|(end, at)| matches!(end, End::Unreachable) && (30.0..30.3).contains(at)), "{early:?}");
    let late = follow(fleet(20)).await;
    assert!(late.values().all(|(end, at)| matches!(end, End::Unreachable) && (30.0..40.3).contains(at)), "{late:?}");
}

#[tokio::test(start_paused = true)]
async fn the_last_try_in_an_outage_is_put_off_if_the_outage_is_over_by_then() {
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    let rules = LIMITS.rules(start);
    let everywhere = Some(Everywhere { since: start, was_there: false });
    let mut engine = Engine::<&str, &str>::new(&rules, at(31));
    let retry_after = Some(Duration::from_secs(119));
    let reply = Reply { asked_at: Some(at(31)), answer: Answer::Unusable("503"), retry_after };
    engine.judge(&rules, reply, everywhere, at(31));
    assert!(engine.is_last_try && engine.due == at(149), "30 s and 119 s after the beginning");
    assert!(!engine.put_off(&rules, everywhere), "the outage lasts");
    assert!(engine.put_off(&rules, None) && !engine.is_last_try && engine.due == at(150), "what was asked for holds");
}
