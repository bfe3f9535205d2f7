//! Outages that many waits meet together.

use std::collections::BTreeMap;

use super::*;
use crate::engine::Everywhere;

/// When something was asked from one time until another, in milliseconds.
fn asked_between(log: &Log, from: f64, until: f64) -> Vec<u64> {
    log.lock().unwrap().iter().filter(|(_, at)| (from..until).contains(at)).map(|(_, at)| millis(*at)).collect()
}

fn millis(at: f64) -> u64 {
    (at * 1000.0).round() as u64
}

/// How many ended in which way, and when, in milliseconds.
fn counts<'a>(ends: impl IntoIterator<Item = &'a Ends>) -> Vec<(&'static str, u64, usize)> {
    let mut counts = BTreeMap::new();
    for (end, at) in ends.into_iter().flat_map(Ends::values) {
        let way = match end {
            End::OutOfTime => "out of time",
            End::Unreachable => "unreachable",
            other => panic!("{other:?}"),
        };
        *counts.entry((way, millis(*at))).or_default() += 1;
    }
    counts.into_iter().map(|((way, at), count)| (way, at, count)).collect()
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
    // Five that find it out, and then one at a time: after 0.5, 1, 2, 4, 8 s and then 10 s each, and when a patience of 30 s
    // would be over.
    let found = [200_130, 200_340, 200_550, 200_760, 200_970];
    let probed = [201_470, 202_470, 204_470, 208_470, 216_470, 226_470, 230_130, 240_130, 250_130];
    assert_eq!(asked_between(&log, 200.0, 260.0), [&found[..], &probed].concat());
    assert_eq!(asked_between(&log, 270.0, 280.0).len(), 47, "at pace again");
    let times: Vec<f64> = log.lock().unwrap().iter().map(|(_, at)| *at).collect();
    assert!(times.windows(6).all(|six| six[5] - six[0] > 1.0), "no herd");
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_all_that_is_too_long_ends_all_with_one_last_try_at_its_limit() {
    let options = Options { rate: 5.0, max_outage: 100.0, ..LIMITS };
    let (script, log) = options.script(|_, _, at| if at < 300.0 { RUNNING } else { TROUBLE });
    let ends = run_many(options, 500, script).await;
    assert_eq!(counts([&ends]), [("unreachable", 400_090, 500)]);
    let found = [300_090, 300_300, 300_510, 300_720, 300_930];
    let probed = [301_430, 302_430, 304_430, 308_430, 316_430, 326_430, 330_090];
    let late = [340_090, 350_090, 360_090, 370_090, 380_090, 390_090, 400_090];
    assert_eq!(asked_between(&log, 300.0, f64::INFINITY), [&found[..], &probed, &late].concat());
}

#[tokio::test(start_paused = true)]
async fn many_with_a_service_that_never_answers_end_after_30_s() {
    let options = Options { rate: 5.0, ..LIMITS };
    let (script, log) = options.script(|_, _, _| TROUBLE);
    let ends = run_many(options, 500, script).await;
    assert_eq!(counts([&ends]), [("unreachable", 30_000, 500)]);
    let asked = [0, 210, 420, 630, 840, 1340, 2340, 4340, 8340, 16_340, 26_340, 30_000];
    assert_eq!(asked_between(&log, 0.0, f64::INFINITY), asked);
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_all_at_the_deadline_ends_them_within_five_seconds_of_it() {
    let options = Options { rate: 5.0, timeout: 100.0, took: 4.0, ..LIMITS };
    let (script, _) = options.script(|_, _, at| if at < 60.0 { RUNNING } else { TROUBLE });
    let ends = run_many(options, 300, script).await;
    // 111 have had their last poll, 171 cannot have theirs by a second after the deadline, 18 were never seen.
    let expected = [("out of time", 100_000, 111), ("out of time", 101_000, 171), ("unreachable", 100_000, 18)];
    assert_eq!(counts([&ends]), expected);
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
    // Ten could be asked about.
    assert_eq!(counts([&in_outage]), [("unreachable", 20_000, 10), ("unreachable", 25_000, 290)]);
    assert_eq!(counts([&blocked]), [("unreachable", 25_000, 3)]);
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
    // Each has its last try, in its turn.
    let expected: Vec<_> = (0..20).map(|turn| ("unreachable", 160_600 + 210 * turn, 1)).collect();
    assert_eq!(counts(&ends), expected);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_begins_in_an_outage_has_all_of_its_patience() {
    let options = Options { rate: 5.0, ..LIMITS };
    let pace = options.pace();
    let fleet =
        |count| Fleet::new(options.script(|_, _, _| TROUBLE).0, options.rules(Instant::now()), &pace, ids(count));
    let early = follow(fleet(20)).await;
    assert_eq!(counts([&early]), [("unreachable", 30_000, 20)]);
    let late = follow(fleet(20)).await;
    assert_eq!(counts([&late]), [("unreachable", 30_000, 20)]);
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
