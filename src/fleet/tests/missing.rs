//! What is not there: not yet, not any more, or never was.

use super::*;

#[tokio::test(start_paused = true)]
async fn what_was_never_seen_may_be_missing_within_the_grace() {
    let run = run(LIMITS, [MISSING, MISSING, RUNNING, ENDED]).await;
    assert_eq!(run.asked, [0.0, 1.0, 3.0, 7.0]);
    assert!(matches!(run.end, End::Ended(_)));
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_for_longer_than_the_grace_does_not_exist() {
    let run = run(Options { missing_grace: 3.0, ..LIMITS }, then_forever(vec![], MISSING)).await;
    assert_eq!(run.asked, [0.0, 1.0, 3.0]);
    assert!(matches!(run.end, End::Missing("404")));
}

#[tokio::test(start_paused = true)]
async fn what_was_seen_and_is_missing_ends_the_wait() {
    let run = run(LIMITS, [RUNNING, MISSING]).await;
    assert!(matches!(run.end, End::Missing("404")));
    assert_eq!(run.ended, 1.0);
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_at_the_deadline_is_missing_even_after_an_outage() {
    let run = run(Options { timeout: 2.0, ..LIMITS }, then_forever(vec![MISSING], TROUBLE)).await;
    assert!(matches!(run.end, End::Missing("404")));
    assert_eq!(run.ended, 2.0);
}

#[tokio::test(start_paused = true)]
async fn a_missing_answer_is_usable() {
    let options = Options { max_outage: 2.0, missing_grace: 5.0, ..LIMITS };
    let run = run(options, then_forever(vec![], MISSING)).await;
    assert!(matches!(run.end, End::Missing("404")));
    assert_eq!(run.ended, 7.0);
}
