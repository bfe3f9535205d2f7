//! The table of what an answer is, row by row, and every shape that error bodies come in.

use super::*;

const ID: &str = "ff8080818822bbf70188235afc24141a";

fn answer(status: u16, body: &str) -> Answer {
    Answer { status, body: Some(body.as_bytes().to_vec()), ..Answer::default() }
}

/// The kind of what an answer is, and what is said about it.
fn kind(answer: &Answer) -> String {
    let message = |error: &ServiceError| error.message.clone().unwrap_or_default();
    match answer.job(ID, |text| text) {
        Ok(job) => format!("{:?}", job.status),
        Err(Error::Unavailable(error)) => format!("unusable: {}", message(&error)),
        Err(Error::Denied(error)) => format!("denied: {}", message(&error)),
        Err(Error::NotFound(error)) => format!("not found: {}", message(&error)),
        Err(Error::Rejected(error)) => format!("rejected: {}", message(&error)),
        Err(other) => format!("other: {other}"),
    }
}

#[test]
fn a_200_with_a_status_is_a_job() {
    for (status, expected) in [
        ("INIT", "Init"),
        ("RUNNING", "Running"),
        ("SUCCESS", "Success"),
        ("success", "Success"),
        ("FAIL", "Fail"),
        ("FAILED", "Fail"),
        ("Failed", "Fail"),
        ("PAUSED", r#"Unknown("PAUSED")"#),
        ("SUCCESSFUL", r#"Unknown("SUCCESSFUL")"#),
    ] {
        assert_eq!(kind(&answer(200, &format!(r#"{{"job_id":"{ID}","status":"{status}"}}"#))), expected, "{status}");
    }
}

#[test]
fn a_200_without_such_a_job_is_unusable() {
    for (body, problem) in [
        ("", "an answer that is not JSON"),
        ("<html>SUCCESS</html>", "an answer that is not JSON"),
        (r#"{"status":"SUCCESS""#, "an answer that is not JSON"),
        (r#""SUCCESS""#, "an answer that describes no job"),
        ("[]", "an answer that describes no job"),
        ("{}", "an answer that describes no job"),
        (r#"{"status":null}"#, "an answer that describes no job"),
        (r#"{"status":""}"#, "an answer that describes no job"),
        (r#"{"status":" \n"}"#, "an answer that describes no job"),
        (r#"{"status":1}"#, "an answer that describes no job"),
        (r#"{"job_id":"another","status":"SUCCESS"}"#, "an answer about another job"),
        (r#"{"job_id":7,"status":"SUCCESS"}"#, "an answer about another job"),
    ] {
        assert_eq!(kind(&answer(200, body)), format!("unusable: {problem}"), "{body}");
    }
    let too_long = Answer { status: 200, body: None, ..Answer::default() };
    assert_eq!(kind(&too_long), "unusable: an answer of more than 1 MiB");
}

#[test]
fn a_200_without_a_job_id_is_fine() {
    assert_eq!(kind(&answer(200, r#"{"status":"SUCCESS"}"#)), "Success");
    assert_eq!(kind(&answer(200, r#"{"job_id":null,"status":"SUCCESS"}"#)), "Success");
}

#[test]
fn every_other_status_is_one_kind_of_error() {
    for status in (201..=208).chain([226]) {
        assert_eq!(
            kind(&answer(status, r#"{"status":"SUCCESS"}"#)),
            "unusable: not the answer that describes a job",
            "{status}"
        );
    }
    for status in [300, 301, 302, 303, 304, 307, 308] {
        assert_eq!(kind(&answer(status, "")), "unusable: redirected elsewhere, which is not followed", "{status}");
    }
    for status in [408, 425, 429, 500, 501, 502, 503, 504, 505, 520, 599] {
        assert_eq!(kind(&answer(status, "m")), "unusable: m", "{status}");
    }
    for status in [401, 403] {
        assert_eq!(kind(&answer(status, "m")), "denied: m", "{status}");
    }
    for status in [400, 402, 405, 406, 409, 410, 413, 414, 415, 422, 431, 451] {
        assert_eq!(kind(&answer(status, "m")), "rejected: m", "{status}");
    }
    for status in [0, 199, 600, 999] {
        assert_eq!(kind(&answer(status, "")), "unusable: not an HTTP status", "{status}");
    }
    assert_eq!(kind(&answer(407, "")), "other: proxy authentication required: the proxy answered 407");
}

#[test]
fn a_404_tells_a_wrong_place_from_a_missing_job() {
    for code in ["APIG.0101", "APIGW.0101", "DCS.4001"] {
        assert_eq!(
            kind(&answer(404, &format!(r#"{{"error_code":"{code}","error_msg":"m"}}"#))),
            "rejected: m",
            "{code}"
        );
    }
    for body in [r#"{"error_code":"DCS.3022","error_msg":"m"}"#, r#"{"message":"m"}"#, "m"] {
        assert_eq!(kind(&answer(404, body)), "not found: m", "{body}");
    }
}

#[test]
fn every_shape_of_error_body_is_read() {
    let shapes = [
        (
            r#"{"error_code":"DCS.4063","error_msg":"wrong","error_ext_msg":null}"#,
            Some("DCS.4063"),
            Some("wrong"),
            None,
        ),
        (r#"{"error":{"code":"111404022","message":"wrong"}}"#, Some("111404022"), Some("wrong"), None),
        (r#"{"error":{"code":401,"message":"wrong","title":"Unauthorized"}}"#, Some("401"), Some("wrong"), None),
        (r#"{"code":"DCS.1","message":"wrong","ext_message":null}"#, Some("DCS.1"), Some("wrong"), None),
        (
            r#"{"error_code":"APIG.0301","error_msg":"wrong","request_id":"42"}"#,
            Some("APIG.0301"),
            Some("wrong"),
            Some("42"),
        ),
        (
            r#"{"errorCode":"X","errorMsg":"wrong","encoded_authorization_message":"zzz"}"#,
            Some("X"),
            Some("wrong"),
            None,
        ),
        (r#"{"error_code":"","errorCode":"X","message":"wrong"}"#, Some("X"), Some("wrong"), None),
        (r#"{"error_code":"DCS.1","error_msg":"instance {0}"}"#, Some("DCS.1"), Some("instance {0}"), None),
        ("<html>\n<h1>502</h1></html>", None, Some("<html> <h1>502</h1></html>"), None),
        ("plain\r\ntext", None, Some("plain text"), None),
        (r#"{"error":"odd"}"#, None, None, None),
        ("{}", None, None, None),
        ("", None, None, None),
    ];
    for (body, code, message, request_id) in shapes {
        let Err(Error::Unavailable(error)) = answer(503, body).job(ID, |text| text) else { panic!("{body}") };
        let found = (error.code.as_deref(), error.message.as_deref(), error.request_id.as_deref());
        assert_eq!(found, (code, message, request_id), "{body}");
    }
}

#[test]
fn the_request_id_of_the_header_goes_before_that_of_the_body() {
    let answer = Answer { request_id: Some("header".to_owned()), ..answer(503, r#"{"request_id":"body"}"#) };
    let Err(error) = answer.job(ID, |text| text) else { panic!() };
    assert_eq!(error.service().and_then(|error| error.request_id.as_deref()), Some("header"));
}

#[test]
fn every_text_of_the_service_is_cleaned_before_it_is_cut() {
    let clean = |text: String| text.replace("s3cret", "[hidden]");
    let long = "x".repeat(497) + "s3cret";
    let body = format!(r#"{{"error_code":"a s3cret","error_msg":"{long}","request_id":"s3cret"}}"#);
    let shown = answer(400, &body).job(ID, clean).unwrap_err().to_string();
    assert!(!shown.contains("s3c"), "{shown}");
    let body = r#"{"status":"s3cret","job_type":"s3cret","fail_reason":"s3cret"}"#;
    let job = answer(200, body).job(ID, clean).unwrap();
    assert!(!format!("{job:?}").contains("s3cret"), "{job:?}");
}

#[test]
fn retry_after_is_seconds_or_a_date_by_the_answers_own_clock() {
    let at = |text: &str| httpdate::parse_http_date(text).unwrap();
    let date = Some(at("Tue, 24 Nov 2026 10:00:00 GMT"));
    let read = |text: &str, date| {
        Answer { retry_after: Some(text.to_owned()), date, ..Answer::default() }.retry_after().map(|it| it.as_secs())
    };
    assert_eq!(read("7", None), Some(7));
    assert_eq!(read(" 7 ", date), Some(7));
    assert_eq!(read("Tue, 24 Nov 2026 10:00:30 GMT", date), Some(30));
    assert_eq!(read("Tue, 24 Nov 2026 09:00:00 GMT", date), None, "a date that has passed asks for nothing");
    assert_eq!(read("Tue, 24 Nov 2026 10:00:30 GMT", None), None, "no clock to read it against");
    for nonsense in ["", "soon", "-3", "1.5", "99999999999999999999999"] {
        assert_eq!(read(nonsense, date), None, "{nonsense:?}");
    }
}

#[test]
fn times_are_borne_in_every_spelling() {
    let millis = |value: &str| {
        let job = answer(200, &format!(r#"{{"status":"RUNNING","begin_time":{value}}}"#)).job(ID, |text| text).unwrap();
        job.begin_time.map(|time| time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis())
    };
    assert_eq!(millis(r#""1684191545379""#), Some(1_684_191_545_379));
    assert_eq!(millis("1684191545379"), Some(1_684_191_545_379));
    for nothing in ["null", r#""""#, r#""soon""#, "-1", "{}", "1e99", r#""99999999999999999999""#] {
        assert_eq!(millis(nothing), None, "{nothing}");
    }
    assert_eq!(answer(200, r#"{"status":"RUNNING"}"#).job(ID, |text| text).unwrap().begin_time, None);
}

#[test]
fn the_misspelt_reason_of_a_published_example_is_read() {
    let job = answer(200, r#"{"status":"FAIL","fail_resson":"no memory"}"#).job(ID, |text| text).unwrap();
    assert_eq!(job.fail_reason.as_deref(), Some("no memory"));
}

#[test]
fn a_clock_that_is_absurd_or_relayed_is_not_believed() {
    let clock = |date: &str, is_relayed| {
        Answer { date: httpdate::parse_http_date(date).ok(), is_relayed, ..Answer::default() }.clock()
    };
    assert_eq!(clock("Tue, 24 Nov 2026 10:00:00 GMT", false), Some(1_795_514_400));
    assert_eq!(clock("Tue, 24 Nov 2026 10:00:00 GMT", true), None);
    for absurd in ["", "yesterday", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"] {
        assert_eq!(clock(absurd, false), None, "{absurd}");
    }
}

#[test]
fn projects_are_read_or_the_answer_is_unusable() {
    let projects = |body| answer(200, body).projects(|text| text);
    let one = projects(r#"{"projects":[{"id":"abc","name":"cn-north-4","domain_id":"x"}]}"#).unwrap();
    assert_eq!(one, [("abc".to_owned(), "cn-north-4".to_owned())]);
    assert_eq!(projects(r#"{"projects":[]}"#).unwrap(), []);
    for garbage in ["", "<html>", "{}", r#"{"projects":{}}"#, "[]"] {
        assert!(projects(garbage).is_err_and(|error| error.is_transient()), "{garbage}");
    }
    assert!(matches!(answer(403, "").projects(|text| text), Err(Error::Denied(_))));
}
