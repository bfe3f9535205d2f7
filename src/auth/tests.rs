//! Who may ask when, and what a refusal does.

mod loading;

use tokio::time::timeout;

use super::*;
use crate::error::TransportErrorKind;
use crate::pace::Admission;

const LIMIT: Duration = Duration::from_secs(10);

fn fixed() -> Arc<Standing> {
    Standing::new(Arc::new(Credentials::key("EXAMPLE", "secret").unwrap()), SystemTime::now())
}

fn take(standing: &Arc<Standing>) -> Pass {
    match standing.pass(true, Instant::now() + LIMIT) {
        Admission::Go(pass) => pass,
        other => panic!("{other:?}"),
    }
}

async fn closed(standing: &Arc<Standing>) -> Error {
    standing.closed(SystemTime::now).await
}

fn is_busy(standing: &Arc<Standing>) -> bool {
    matches!(standing.pass(true, Instant::now() + LIMIT), Admission::Busy)
}

fn opened() -> Arc<Standing> {
    let standing = fixed();
    standing.not_refused(&take(&standing), true);
    standing
}

fn denied() -> Error {
    Error::transport(TransportErrorKind::Certificate, "stands for any error")
}

#[tokio::test(start_paused = true)]
async fn requests_go_one_at_a_time_until_the_first_answer_that_is_no_refusal() {
    for succeeded in [true, false] {
        let standing = fixed();
        let first = take(&standing);
        assert!(is_busy(&standing));
        standing.not_refused(&first, succeeded);
        assert!(!is_busy(&standing), "an answer, or none at all, opens the gate before the pass is given back");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_given_up_lets_the_next_one_go_alone() {
    let standing = fixed();
    drop(take(&standing));
    let _next = take(&standing);
    assert!(is_busy(&standing));
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_off_is_repaired_once() {
    for skew in [61, -61, 3600, -3600] {
        let standing = fixed();
        let pass = take(&standing);
        assert!(matches!(standing.refused(pass, Some(skew), &denied()).await, Verdict::Again));
        let pass = take(&standing);
        assert_eq!(pass.offset, skew);
        assert!(
            matches!(standing.refused(pass, Some(skew), &denied()).await, Verdict::Refused),
            "once until a request succeeds"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_right_is_no_reason_for_a_refusal() {
    for skew in [None, Some(0), Some(60), Some(-60)] {
        let standing = fixed();
        let pass = take(&standing);
        assert!(matches!(standing.refused(pass, skew, &denied()).await, Verdict::Refused));
    }
}

#[tokio::test(start_paused = true)]
async fn a_success_allows_another_repair_and_another_answer_does_not() {
    for succeeded in [true, false] {
        let standing = fixed();
        let _ = standing.refused(take(&standing), Some(100), &denied()).await;
        let pass = take(&standing);
        standing.not_refused(&pass, succeeded);
        let verdict = standing.refused(pass, Some(-30_000), &denied()).await;
        assert_eq!(matches!(verdict, Verdict::Again), succeeded);
        if succeeded {
            assert_eq!(take(&standing).offset, 100 - 30_000);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_from_before_a_repair_ends_nothing_and_repairs_nothing() {
    let standing = opened();
    let (one, two) = (take(&standing), take(&standing));
    assert!(matches!(standing.refused(one, Some(3600), &denied()).await, Verdict::Again));
    assert!(matches!(standing.refused(two, Some(3600), &denied()).await, Verdict::Again));
    assert_eq!(take(&standing).offset, 3600);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_closes_the_gate_for_all_that_have_not_gone_yet() {
    let standing = opened();
    let gone = take(&standing);
    let _ = standing.refused(gone, Some(3600), &denied()).await;
    let _alone = take(&standing);
    assert!(is_busy(&standing));
}

#[tokio::test(start_paused = true)]
async fn who_waits_at_the_gate_goes_on_when_it_opens_or_when_nobody_goes_alone_any_more() {
    let standing = fixed();
    let alone = take(&standing);
    assert!(timeout(LIMIT / 2, standing.gate()).await.is_err());
    let ((), ()) = tokio::join!(standing.gate(), async { drop(alone) });

    let forgotten = take(&standing);
    let start = Instant::now();
    standing.gate().await;
    assert!(start.elapsed() >= LIMIT, "no answer in its time is none at all");
    assert!(!is_busy(&standing) && !is_busy(&standing), "and opens the gate");
    drop(forgotten);
}

#[tokio::test(start_paused = true)]
async fn who_goes_alone_takes_no_heed_of_room_for_others_and_the_rest_do() {
    let standing = fixed();
    let limit = Instant::now() + LIMIT;
    let Admission::Go(alone) = standing.pass(false, limit) else { panic!() };
    standing.not_refused(&alone, true);
    assert!(matches!(standing.pass(false, limit), Admission::NoRoom));
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_from_before_a_repair_does_not_open_the_gate() {
    let standing = opened();
    let (slow, refused) = (take(&standing), take(&standing));
    standing.refused(refused, Some(3600), &denied()).await;
    standing.not_refused(&slow, true);
    let _alone = take(&standing);
    assert!(is_busy(&standing));
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_good_ends_every_wait_now_and_later() {
    let standing = opened();
    assert!(timeout(Duration::from_secs(3600), closed(&standing)).await.is_err());
    let (one, two) = (take(&standing), take(&standing));
    let (verdict, now) = tokio::join!(async { standing.refused(one, None, &denied()).await }, closed(&standing));
    assert!(matches!(verdict, Verdict::Refused));
    assert_eq!(now.to_string(), denied().to_string());
    standing.not_refused(&two, true);
    assert!(is_busy(&standing), "a late answer does not change that");
    assert_eq!(closed(&standing).await.to_string(), denied().to_string());
}
