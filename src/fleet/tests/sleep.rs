//! A machine that sleeps: its timers stand, the jobs do not.

use super::*;

/// When one wait asks if the machine has slept for so long when 17.5 s have passed for its timers.
async fn asked(long: f64, replies: Vec<Reply_>) -> Vec<f64> {
    let mut replies = replies.into_iter();
    let (mut script, log) = LIMITS.script(move |_, _, _| replies.next().unwrap());
    script.sleep = Some((17.5, long));
    let start = Instant::now();
    let mut fleet = Fleet::new(script, LIMITS.rules(start), &LIMITS.pace(), ["it".into()]);
    while fleet.next().await.is_some() {}
    log.lock().unwrap().iter().map(|(_, at)| *at).collect()
}

#[tokio::test(start_paused = true)]
async fn on_waking_it_looks_within_two_seconds() {
    let script = || vec![RUNNING, RUNNING, RUNNING, RUNNING, RUNNING, RUNNING, ENDED];
    assert_eq!(asked(0.0, script()).await, [0.0, 1.0, 3.0, 7.0, 15.0, 25.0, 35.0]);
    let asked = asked(3600.0, script()).await;
    assert_eq!(asked[..5], [0.0, 1.0, 3.0, 7.0, 15.0]);
    assert!((17.5..19.5).contains(&asked[5]), "{asked:?}");
    assert!((asked[6] - asked[5] - 10.0).abs() < 0.01, "then as always: {asked:?}");
}

#[tokio::test(start_paused = true)]
async fn what_a_retry_after_still_asks_for_is_kept() {
    let throttled = (Answer::Unusable("503"), 60);
    let asked = asked(20.0, vec![RUNNING, RUNNING, RUNNING, RUNNING, throttled, ENDED]).await;
    assert_eq!(asked, [0.0, 1.0, 3.0, 7.0, 15.0, 55.0]);
}
