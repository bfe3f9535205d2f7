//! What README says is true.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use dcs_wait::sandbox::{Sandbox, Story};
use tokio::process::Command;

use crate::support::{finish, run, sandbox};

const README: &str = include_str!("../../README.md");

/// One of the blocks in this language.
fn block(language: &str, index: usize) -> &'static str {
    let start = README.split(&format!("```{language}\n")).nth(index + 1).expect("a block in this language");
    start.split("```").next().unwrap()
}

/// Runs the script with an operation that starts a job with this story.
async fn run_script(story: Story) -> crate::support::Run {
    let sandbox = sandbox([("swap-1", story)]).await;
    run_sh(&sandbox, block("sh", 0), &[("swap-master-and-standby.sh", "#!/bin/sh\necho swap-1\n")]).await
}

/// Runs a script in a folder with these files; those without a suffix of data are commands.
async fn run_sh(sandbox: &Sandbox, script: &str, files: &[(&str, &str)]) -> crate::support::Run {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(sandbox.endpoint().replace(['/', ':'], "-"));
    fs::create_dir_all(&folder).unwrap();
    for (name, text) in files.iter().copied().chain([("script.sh", script)]) {
        fs::write(folder.join(name), text).unwrap();
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let bin = Path::new(env!("CARGO_BIN_EXE_dcs-wait")).parent().unwrap().display().to_string();
    let path = format!("{bin}:{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let mut script = Command::new("sh");
    script.arg("script.sh").current_dir(&folder).env_clear().envs(sandbox.env()).env("PATH", path);
    let run = finish(script.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped())).await;
    fs::remove_dir_all(&folder).unwrap();
    run
}

#[tokio::test]
async fn both_pipes_of_many_jobs_wait_for_what_the_operations_answer() {
    let sandbox = sandbox([
        ("one", Story::new().running().succeeds()),
        ("two", Story::new().succeeds()),
        ("bad", Story::new().running().fails("no memory")),
        ("endless", Story::new().running()),
    ])
    .await;
    let files = [
        ("start-the-operation", "#!/bin/sh\necho '{\"job_id\": \"one\"}'\n"),
        ("1.json", "{\"job_id\": \"bad\"}"),
        ("2.json", "{\n  \"job_id\": \"endless\"\n}\n"),
    ];
    let lines: Vec<&str> = block("sh", 1).lines().collect();
    assert_eq!(lines.len(), 2);
    let first = run_sh(&sandbox, lines[0], &files).await;
    assert!(first.status == 0 && first.stdout.starts_with("one  SUCCESS"), "{} {}", first.stdout, first.stderr);
    let second = run_sh(&sandbox, lines[1], &files).await;
    let outcomes: Vec<_> = second.json().iter().map(|object| object["outcome"].clone()).collect();
    assert_eq!((second.status, outcomes), (1, vec!["failed".into(), "abandoned".into()]), "{}", second.stderr);
}

#[tokio::test]
async fn the_script_goes_on_only_after_a_success() {
    let good = run_script(Story::new().running().succeeds()).await;
    assert_eq!(good.status, 0, "{}", good.stderr);
    assert!(good.stdout.starts_with("swap-1  SUCCESS  masterStandbySwapJob  "), "{}", good.stdout);
    assert!(good.stdout.ends_with("the swap is over, the deployment goes on\n"), "{}", good.stdout);
    let bad = run_script(Story::new().fails("no memory")).await;
    assert_eq!((bad.status, bad.stdout.contains("goes on")), (1, false), "{}", bad.stdout);
}

#[tokio::test]
async fn the_table_of_exit_statuses_is_that_of_the_help() {
    let help = run(&sandbox([]).await, "--help").await.stdout;
    let section = help.split("Exit status:\n").nth(1).unwrap();
    let rows: Vec<String> = section
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split_once("  "))
        .map(|(status, meaning)| format!("| {} | {} |", status.trim(), meaning.trim()))
        .collect();
    assert_eq!(rows.len(), 9);
    assert!(README.contains(&rows.join("\n")), "{}", rows.join("\n"));
}

#[tokio::test]
async fn every_option_that_it_names_exists() {
    let help = run(&sandbox([]).await, "--help").await.stdout;
    let named = README
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .filter(|word| word.starts_with("--") && !word.starts_with("---"));
    // Options of cargo, KooCLI and jq, and one that is hidden.
    for option in named.filter(|option| {
        !["--example", "--path", "--no-default-features", "--help", "--", "--cli-auth-encrypt", "--unbuffered", "--man"]
            .contains(option)
    }) {
        assert!(help.contains(&format!("{option} <")) || help.contains(&format!("{option}\n")), "{option}");
    }
}
