//! One and the same story in every form that is printed, as files to read: `forms/story.*`. With the variable
//! `UPDATE_SNAPSHOTS` they are written anew instead of compared.

use std::path::PathBuf;
use std::time::Duration;

use dcs_wait::sandbox::{Answer, Sandbox, Story};

use crate::github::step;
use crate::support::{run, sandbox, steady};
use crate::terminal::pty;

/// What is waited for. The pauses are long enough for everything to come in one order.
const ARGS: &str = "swap backup --initial-interval 200ms --max-interval 200ms";

/// One job meets a stretch of trouble and succeeds, the other fails meanwhile.
async fn story() -> Sandbox {
    let outage = Answer::http(503)
        .body(r#"{"error_code":"APIG.0201","error_msg":"Backend timeout"}"#)
        .header("Retry-After", "1");
    let late = |status: &str, ms| Answer::status(status).after(Duration::from_millis(ms));
    sandbox([
        ("swap", Story::new().running().then(outage).times(2).running().then(late("SUCCESS", 600))),
        (
            "backup",
            Story::new()
                .job_type("backupDCSInstance")
                .init()
                .then(late("RUNNING", 300))
                .fails("the bucket has no room left"),
        ),
    ])
    .await
}

/// Compares texts under their headings with a file.
fn compare(form: &str, sandbox: &Sandbox, parts: &[(&str, &str)]) {
    let text: Vec<String> = parts
        .iter()
        .map(|(heading, text)| {
            let lines: Vec<String> =
                steady(text, sandbox).lines().map(|line| line.trim_end().to_owned() + "\n").collect();
            format!("=== {heading}\n{}", lines.concat())
        })
        .collect();
    let text = text.join("\n");
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/suite/forms").join(format!("story.{form}"));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&file, text).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(text == kept, "{} is:\n{kept}\nbut it was printed:\n{text}", file.display());
}

#[tokio::test]
async fn as_text_with_a_log_beside_it() {
    let sandbox = story().await;
    let run = run(&sandbox, ARGS).await;
    assert_eq!(run.status, 1);
    compare("text", &sandbox, &[("standard output", &run.stdout), ("standard error", &run.stderr)]);
}

#[tokio::test]
async fn as_json() {
    let sandbox = story().await;
    let run = run(&sandbox, &format!("{ARGS} -o json")).await;
    compare("json", &sandbox, &[("standard output", &run.stdout)]);
}

#[tokio::test]
async fn as_events() {
    let sandbox = story().await;
    let run = run(&sandbox, &format!("{ARGS} -o events")).await;
    compare("events", &sandbox, &[("standard output", &run.stdout)]);
}

#[tokio::test]
async fn drawn_at_a_terminal() {
    let sandbox = story().await;
    // What is left of half an hour would be a time or, at the full minute, not.
    let terminal = pty::start(&sandbox, &format!("{ARGS} -t 30m30s"), &[]);
    let mut seen = Vec::new();
    for (moment, parts) in [
        ("in trouble", &["swap    RUNNING  503", "backup  INIT     asking"][..]),
        ("one is over", &["swap  RUNNING  503", "1 of 2 jobs over"]),
        ("the trouble is over", &["s old  asking"]),
    ] {
        seen.push((moment, terminal.screen(parts).await.join("\n")));
    }
    seen.push(("the end", terminal.end().await.lines.join("\n")));
    let parts: Vec<(&str, &str)> = seen.iter().map(|(moment, screen)| (*moment, screen.as_str())).collect();
    compare("terminal", &sandbox, &parts);
}

#[tokio::test]
async fn as_plain_lines_at_a_terminal() {
    let sandbox = story().await;
    let ended = pty::start(&sandbox, &format!("{ARGS} --progress plain"), &[]).end().await;
    assert!(ended.is_plain());
    compare("plain", &sandbox, &[("both streams", &ended.written)]);
}

#[tokio::test]
async fn in_a_step_of_github_actions() {
    let sandbox = story().await;
    let step = step(&sandbox, ARGS).await;
    compare(
        "github",
        &sandbox,
        &[
            ("standard output", &step.run.stdout),
            ("standard error", &step.run.stderr),
            ("summary", &step.summary),
            ("outputs", &step.outputs),
        ],
    );
}
