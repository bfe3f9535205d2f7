//! What is printed for programs is what docs/*.schema.json promise: every event and every outcome, and no field that is not
//! described.

use std::collections::BTreeSet;

use boon::{Compiler, SchemaIndex, Schemas};
use dcs_wait::sandbox::{Answer, Sandbox, Story};
use serde_json::{Value, json};

use crate::support::{Run, command, requests, run, sandbox, signal};

const EVENTS: &str = include_str!("../../docs/events.schema.json");
const OUTCOME: &str = include_str!("../../docs/outcome.schema.json");

fn read(schema: &str) -> (Value, Validator) {
    let schema: Value = serde_json::from_str(schema).expect("a schema is JSON");
    let validator = Validator::new(schema.clone());
    (schema, validator)
}

struct Validator {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Validator {
    fn new(schema: Value) -> Self {
        let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
        compiler.add_resource("schema.json", schema).expect("a name for it");
        let index = compiler.compile("schema.json", &mut schemas).expect("a schema of that draft");
        Self { schemas, index }
    }

    fn problems(&self, line: &Value) -> Option<String> {
        self.schemas.validate(line, self.index).err().map(|error| error.to_string())
    }

    fn is_valid(&self, line: &Value) -> bool {
        self.problems(line).is_none()
    }
}

async fn world() -> Sandbox {
    let down = || Answer::http(503).body(r#"{"error_code":"APIG.0201","error_msg":"Backend timeout"}"#);
    sandbox([
        ("good", Story::new().init().then(down()).then(Answer::hang_up()).running().succeeds()),
        (
            "odd",
            Story::new().then(Answer::http(200).body(r#"{"status":"PAUSED"}"#)).times(2).then(Answer::status("FAILED")),
        ),
        ("late", Story::new().then(Answer::http(404)).times(2).running().succeeds()),
        ("bad", Story::new().running().fails("no memory")),
        ("forbidden", Story::new().then(Answer::http(403))),
        ("wrong", Story::new().then(Answer::http(400))),
        ("down", Story::new().then(down())),
        ("endless", Story::new().running()),
    ])
    .await
}

/// Every line that is printed in this format, over stories with every event and every outcome.
async fn lines(format: &str) -> Vec<Value> {
    let sandbox = world().await;
    let mut lines = Vec::new();
    for args in [
        "good odd late bad forbidden wrong -t 20s",
        "unknown --not-found-grace 0s",
        "endless down -t 50ms",
        "endless bad --fail-fast",
    ] {
        lines.extend(run(&sandbox, &format!("{args} -o {format}")).await.json());
    }
    let before = sandbox.requests().len();
    let child = command(&sandbox, &format!("endless -o {format}")).spawn().unwrap();
    requests(&sandbox, before + 2).await;
    signal(&child, "INT").await;
    lines.extend(Run::from(child.wait_with_output().await.unwrap()).json());
    lines
}

fn words(lines: &[Value], field: &str) -> BTreeSet<String> {
    lines.iter().filter_map(|line| line[field].as_str()).map(str::to_owned).collect()
}

fn outcomes(schema: &Value, pointer: &str) -> BTreeSet<String> {
    let words = schema.pointer(pointer).and_then(Value::as_array).expect("the list of outcomes");
    words.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The names of these objects' properties.
fn described(schema: &Value, pointers: &[&str]) -> BTreeSet<String> {
    let objects =
        pointers.iter().map(|pointer| schema.pointer(pointer).and_then(Value::as_object).expect("properties"));
    objects.flat_map(|properties| properties.keys().cloned()).collect()
}

fn names(value: &Value) -> BTreeSet<String> {
    value.as_object().map(|object| object.keys().cloned().collect()).unwrap_or_default()
}

fn assert_valid(validator: &Validator, line: &Value) {
    assert_eq!(validator.problems(line), None, "{line}");
}

#[tokio::test]
async fn every_line_of_json_is_as_the_schema_says_and_every_outcome_is_in_it() {
    let (schema, validator) = read(OUTCOME);
    let lines = lines("json").await;
    for line in &lines {
        assert_valid(&validator, line);
        assert_eq!(names(line), described(&schema, &["/properties"]), "{line}");
    }
    assert_eq!(words(&lines, "outcome"), outcomes(&schema, "/properties/outcome/enum"));
    assert!(lines.iter().any(|line| line["error"].is_object()));
}

#[tokio::test]
async fn every_event_is_as_the_schema_says() {
    let (schema, validator) = read(EVENTS);
    let lines = lines("events").await;
    for line in &lines {
        assert_valid(&validator, line);
        let event = line["event"].as_str().expect("a word");
        let properties = format!("/$defs/{event}/properties");
        assert_eq!(names(line), described(&schema, &["/properties", &properties]), "{line}");
        if line["error"].is_object() {
            assert_eq!(names(&line["error"]), described(&schema, &["/$defs/error/properties"]), "{line}");
        }
    }
    assert_eq!(words(&lines, "event"), ["outcome", "retry", "status"].map(str::to_owned).into());
    assert_eq!(words(&lines, "outcome"), outcomes(&schema, "/$defs/outcome/properties/outcome/enum"));
    let unseen = lines.iter().any(|line| line["event"] == "status" && line["status"].is_null());
    assert!(unseen, "a job that is not visible yet");
}

#[test]
fn the_outcome_event_has_the_fields_of_the_outcome() {
    let (events, outcome) = (read(EVENTS).0, read(OUTCOME).0);
    for (name, field) in outcome["properties"].as_object().unwrap() {
        let same = [&events["properties"][name], &events["$defs"]["outcome"]["properties"][name]];
        assert!(same.contains(&field), "{name}");
    }
    assert_eq!(events["$defs"]["error"], outcome["$defs"]["error"]);
}

#[test]
fn the_schemas_refuse_what_is_not_promised_and_bear_what_may_be_added() {
    let (_, validator) = read(EVENTS);
    let status = json!({
        "event": "status", "v": 1, "job_id": "a", "status": null, "job_type": null, "next_poll_ms": 1000, "polls": 1,
    });
    let with = |name: &str, value: Value| {
        let mut changed = status.clone();
        changed[name] = value;
        changed
    };
    assert!(validator.is_valid(&status) && validator.is_valid(&with("more", json!(1))));
    assert!(validator.is_valid(&json!({"event": "pause", "v": 1, "job_id": "a"})), "an event that is added later");
    for (name, value) in [
        ("v", json!(2)),
        ("job_id", json!("a/b")),
        ("status", json!(1)),
        ("next_poll_ms", json!(-1)),
        ("polls", json!("1")),
        ("event", json!("outcome")),
    ] {
        assert!(!validator.is_valid(&with(name, value)), "{name}");
    }
    let (_, validator) = read(OUTCOME);
    assert!(!validator.is_valid(&json!({"job_id": "a", "outcome": "succeeded"})));
}
