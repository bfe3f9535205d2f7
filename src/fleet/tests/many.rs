//! Many at a time under one rate.

use super::*;

/// The most requests in any one second.
fn busiest_second(log: &Log) -> usize {
    let times: Vec<f64> = log.lock().unwrap().iter().map(|(_, at)| *at).collect();
    let within = |start: &f64| times.iter().filter(|time| (*start..*start + 1.0).contains(*time)).count();
    times.iter().map(within).max().unwrap_or_default()
}

/// When one of many was asked about.
fn asked(log: &Log, id: usize) -> Vec<f64> {
    let id = id.to_string();
    log.lock().unwrap().iter().filter(|(asked, _)| *asked == id).map(|(_, at)| *at).collect()
}

#[tokio::test(start_paused = true)]
async fn many_are_looked_at_in_turn_and_none_starves() {
    let options = Options { rate: 5.0, timeout: 10_000.0, ..LIMITS };
    let (script, log) = options.script(|_, _, at| if at < 1000.0 { RUNNING } else { ENDED });
    let ends = run_many(options, 600, script).await;
    assert_eq!(ends.len(), 600);
    assert_eq!(busiest_second(&log), 5);
    // One round takes 600 times 0.21 s.
    for id in [0, 1, 299, 599] {
        let times = asked(&log, id);
        assert!(times[0] <= 126.0, "{id}: {times:?}");
        assert!(times.windows(2).all(|two| two[1] - two[0] <= 126.5), "{id}: {times:?}");
    }
    let last = ends.values().map(|(_, at)| *at).fold(0.0, f64::max);
    assert!(last <= 1000.0 + 126.5, "{last}");
}

