//! A machine that sleeps: its timers stand, the jobs do not.

use super::*;

/// When one wait asks if the machine has slept for so long when 17.5 s have passed for its timers.
async fn asked(options: Options, long: f64, replies: Vec<Reply_>) -> Vec<f64> {
    let mut replies = replies.into_iter();
    let (script, log) = options.script(move |_, _, _| replies.next().unwrap());
    *script.sleep.lock().unwrap() = Some((17.5, long));
    let start = Instant::now();
    let mut fleet = Fleet::new(script, options.rules(start), &options.pace(), ["it".into()]);
    while fleet.next().await.is_some() {}
    log.lock().unwrap().iter().map(|(_, at)| *at).collect()
}

#[tokio::test(start_paused = true)]
async fn on_waking_it_looks_within_two_seconds() {
    let script = || vec![RUNNING, RUNNING, RUNNING, RUNNING, RUNNING, RUNNING, ENDED];
    assert_eq!(asked(LIMITS, 0.0, script()).await, [0.0, 1.0, 3.0, 7.0, 15.0, 25.0, 35.0]);
    // Looked whether it slept at 17 and 19 s.
    assert_eq!(asked(LIMITS, 3600.0, script()).await, [0.0, 1.0, 3.0, 7.0, 15.0, 19.0, 29.0]);
}

#[tokio::test(start_paused = true)]
async fn what_a_retry_after_still_asks_for_is_kept() {
    let throttled = (Answer::Unusable("503"), 60);
    let asked = asked(LIMITS, 20.0, vec![RUNNING, RUNNING, RUNNING, RUNNING, throttled, ENDED]).await;
    assert_eq!(asked, [0.0, 1.0, 3.0, 7.0, 15.0, 55.0]);
}

#[tokio::test(start_paused = true)]
async fn a_job_of_an_expected_length_has_aged_meanwhile() {
    let expecting = Options { expect: Some(100.0), ..LIMITS };
    let after = |asked: Vec<f64>| {
        let next = asked.iter().position(|at| *at > 17.5).unwrap();
        asked[next + 1] - asked[next]
    };
    let script = || (0..12).map(|_| RUNNING).chain([ENDED]).collect();
    // At 20 to 30 s of 100 pauses are long, at 100 s they are short.
    assert!(after(asked(expecting, 0.0, script()).await) > 10.0);
    assert!(after(asked(expecting, 80.0, script()).await) < 5.0);
}

#[tokio::test(start_paused = true)]
async fn a_last_try_that_waits_for_its_turn_stays_one() {
    let rules = Options { max_outage: 0.4, ..LIMITS }.rules(Instant::now());
    let mut engine = Engine::new(&rules, Instant::now());
    for (answer, _) in [RUNNING, TROUBLE] {
        let now = Instant::now();
        engine.judge(&rules, Reply { asked_at: Some(now), answer, retry_after: None }, None, now);
    }
    assert!(engine.is_last_try);
    engine.hasten(Duration::from_secs(60), engine.due);
    assert!(engine.is_last_try, "it is due already");
    engine.hasten(Duration::from_secs(60), Instant::now());
    assert!(!engine.is_last_try && engine.due == Instant::now(), "it comes before its limit");
}
