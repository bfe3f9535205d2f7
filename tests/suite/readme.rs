//! What README says is true.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use dcs_wait::sandbox::{Answer, Sandbox, Story};

use crate::support::{Run, command, finish, path, run, sandbox, within};

const README: &str = include_str!("../../README.md");

/// One of the blocks in this language.
fn block(language: &str, index: usize) -> &'static str {
    let start = README.split(&format!("```{language}\n")).nth(index + 1).expect("a block in this language");
    start.split("```").next().unwrap()
}

/// Runs the script with an operation that starts a job with this story.
async fn run_script(story: Story) -> Run {
    let sandbox = sandbox([("swap-1", story)]).await;
    run_sh(&sandbox, block("sh", 0), &[("swap-master-and-standby.sh", "#!/bin/sh\necho swap-1\n")]).await
}

/// Runs a script in a folder with these files; those without a suffix of data are commands.
async fn run_sh(sandbox: &Sandbox, script: &str, files: &[(&str, &str)]) -> Run {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(sandbox.endpoint().replace(['/', ':'], "-"));
    fs::create_dir_all(&folder).unwrap();
    for (name, text) in files.iter().copied().chain([("script.sh", script)]) {
        fs::write(folder.join(name), text).unwrap();
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}", path(), folder.display());
    let run = finish(within(sandbox, "sh").arg("script.sh").current_dir(&folder).env("PATH", path)).await;
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
    // Options of cargo and its tests, KooCLI and jq.
    let others = "--example --path --no-default-features --test --ignored -- --cli-auth-encrypt --unbuffered --help";
    for option in named.filter(|option| !others.split(' ').any(|other| other == *option)) {
        assert!(help.contains(&format!("{option} <")) || help.contains(&format!("{option}\n")), "{option}");
    }
}

#[test]
fn what_it_links_to_exists() {
    let links: Vec<&str> = README.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert!(links.contains(&"docs/terminal.svg"), "{links:?}");
    for link in links.iter().filter(|link| !link.contains("://")) {
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(link).exists(), "{link}");
    }
}

#[tokio::test]
async fn the_commands_of_troubleshooting_do_what_they_say() {
    let sandbox = sandbox([
        ("good", Story::new().succeeds()),
        ("bad", Story::new().fails("no memory")),
        ("slow", Story::new().running()),
        ("odd", Story::new().then(Answer::http(400).body(r#"{"error_code":"DCS.4063","error_msg":"no"}"#))),
    ])
    .await;
    let lines: Vec<&str> = block("sh", 3).lines().collect();
    let [explain, once, json, loud] = lines[..] else { panic!("{lines:?}") };
    let shell = async |line: &str, id: &str| {
        run_sh(&sandbox, &format!("id={id}\n{line}\nstatus=$?\ncat log.txt 2>/dev/null; exit $status\n"), &[]).await
    };
    let explained = shell(explain, "").await;
    assert!(explained.status == 0 && explained.stdout.contains(&sandbox.endpoint()), "{}", explained.stdout);
    assert_eq!(sandbox.requests().len(), 0);
    for (id, status) in [("good", 0), ("bad", 1), ("slow", 124)] {
        assert_eq!(shell(once, id).await.status, status, "{id}");
    }
    let odd = shell(json, "odd").await;
    assert_eq!(odd.json()[0]["error"]["code"], "DCS.4063");
    assert!(odd.json()[0]["error"]["request_id"].is_string());
    let loud = shell(loud, "good").await;
    assert!(loud.stdout.contains("DEBUG") && !loud.stdout.contains("sandboxSecretKey"), "{}", loud.stdout);
}

#[tokio::test]
async fn the_table_of_troubleshooting_quotes_what_is_really_said() {
    let error = |status, code: &str, text: &str| {
        Answer::http(status).body(serde_json::json!({"error_code": code, "error_msg": text}).to_string())
    };
    let sandbox = sandbox([
        ("place", Story::new().then(error(404, "APIG.0101", "no API"))),
        ("page", Story::new().then(Answer::http(403).body("<html></html>"))),
        ("denied", Story::new().then(error(403, "DCS.2003", "no"))),
    ])
    .await;
    let mut said = String::new();
    for args in ["place", "page", "denied", "missing --not-found-grace 0s"] {
        said += &run(&sandbox, args).await.stderr;
    }
    let with = |name: &'static str, value: &'static str| {
        let mut command = command(&sandbox, "place");
        command.env(name, value);
        async move { finish(&mut command).await.stderr }
    };
    said += &with("HUAWEICLOUD_SDK_SK", "").await;
    said += &with("HUAWEICLOUD_SDK_SK", "another").await;
    let mut none = command(&sandbox, "place");
    said += &finish(none.env_remove("HUAWEICLOUD_SDK_SK").env_remove("HUAWEICLOUD_SDK_AK")).await.stderr;
    let table = README.split("| standard error says |").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("it");
    let quoted = table.lines().skip(2).filter_map(|row| row.split('|').nth(1));
    let quoted: Vec<&str> = quoted.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    assert!(quoted.len() >= 9, "{quoted:?}");
    // These two are tested where there is an authority of one's own, and with the gateway's published words.
    for words in quoted.iter().filter(|words| !words.starts_with("certificate") && !words.starts_with("AK access")) {
        assert!(said.contains(words), "{words} in {said}");
    }
}
