//! Unusable answers: their own backoff, how long they are borne, and `Retry-After`.

use super::*;
use crate::engine::Everywhere;

#[tokio::test(start_paused = true)]
async fn errors_have_their_own_backoff_which_a_usable_answer_resets() {
    let replies = [TROUBLE, TROUBLE, TROUBLE, RUNNING, RUNNING, TROUBLE, TROUBLE, ENDED];
    let run = run(LIMITS, replies).await;
    // 0.5, 1 and 2 s after errors; 1 and 2 s of the schedule, which errors do not move; 0.5 and 1 s again.
    assert_eq!(run.asked, [0.0, 0.5, 1.5, 3.5, 4.5, 6.5, 7.0, 8.0]);
}

#[tokio::test(start_paused = true)]
async fn an_outage_before_the_first_usable_answer_ends_after_30_s_with_a_last_try_at_the_limit() {
    let run = run(LIMITS, then_forever(vec![], TROUBLE)).await;
    assert_eq!(run.asked, [0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 30.0]);
    assert!(matches!(run.end, End::Unreachable));
    assert_eq!(run.ended, 30.0);
}

#[tokio::test(start_paused = true)]
async fn a_shorter_outage_limit_holds_before_the_first_usable_answer_too() {
    let run = run(Options { max_outage: 2.0, ..LIMITS }, then_forever(vec![], TROUBLE)).await;
    assert_eq!(run.asked, [0.0, 0.5, 1.5, 2.0]);
    assert!(matches!(run.end, End::Unreachable));
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_lengthens_the_patience_before_the_first_usable_answer() {
    let run = run(LIMITS, then_forever(vec![], (Answer::Unusable("503"), 40))).await;
    // 30 s and 40 s; the last try goes before what Retry-After asks for.
    assert_eq!(run.asked, [0.0, 40.0, 70.0]);
    assert!(matches!(run.end, End::Unreachable));
}

#[tokio::test(start_paused = true)]
async fn an_outage_after_a_usable_answer_is_counted_from_that() {
    let run = run(Options { max_outage: 5.0, ..LIMITS }, then_forever(vec![RUNNING, RUNNING], TROUBLE)).await;
    assert_eq!(run.asked, [0.0, 1.0, 3.0, 3.5, 4.5, 6.0]);
    assert!(matches!(run.end, End::Unreachable));
}

#[tokio::test(start_paused = true)]
async fn past_the_deadline_the_deadline_decides_not_the_outage() {
    let seen =
        run(Options { timeout: 8.0, max_outage: 7.0, ..LIMITS }, then_forever(vec![RUNNING, RUNNING], TROUBLE)).await;
    assert_eq!(seen.asked.last(), Some(&8.0));
    assert!(matches!(seen.end, End::OutOfTime));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_without_one_usable_answer_is_unreachable() {
    let run = run(Options { timeout: 2.0, ..LIMITS }, then_forever(vec![], TROUBLE)).await;
    assert_eq!(run.asked, [0.0, 0.5, 1.5, 2.0]);
    assert!(matches!(run.end, End::Unreachable));
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_a_lower_bound_on_any_pause() {
    let usable = (Answer::Unfinished("running", None), 7);
    let shorter = (Answer::Unfinished("running", None), 1);
    let run = run(LIMITS, [usable, (Answer::Unusable("503"), 9), shorter, ENDED]).await;
    assert_eq!(run.asked, [0.0, 7.0, 16.0, 18.0]);
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_cut_at_two_minutes() {
    let run = run(LIMITS, [(Answer::Unfinished("running", None), 3600), ENDED]).await;
    assert_eq!(run.asked, [0.0, 120.0]);
}

#[tokio::test(start_paused = true)]
async fn the_last_poll_at_the_deadline_goes_before_retry_after() {
    let run = run(Options { timeout: 10.0, ..LIMITS }, [(Answer::Unusable("503"), 60), ENDED]).await;
    assert_eq!(run.asked, [0.0, 10.0]);
    assert!(matches!(run.end, End::Ended(_)));
}

#[tokio::test(start_paused = true)]
async fn a_pause_as_long_as_the_limit_is_no_outage() {
    let options = Options { max_outage: 5.0, ..LIMITS };
    let hiccup = run(options, [RUNNING, RUNNING, RUNNING, RUNNING, TROUBLE, ENDED]).await;
    assert_eq!(hiccup.asked, [0.0, 1.0, 3.0, 7.0, 15.0, 15.5], "the pause of 8 s was the schedule's");
    assert!(matches!(hiccup.end, End::Ended(_)));
    let outage = run(options, then_forever(vec![RUNNING, RUNNING, RUNNING, RUNNING], TROUBLE)).await;
    assert_eq!(outage.asked, [0.0, 1.0, 3.0, 7.0, 15.0, 15.5]);
    assert!(matches!(outage.end, End::Unreachable));
}

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
