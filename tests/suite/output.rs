//! Standard output is the result, in three formats; standard error is for people.

use dcs_wait::sandbox::{Answer, Story};
use serde_json::{Value, json};

use crate::support::{run, sandbox};

fn names(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn text_is_a_line_a_job_with_id_status_type_and_duration() {
    let sandbox = sandbox([
        ("good", Story::new().job_type("modify bandwidth\n").succeeds()),
        ("bad", Story::new().fails("no\nmemory\u{1b}[31m")),
        ("odd", Story::new().then(Answer::status("FAILED"))),
    ])
    .await;
    assert_eq!(run(&sandbox, "good").await.stdout, "good  SUCCESS  modify_bandwidth  0.0s\n");
    assert_eq!(run(&sandbox, "bad").await.stdout, "bad  FAIL  masterStandbySwapJob  0.0s  failed: no memory [31m\n");
    assert_eq!(run(&sandbox, "odd").await.stdout, "odd  FAILED  masterStandbySwapJob  0.0s  failed\n");
}

#[tokio::test]
async fn json_is_an_object_a_job_with_every_field() {
    let sandbox =
        sandbox([("good", Story::new().running().succeeds()), ("bad", Story::new().fails("no\nmemory"))]).await;
    let run = run(&sandbox, "good bad -o json --not-found-grace 0s missing").await;
    let objects = run.json();
    let [bad, missing, good] = ["bad", "missing", "good"]
        .map(|id| objects.iter().find(|object| object["job_id"] == id).expect("an object for every id"));
    assert_eq!(objects.len(), 3);

    // serde_json's maps are sorted by name.
    let mut fields = vec![
        "job_id",
        "outcome",
        "status",
        "job_type",
        "begin_time",
        "end_time",
        "duration_ms",
        "late_ms",
        "fail_reason",
        "waited_ms",
        "polls",
        "error",
    ];
    fields.sort_unstable();
    assert!(objects.iter().all(|object| names(object) == fields), "{objects:?}");
    assert_eq!(
        (&good["outcome"], &good["status"], &good["polls"]),
        (&json!("succeeded"), &json!("SUCCESS"), &json!(2))
    );
    assert_eq!((&good["fail_reason"], &good["error"]), (&Value::Null, &Value::Null));
    let (begin, end) = (good["begin_time"].as_u64().unwrap(), good["end_time"].as_u64().unwrap());
    assert!(begin > 1_700_000_000_000 && good["duration_ms"] == json!(end - begin), "{good}");
    assert!(good["waited_ms"].is_u64() && good["late_ms"].is_u64());
    assert_eq!((&bad["outcome"], &bad["fail_reason"]), (&json!("failed"), &json!("no\nmemory")));
    assert_eq!(missing["outcome"], "not_found");
    let request_id = &missing["error"]["request_id"];
    assert!(request_id.as_str().is_some_and(|id| id.starts_with("sandbox-")));
    let error = json!({
        "http_status": 404, "code": "DCS.3022", "message": "The job does not exist.", "request_id": request_id,
    });
    assert_eq!(missing["error"], error);
    assert_eq!((&missing["status"], &missing["begin_time"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn json_names_every_outcome() {
    let sandbox = sandbox([
        ("running", Story::new().running()),
        ("forbidden", Story::new().then(Answer::http(403))),
        ("wrong", Story::new().then(Answer::http(400))),
        ("down", Story::new().then(Answer::hang_up())),
    ])
    .await;
    for (id, outcome) in
        [("running", "timed_out"), ("forbidden", "denied"), ("wrong", "rejected"), ("down", "unreachable")]
    {
        let objects = run(&sandbox, &format!("{id} -o json -t 20ms")).await.json();
        assert_eq!((objects.len(), &objects[0]["outcome"]), (1, &json!(outcome)), "{objects:?}");
    }
    let down = run(&sandbox, "down -o json -t 20ms").await.json();
    assert_eq!((&down[0]["error"]["http_status"], &down[0]["error"]["code"]), (&Value::Null, &Value::Null));
    assert!(down[0]["error"]["message"].as_str().is_some_and(|text| text.starts_with("answer cut short")), "{down:?}");
}

#[tokio::test]
async fn events_are_every_step_as_an_object() {
    let trouble = Answer::http(503).body(r#"{"error_code":"APIG.0201","error_msg":"timeout"}"#);
    let sandbox = sandbox([("job", Story::new().init().then(trouble).running().succeeds())]).await;
    let run = run(&sandbox, "job -o events").await;
    let events = run.json();
    let steps: Vec<(&Value, &Value)> = events.iter().map(|event| (&event["event"], &event["status"])).collect();
    let expected = [
        (&json!("status"), &json!("INIT")),
        (&json!("retry"), &Value::Null),
        (&json!("status"), &json!("RUNNING")),
        (&json!("outcome"), &json!("SUCCESS")),
    ];
    assert_eq!(steps, expected);
    assert!(events.iter().all(|event| event["job_id"] == "job"));
    assert_eq!(names(&events[0]), ["event", "job_id", "job_type", "next_poll_ms", "polls", "status", "v"]);
    assert_eq!(names(&events[1]), ["error", "event", "job_id", "next_poll_ms", "polls", "v"]);
    assert_eq!(events[1]["error"]["code"], "APIG.0201");
    assert_eq!((&events[3]["outcome"], &events[3]["polls"]), (&json!("succeeded"), &json!(4)));
}

#[tokio::test]
async fn each_id_has_one_line_and_is_waited_for_once() {
    let sandbox = sandbox([("one", Story::new().succeeds()), ("two", Story::new().running().succeeds())]).await;
    let run = run(&sandbox, "two one two one two").await;
    let ids: Vec<&str> = run.stdout.lines().filter_map(|line| line.split("  ").next()).collect();
    assert_eq!(ids, ["one", "two"], "in the order in which the outcomes become known");
    assert_eq!(sandbox.requests().len(), 3);
}

#[tokio::test]
async fn standard_error_has_a_line_whenever_something_changes() {
    let down = Answer::http(503);
    let story = Story::new().init().times(3).running().times(3).then(down).times(2).running().succeeds();
    let sandbox = sandbox([("job", story)]).await;
    let run = run(&sandbox, "job").await;
    let lines: Vec<&str> = run.stderr.lines().map(|line| line.split_once("s  ").unwrap().1).collect();
    // How long it lasted depends on the machine.
    let lines: Vec<&str> = lines.iter().map(|line| line.split_inclusive(" after ").next().unwrap()).collect();
    assert_eq!(
        lines,
        [
            "waiting for 1 job, at most 30m",
            "job  INIT",
            "job  RUNNING",
            "job  HTTP 503 (request id sandbox-7); asking again",
            "job  answered again after ",
        ]
    );
}

#[tokio::test]
async fn quiet_leaves_only_the_final_error() {
    let sandbox =
        sandbox([("good", Story::new().init().succeeds()), ("bad", Story::new().init().fails("no memory"))]).await;
    assert_eq!(run(&sandbox, "good -q").await.stderr, "");
    assert_eq!(run(&sandbox, "bad -q").await.stderr, "dcs-wait: error: job bad failed: no memory\n");
    assert_eq!(run(&sandbox, "good --progress none").await.stderr, "");
    sandbox.add_job("other", Story::new().then(Answer::http(403)));
    assert_eq!(run(&sandbox, "good other --any -q").await.stderr, "");
}

#[tokio::test]
async fn an_unheard_of_status_is_said_once_and_is_not_the_end() {
    let sandbox = sandbox([("job", Story::new().then(Answer::status("PAUSED")).times(5).succeeds())]).await;
    let run = run(&sandbox, "job").await;
    assert_eq!(run.status, 0);
    assert_eq!(run.stderr.matches("a status that is not known here").count(), 1, "{}", run.stderr);
}

#[tokio::test]
async fn above_ten_jobs_there_is_one_summary_and_one_command() {
    let sandbox = sandbox([]).await;
    let ids: Vec<String> = (0..11).map(|_| sandbox.start_job(Story::new().running())).collect();
    sandbox.add_job("bad", Story::new().fails("no memory"));
    let run = run(&sandbox, &format!("bad {} -t 50ms -q", ids.join(" "))).await;
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{}", run.stderr);
    assert_eq!(lines[0], "dcs-wait: error: of 12 jobs 1 failed, 11 timed out; the first: job bad failed: no memory");
    assert!(lines[1].contains(&ids.join(" ")) && !lines[1].contains("bad"), "{}", lines[1]);
}
