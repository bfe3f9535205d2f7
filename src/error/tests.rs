//! What errors say, and what a caller can ask them.

use super::*;
use crate::job::Job;

fn service(http_status: u16) -> Box<ServiceError> {
    Box::new(ServiceError {
        http_status,
        code: Some("APIG.0308".to_owned()),
        message: Some("slow down".to_owned()),
        request_id: Some("42".to_owned()),
        retry_after: Some(Duration::from_secs(7)),
        service_time: None,
    })
}

fn unfinished(seen: bool) -> Box<Unfinished> {
    let job = Job::from_json("swap", &serde_json::json!({"status": "RUNNING\n"}), None);
    Box::new(Unfinished {
        job_id: "swap".to_owned(),
        job: job.filter(|_| seen),
        seen_ago: seen.then_some(Duration::from_secs(3)),
        last_error: Some(Error::Unavailable(service(429))),
        last_error_ago: Some(Duration::from_secs(61)),
        waited: Duration::from_secs(1800),
        polls: 9,
    })
}

#[test]
fn an_error_is_small_and_goes_everywhere() {
    fn goes_everywhere<T: Send + Sync + Clone + std::error::Error + 'static>() {}
    goes_everywhere::<Error>();
    assert!(size_of::<Error>() <= 56, "{}", size_of::<Error>());
}

#[test]
fn messages_are_one_line_that_names_the_job_the_cause_and_the_request() {
    let failed = serde_json::json!({"status": "FAIL", "fail_reason": "no\u{1b}[31m\nmemory"});
    let failed = Job::from_json("swap", &failed, None).unwrap();
    assert_eq!(Error::JobFailed(Box::new(failed)).to_string(), "job swap failed: no [31m memory");
    assert_eq!(
        Error::TimedOut(unfinished(true)).to_string(),
        "timed out after 30m: job swap was RUNNING when last seen 3.0s ago; last error, 1m01s ago: \
         HTTP 429 APIG.0308 slow down (request id 42)"
    );
    assert_eq!(
        Error::Unreachable(unfinished(false)).to_string(),
        "no usable answer within 30m: job swap was never seen; last error, 1m01s ago: \
         HTTP 429 APIG.0308 slow down (request id 42)"
    );
    assert_eq!(
        Error::Rejected(service(404)).to_string(),
        "rejected: HTTP 404 APIG.0308 slow down (request id 42); the host, the region or the path is wrong, the job may \
         well exist"
    );
    assert_eq!(Error::Rejected(service(400)).to_string(), "rejected: HTTP 400 APIG.0308 slow down (request id 42)");
}

#[test]
fn only_what_a_wait_bears_is_transient() {
    assert!(Error::Unavailable(service(503)).is_transient());
    for kind in [TransportErrorKind::Connect, TransportErrorKind::Timeout, TransportErrorKind::Interrupted] {
        assert!(Error::transport(kind, "").is_transient());
    }
    for kind in [TransportErrorKind::Certificate, TransportErrorKind::ProxyAuthentication] {
        assert!(!Error::transport(kind, "").is_transient());
    }
    let finals = [
        Error::Denied(service(403)),
        Error::NotFound(service(404)),
        Error::Rejected(service(400)),
        Error::TimedOut(unfinished(true)),
        Error::Unreachable(unfinished(true)),
        Error::invalid("endpoint", "none"),
    ];
    assert!(finals.iter().all(|error| !error.is_transient()));
}

#[test]
fn what_the_service_asked_for_is_told() {
    assert_eq!(Error::Unavailable(service(429)).retry_after(), Some(Duration::from_secs(7)));
    assert_eq!(Error::Unreachable(unfinished(true)).retry_after(), Some(Duration::from_secs(7)));
    assert_eq!(Error::transport(TransportErrorKind::Timeout, "").retry_after(), None);
}