#[tokio::test(start_paused = true)]
async fn whoever_is_longest_overdue_goes_first() {
    let options = Options { rate: 1.0, ..LIMITS };
    let (script, log) = options.script(|_, before, _| if before < 2 { RUNNING } else { ENDED });
    run_many(options, 3, script).await;
    let order: Vec<String> = log.lock().unwrap().iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(order, ["0", "1", "2", "0", "1", "2", "0", "1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn each_of_many_has_a_last_poll_before_the_deadline_and_they_end_there() {
    let options = Options { rate: 5.0, timeout: 100.0, ..LIMITS };
    let (script, log) = options.script(|_, _, _| RUNNING);
    let ends = run_many(options, 40, script).await;
    assert!(ends.values().all(|(end, at)| matches!(end, End::OutOfTime) && (100.0..100.1).contains(at)), "{ends:?}");
    assert_eq!(busiest_second(&log), 5);
    // Eight rounds of 1.05 s, the last of them at the deadline.
    for id in 0..40 {
        assert!(asked(&log, id).last().is_some_and(|at| (100.0 - 7.0 * 1.05..100.01).contains(at)), "{id}");
    }
    let last = log.lock().unwrap().last().map(|(_, at)| *at);
    assert!(last.is_some_and(|at| at >= 100.0), "the last poll starts at the deadline: {last:?}");
}

#[tokio::test(start_paused = true)]
async fn each_is_looked_at_once_even_if_the_rate_carries_that_past_the_deadline() {
    let options = Options { rate: 2.0, timeout: 3.0, ..LIMITS };
    let (script, log) = options.script(|_, _, _| RUNNING);
    let ends = run_many(options, 20, script).await;
    assert!(ends.values().all(|(end, _)| matches!(end, End::OutOfTime)));
    assert_eq!(log.lock().unwrap().len(), 20);
    assert!((0..20).all(|id| asked(&log, id).len() == 1));
}

#[tokio::test(start_paused = true)]
async fn two_fleets_with_one_pace_share_it_by_who_is_longest_overdue() {
    let options = Options { rate: 2.0, timeout: 60.0, ..LIMITS };
    let pace = options.pace();
    let (one, log) = options.script(|_, _, _| RUNNING);
    let (two, other) = options.script(|_, _, _| RUNNING);
    let rules = options.rules(Instant::now());
    let many = Fleet::new(one, rules, &pace, ids(20));
    let single = Fleet::new(two, rules, &pace, ids(1));
    let (many, single) = tokio::join!(follow(many), follow(single));
    assert_eq!((many.len(), single.len()), (20, 1));
    // A round of 21 takes 11 s.
    let times = asked(&other, 0);
    assert!(times.len() >= 5 && times.windows(2).all(|two| two[1] - two[0] < 12.5), "{times:?}");
    // The last polls of 21 take eleven rounds, the latest comer's is the first of them.
    assert!(times.last().is_some_and(|at| *at >= 60.0 - 10.0 * 1.05), "{times:?}");
    let together: Log = Log::default();
    together.lock().unwrap().extend(log.lock().unwrap().iter().chain(other.lock().unwrap().iter()).cloned());
    assert_eq!(busiest_second(&together), 2);
}

#[tokio::test(start_paused = true)]
async fn when_others_give_up_their_place_the_time_that_was_kept_for_them_is_used() {
    let options = Options { rate: 1.0, timeout: 100.0, ..LIMITS };
    let pace = options.pace();
    let (one, _) = options.script(|_, _, _| RUNNING);
    let (two, log) = options.script(|_, _, _| RUNNING);
    let rules = options.rules(Instant::now());
    let crowd = Fleet::new(one, rules, &pace, ids(50));
    let single = Fleet::new(two, rules, &pace, ids(1));
    let leave = tokio::time::timeout(Duration::from_secs(70), follow(crowd));
    let (left, _) = tokio::join!(leave, follow(single));
    assert!(left.is_err());
    let last = asked(&log, 0).last().copied();
    assert!(last.is_some_and(|at| (100.0..100.01).contains(&at)), "{last:?}");
}

#[tokio::test(start_paused = true)]
async fn a_halt_ends_pauses_at_once_but_not_requests() {
    let options = Options { took: 0.25, ..LIMITS };
    let (mut script, log) = options.script(|_, before, _| if before == 0 { RUNNING } else { ENDED });
    script.halts = Some(1.3);
    let ends = run_many(options, 1, script).await;
    assert!(matches!(ends["0"], (End::Ended(_), at) if at > 1.4), "{ends:?}");
    assert_eq!(asked(&log, 0), [0.0, 1.25]);
    let (mut script, _) = options.script(|_, _, _| RUNNING);
    script.halts = Some(0.7);
    let ends = run_many(options, 3, script).await;
    assert!(
        ends.values().all(|(end, at)| matches!(end, End::Refused("halted")) && (0.7..0.71).contains(at)),
        "{ends:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_stopped_ends_at_once_in_the_order_in_which_it_was_given() {
    let options = Options { took: 5.0, ..LIMITS };
    let (script, _) = options.script(|_, _, _| RUNNING);
    let start = Instant::now();
    let mut fleet = Fleet::new(script, options.rules(start), &options.pace(), ids(600));
    assert!(tokio::time::timeout(Duration::from_secs(1), fleet.next()).await.is_err());
    fleet.stop();
    for expected in 0..600 {
        assert!(matches!(fleet.next().await, Some((index, Step::Over(End::Stopped))) if index == expected));
    }
    assert!(fleet.next().await.is_none());
    assert_eq!(start.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_request_to_slow_down_slows_all_and_silence_brings_the_rate_back() {
    let options = Options { rate: 10.0, timeout: 4000.0, ..LIMITS };
    let (script, log) = options.script(|_, _, at| match at {
        100.0..100.1 => (Answer::Throttled("429", None), 0),
        3000.0.. => ENDED,
        _ => RUNNING,
    });
    run_many(options, 300, script).await;
    let in_second = |from: f64| log.lock().unwrap().iter().filter(|(_, at)| (from..from + 10.0).contains(at)).count();
    assert_eq!([in_second(80.0) / 10, in_second(100.2) / 10, in_second(1000.0) / 10], [9, 7, 9]);
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_of_a_throttled_answer_holds_all() {
    let options = Options { rate: 10.0, ..LIMITS };
    let mut has_told = false;
    let (script, log) = options.script(move |_, before, at| match before {
        _ if at > 50.0 && !std::mem::replace(&mut has_told, true) => (Answer::Throttled("429", None), 30),
        _ if at > 90.0 => ENDED,
        _ => RUNNING,
    });
    run_many(options, 100, script).await;
    let log = log.lock().unwrap();
    let told = log.iter().find(|(_, at)| *at > 50.0).map(|(_, at)| *at).unwrap();
    assert!(log.iter().all(|(_, at)| !(told + 0.001..told + 29.999).contains(at)), "nobody asks before it is time");
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_told_is_kept_from_then_on() {
    let options = Options { rate: 10.0, timeout: 100.0, ..LIMITS };
    let (script, log) =
        options.script(|_, _, at| if at < 1.0 { (Answer::Throttled("429", Some(2.0)), 0) } else { RUNNING });
    run_many(options, 100, script).await;
    let log = log.lock().unwrap();
    let later: Vec<f64> = log.iter().map(|(_, at)| *at).filter(|at| (2.0..50.0).contains(at)).collect();
    assert!(later.windows(2).all(|two| two[1] - two[0] > 0.52), "{later:?}");
}
