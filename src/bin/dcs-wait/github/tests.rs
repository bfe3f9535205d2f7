//! Of very many jobs a few are shown, those that did not succeed first.

use std::time::Duration;

use super::*;

fn report(endings: impl IntoIterator<Item = (Ending, usize)>) -> Report {
    let mut report = Report::default();
    for (ending, count) in endings {
        for number in 0..count {
            report.add(&Verdict {
                job_id: format!("{}-{number}", ending.name()),
                ending,
                job: None,
                seen_ago: None,
                waited: Duration::ZERO,
                polls: 1,
                error: None,
                is_one_look: false,
            });
        }
    }
    report
}

fn value<'a>(outputs: &'a str, name: &str) -> &'a str {
    let mut values = outputs.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    values.next().unwrap_or_else(|| panic!("{name} in {outputs}"))
}

#[test]
fn the_table_has_a_hundred_rows_and_the_number_of_the_others() {
    let summary = report([(Ending::Succeeded, 2_990), (Ending::Denied, 10)]).summary();
    let rows: Vec<&str> = summary.lines().filter(|line| line.starts_with("| <code>")).collect();
    assert_eq!(rows.len(), 100);
    assert!(rows[..10].iter().all(|row| row.contains("denied")), "{rows:?}");
    assert!(summary.starts_with("\n\n### dcs-wait: 2990 succeeded, 10 denied\n\n| job |"), "{summary}");
    assert!(summary.ends_with("\n\nand 2900 more\n\n"), "{summary}");
    assert!(!report([(Ending::Succeeded, 100)]).summary().contains("more"));
}

#[test]
fn the_outputs_are_those_of_the_first_job_that_did_not_succeed_or_of_the_last() {
    let bad = report([(Ending::Succeeded, 2), (Ending::Denied, 2), (Ending::Failed, 1)]).outputs(Exit::JobFailed);
    assert_eq!(
        (value(&bad, "job_id"), value(&bad, "outcome"), value(&bad, "exit_status")),
        ("denied-0", "denied", "1")
    );
    assert_eq!(
        (value(&bad, "jobs"), value(&bad, "jobs_succeeded"), value(&bad, "jobs_not_succeeded")),
        ("5", "2", "3")
    );
    let good = report([(Ending::Succeeded, 3)]).outputs(Exit::Success);
    assert_eq!((value(&good, "job_id"), value(&good, "outcome")), ("succeeded-2", "succeeded"));
}

#[test]
fn with_any_the_outputs_are_those_of_the_job_that_succeeded() {
    let outputs = report([(Ending::Failed, 1), (Ending::Succeeded, 1), (Ending::Abandoned, 3)]).outputs(Exit::Success);
    assert_eq!(value(&outputs, "job_id"), "succeeded-0");
}

#[test]
fn the_list_of_outcomes_is_short_enough_for_a_variable() {
    let outputs = report([(Ending::TimedOut, 3_000)]).outputs(Exit::TimedOut);
    let outcomes: Vec<serde_json::Value> = serde_json::from_str(value(&outputs, "outcomes")).unwrap();
    assert_eq!((outcomes.len(), &outcomes[99]["job_id"]), (100, &"timed_out-99".into()));
    assert_eq!(outcomes[0]["outcome"], "timed_out");
}
