//! Unusable answers: their own backoff, how long they are borne, and `Retry-After`.

use super::*;

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
