//! Who may ask when, and what a refusal does.

use std::time::Duration;

use tokio::time::timeout;

use super::*;
use crate::error::TransportErrorKind;

async fn waits(standing: &Standing) -> bool {
    timeout(Duration::from_millis(1), standing.pass()).await.is_err()
}

fn denied() -> Error {
    Error::transport(TransportErrorKind::Certificate, "stands for any error")
}

#[tokio::test(start_paused = true)]
async fn requests_go_one_at_a_time_until_the_first_answer_that_is_no_refusal() {
    for succeeded in [true, false] {
        let standing = Standing::new();
        let first = standing.pass().await;
        assert!(waits(&standing).await);
        standing.not_refused(&first, succeeded);
        assert!(!waits(&standing).await, "an answer, or none at all, opens the gate before the pass is given back");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_given_up_lets_the_next_one_go_alone() {
    let standing = Standing::new();
    drop(standing.pass().await);
    let _next = standing.pass().await;
    assert!(waits(&standing).await);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_off_is_repaired_once() {
    for skew in [61, -61, 3600, -3600] {
        let standing = Standing::new();
        let pass = standing.pass().await;
        assert!(matches!(standing.refused(&pass, Some(skew)), Verdict::Again));
        drop(pass);
        let pass = standing.pass().await;
        assert_eq!(pass.offset, skew);
        assert!(matches!(standing.refused(&pass, Some(skew)), Verdict::Refused), "once until a request succeeds");
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_right_is_no_reason_for_a_refusal() {
    for skew in [None, Some(0), Some(60), Some(-60)] {
        let standing = Standing::new();
        let pass = standing.pass().await;
        assert!(matches!(standing.refused(&pass, skew), Verdict::Refused));
    }
}

#[tokio::test(start_paused = true)]
async fn a_success_allows_another_repair_and_another_answer_does_not() {
    let standing = Standing::new();
    let pass = standing.pass().await;
    standing.refused(&pass, Some(100));
    drop(pass);
    let pass = standing.pass().await;
    standing.not_refused(&pass, false);
    assert!(matches!(standing.refused(&pass, Some(100)), Verdict::Refused));
    standing.not_refused(&pass, true);
    assert!(matches!(standing.refused(&pass, Some(-30_000)), Verdict::Again));
    drop(pass);
    assert_eq!(standing.pass().await.offset, 100 - 30_000);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_from_before_a_repair_ends_nothing_and_repairs_nothing() {
    let standing = Standing::new();
    standing.not_refused(&standing.pass().await, true);
    let (one, two) = (standing.pass().await, standing.pass().await);
    assert!(matches!(standing.refused(&one, Some(3600)), Verdict::Again));
    assert!(matches!(standing.refused(&two, Some(3600)), Verdict::Again));
    drop((one, two));
    assert_eq!(standing.pass().await.offset, 3600);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_closes_the_gate_for_all_that_have_not_gone_yet() {
    let standing = Standing::new();
    standing.not_refused(&standing.pass().await, true);
    let (gone, not_yet) = (standing.pass().await, standing.pass().await);
    standing.refused(&gone, Some(3600));
    assert!(!standing.honours(&not_yet));
    let alone = standing.pass().await;
    assert!(standing.honours(&alone));
    assert!(waits(&standing).await);
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_from_before_a_repair_does_not_open_the_gate() {
    let standing = Standing::new();
    standing.not_refused(&standing.pass().await, true);
    let (slow, refused) = (standing.pass().await, standing.pass().await);
    standing.refused(&refused, Some(3600));
    standing.not_refused(&slow, true);
    let _alone = standing.pass().await;
    assert!(waits(&standing).await);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_good_ends_every_wait_now_and_later() {
    let standing = Standing::new();
    assert!(timeout(Duration::from_secs(3600), standing.closed()).await.is_err());
    let ((), now) = tokio::join!(async { standing.close(denied()) }, standing.closed());
    assert_eq!(now.to_string(), denied().to_string());
    assert_eq!(standing.closed().await.to_string(), denied().to_string());
}
