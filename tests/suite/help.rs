//! What the command tells about itself: help in two lengths, completions, the manual page, the version.

use dcs_wait::sandbox::Story;

use crate::support::{command, finish, run, sandbox};

/// What is printed instead of waiting.
async fn printed(args: &str) -> String {
    let run = run(&sandbox([]).await, args).await;
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{args}");
    run.stdout
}

/// The long names of options that a text has.
fn options(text: &str) -> Vec<&str> {
    let lines = text.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
    let mut names: Vec<&str> =
        lines.filter_map(|line| line.split([' ', ',', '.']).find(|word| word.starts_with("--"))).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn help_fits_100_columns_and_tells_the_exit_statuses() {
    for option in ["-h", "--help"] {
        let text = printed(option).await;
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{option}: {text}");
        assert!(text.contains("Exit status:"), "{option}");
        for status in ["0", "1", "2", "3", "4", "5", "124", "130", "143"] {
            let words = text.rsplit("Exit status:").next().unwrap();
            assert!(words.split([' ', '\n', ',']).any(|word| word == status), "{option}: {status}");
        }
    }
}

#[tokio::test]
async fn the_short_help_is_a_page_of_what_is_used_most_and_names_the_long_one() {
    let (short, long) = (printed("-h").await, printed("--help").await);
    assert!(short.lines().count() <= 50, "{short}");
    assert!(short.contains("--help lists every option"), "{short}");
    let (few, all) = (options(&short), options(&long));
    for name in ["--timeout", "--any", "--region", "--credentials", "--output", "--quiet", "--explain"] {
        assert!(few.contains(&name), "{name} in {few:?}");
    }
    assert!(few.iter().all(|name| all.contains(name)) && all.len() >= few.len() + 10, "{few:?} of {all:?}");
    assert!(!short.contains("--jitter") && long.contains("--jitter"));
}

#[tokio::test]
async fn the_long_help_has_examples_whose_options_exist() {
    let long = printed("--help").await;
    let examples = long.split("Examples:\n").nth(1).and_then(|text| text.split("\n\n").next()).expect("examples");
    assert!(examples.lines().count() >= 4, "{examples}");
    for word in examples.split_whitespace().filter(|word| word.starts_with("--")) {
        assert!(options(&long).contains(&word), "{word}");
    }
}

#[tokio::test]
async fn each_waiting_option_has_a_variable_of_its_name() {
    let long = printed("--help").await;
    let waiting =
        long.split("\nWaiting:\n").nth(1).and_then(|text| text.split("\nService:").next()).expect("a section");
    let names = options(waiting);
    assert!(names.len() >= 13, "{names:?}");
    for name in names {
        let variable = name.trim_start_matches("--").to_uppercase().replace('-', "_");
        assert!(waiting.contains(&format!("[env: DCS_WAIT_{variable}]")), "{variable} in {waiting}");
    }
}

#[tokio::test]
async fn the_variables_of_options_without_a_value_say_yes_or_no() {
    let sandbox =
        sandbox([("bad", Story::new().fails("no")), ("good", Story::new().running().times(3).succeeds())]).await;
    for (args, name, value, status, lines) in [
        ("bad good", "ANY", "1", 0, 2),
        ("bad good", "ANY", "false", 1, 2),
        ("bad good", "ANY", "", 1, 2),
        ("bad", "ANY", "maybe", 2, 0),
        ("-", "ALLOW_EMPTY", "on", 0, 0),
        ("-", "ALLOW_EMPTY", "off", 2, 0),
        ("", "ALLOW_EMPTY", "off", 2, 0),
    ] {
        let run = finish(command(&sandbox, args).env(format!("DCS_WAIT_{name}"), value)).await;
        assert_eq!((run.status, run.stdout.lines().count()), (status, lines), "{name}={value}: {}", run.stderr);
    }
    sandbox.add_job("endless", Story::new().running());
    let stopped = finish(command(&sandbox, "bad endless").env("DCS_WAIT_FAIL_FAST", "yes")).await;
    assert!(stopped.status == 1 && stopped.stdout.contains("abandoned"), "{}", stopped.stdout);
}

#[tokio::test]
async fn there_are_completions_for_five_shells_with_every_option() {
    let long = printed("--help").await;
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = printed(&format!("--completions {shell}")).await;
        for name in options(&long) {
            let name = if shell == "fish" { name.trim_start_matches("--") } else { name };
            assert!(script.contains(name), "{name} for {shell}");
        }
    }
    let unknown = run(&sandbox([]).await, "--completions csh").await;
    assert_eq!((unknown.status, unknown.stderr.lines().count()), (2, 1), "{}", unknown.stderr);
}

#[cfg(unix)]
#[tokio::test]
async fn bash_completes_an_option_and_its_values() {
    let script = printed("--completions bash").await;
    for (typed, expected) in [("--time", "--timeout"), ("--out", "--output"), ("--credentials met", "metadata")] {
        let words: Vec<&str> = typed.split(' ').collect();
        let last = words.len();
        let quoted = words.join("' '");
        let call = format!(
            "{script}\nCOMP_WORDS=(dcs-wait '{quoted}')\nCOMP_CWORD={last}\n_dcs__wait dcs-wait \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"\necho \"${{COMPREPLY[@]}}\""
        );
        let output = tokio::process::Command::new("bash").args(["-c", &call]).output().await.expect("bash");
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), expected, "{output:?}");
    }
}

#[tokio::test]
async fn the_manual_page_has_every_option_with_its_words_and_the_sections_of_a_page() {
    let (page, long) = (printed("--man").await, printed("--help").await);
    for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "WAITING", "SERVICE", "EXIT STATUS", "EXAMPLES"] {
        assert!(
            page.contains(&format!(".SH {section}\n")) || page.contains(&format!(".SH \"{section}\"\n")),
            "{section}"
        );
    }
    let plain = page.replace("\\-", "-");
    for name in options(&long) {
        assert!(plain.contains(name), "{name}");
    }
    for words in [
        "Growth of the pause, at least 1",
        "the deadline passed and a job was still unfinished",
        "--fail-fast JOB_ID JOB_ID",
    ] {
        assert!(plain.contains(words), "{words}");
    }
    assert!(long.contains("--man\n") && !printed("-h").await.contains("--man\n"));
}

#[tokio::test]
async fn the_version_is_that_of_the_crate_and_a_commit_is_in_brackets() {
    let text = printed("--version").await;
    let rest = text.strip_prefix(concat!("dcs-wait ", env!("CARGO_PKG_VERSION"))).expect("the version").trim_end();
    let commit = rest.strip_prefix(" (").and_then(|rest| rest.strip_suffix(')'));
    assert!(rest.is_empty() || commit.is_some_and(|commit| (7..=12).contains(&commit.len())), "{text}");
}

#[tokio::test]
async fn what_is_misspelt_gets_a_suggestion_on_one_line() {
    let sandbox = sandbox([]).await;
    for (args, suggestion) in [
        ("job --tiemout 3s", "'--timeout'"),
        ("job --fail-fats", "'--fail-fast'"),
        ("job -o jsno", "[possible values: text, json, events]"),
        ("job --credentials koocly", "'koocli'"),
    ] {
        let run = run(&sandbox, args).await;
        assert_eq!((run.status, run.stderr.lines().count()), (2, 1), "{args}: {}", run.stderr);
        assert!(run.stderr.contains(suggestion) && run.stderr.ends_with("; see dcs-wait --help\n"), "{}", run.stderr);
    }
}
