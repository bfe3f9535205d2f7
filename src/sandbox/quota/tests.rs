//! Exactly how many requests pass, and what the others are told.

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// What comes of a request at each of these times, in milliseconds: the time to the next token, in milliseconds too; 0 if it
/// passes.
fn waits(quota: Quota, times: &[u64]) -> Vec<u128> {
    let start = Instant::now();
    let mut bucket = Bucket::new(quota, start);
    times.iter().map(|at| bucket.take(start + millis(*at)).map_or_else(|wait| wait.as_millis(), |()| 0)).collect()
}

fn refusal(quota: Quota) -> (Answer, String) {
    let now = Instant::now();
    let mut bucket = Bucket::new(quota.burst(1), now);
    assert!(bucket.refuse(now).is_none());
    let (answer, body) = bucket.refuse(now).unwrap();
    (answer, String::from_utf8(body).unwrap())
}

#[test]
fn a_full_bucket_holds_the_limit_and_one_token_comes_back_after_another() {
    let times = [0, 0, 0, 0, 0, 249, 250, 250, 5000, 5000, 5000, 5000, 5000];
    let expected = [0, 0, 0, 0, 250, 1, 0, 250, 0, 0, 0, 0, 250];
    assert_eq!(waits(Quota::new(4, millis(1000)), &times), expected);
}

#[test]
fn a_burst_is_the_size_of_the_bucket() {
    assert_eq!(
        waits(Quota::new(60, MINUTE).burst(2), &[0, 0, 0, 500, 1000, 9000, 9000, 9000]),
        [0, 0, 1000, 500, 0, 0, 0, 1000]
    );
}

#[test]
fn a_quota_of_nothing_lets_nothing_pass() {
    assert_eq!(waits(Quota::new(0, MINUTE), &[0, 600_000]), [60_000, 60_000]);
    assert_eq!(waits(Quota::new(60, MINUTE).burst(0), &[0, 600_000]), [1000, 1000]);
}

#[test]
fn absurd_quotas_are_no_reason_to_panic() {
    assert_eq!(waits(Quota::new(u32::MAX, Duration::MAX), &[0, 1]), [0, 0]);
    assert_eq!(waits(Quota::new(1, Duration::ZERO), &[0, 0, 0]), [0, 0, 0]);
}

#[test]
fn the_refusal_says_what_the_limit_is() {
    for (limit, period, text) in [
        (60, MINUTE, "limit:60,time:1 minute"),
        (200, millis(1000), "limit:200,time:1 second"),
        (5, millis(10_000), "limit:5,time:10 seconds"),
        (5, millis(500), "limit:5,time:0.5 seconds"),
    ] {
        let (answer, body) = refusal(Quota::new(limit, period));
        let message = format!("The throttling threshold has been reached: policy user over ratelimit,{text}");
        assert_eq!(body, format!(r#"{{"error_code":"APIG.0308","error_msg":"{message}"}}"#));
        assert_eq!(answer.http_status, 429);
        assert!(!answer.headers.iter().any(|(name, _)| name == "Retry-After"), "{answer:?}");
    }
}

#[test]
fn a_silent_refusal_does_not() {
    let (_, body) = refusal(Quota::new(60, MINUTE).silent());
    assert_eq!(body, r#"{"error_code":"APIG.0308","error_msg":"The throttling threshold has been reached"}"#);
}

#[test]
fn the_time_of_the_next_token_is_told_in_whole_seconds_rounded_up() {
    for (limit, seconds) in [(60, "1"), (40, "2"), (1, "60")] {
        let (answer, _) = refusal(Quota::new(limit, MINUTE).retry_after());
        assert!(answer.headers.contains(&("Retry-After".to_owned(), seconds.to_owned())), "{answer:?}");
    }
}
