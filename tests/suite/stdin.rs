//! Job ids from standard input.

use std::process::Stdio;

use dcs_wait::sandbox::{Sandbox, Story};
use tokio::io::AsyncWriteExt as _;

use crate::support::{Run, command, sandbox};

/// Runs the command with this on its standard input.
async fn run_with(sandbox: &Sandbox, args: &str, input: &str) -> Run {
    let mut command = command(sandbox, args);
    let mut child = command.stdin(Stdio::piped()).spawn().expect("the command can be started");
    let mut stdin = child.stdin.take().expect("a pipe");
    let write = async {
        // It may end before it has read anything.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
    };
    let ((), output) = tokio::join!(write, child.wait_with_output());
    output.expect("the command ends").into()
}

/// The ids on standard output, in order of the alphabet.
fn ids(run: &Run) -> Vec<&str> {
    let mut ids: Vec<&str> = run.stdout.lines().filter_map(|line| line.split("  ").next()).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn ids_are_read_from_standard_input_in_every_shape_and_mixed_with_those_of_the_command_line() {
    let over = || Story::new().succeeds();
    let sandbox = sandbox(["a", "b", "c", "d", "e", "f"].map(|id| (id, over()))).await;
    let input = "b\n{\"job_id\": \"c\", \"instance_id\": \"x\"}\n[{\"job_id\":\"d\"},\"e\"] job_id:f b a";
    let run = run_with(&sandbox, "a -", input).await;
    assert_eq!((run.status, ids(&run)), (0, vec!["a", "b", "c", "d", "e", "f"]), "{}", run.stderr);
    assert_eq!(sandbox.requests().len(), 6, "each is waited for once");
}

#[tokio::test]
async fn an_operation_that_was_refused_is_shown_and_is_status_2_before_any_request() {
    let sandbox = sandbox([("a", Story::new().succeeds())]).await;
    let input = "a\n{\"error_code\":\"DCS.4063\",\"error_msg\":\"instance is busy\"}";
    let run = run_with(&sandbox, "-", input).await;
    assert_eq!((run.status, run.stdout.as_str()), (2, ""));
    assert_eq!(
        run.stderr,
        "dcs-wait: error: standard input, line 2: the operation was refused: DCS.4063 instance is busy\n"
    );
    assert_eq!(sandbox.requests().len(), 0);
}

#[tokio::test]
async fn no_id_on_standard_input_is_status_2_or_a_success_if_that_is_allowed() {
    let sandbox = sandbox([]).await;
    let run = run_with(&sandbox, "-", " \n").await;
    assert_eq!((run.status, run.stdout.as_str()), (2, ""));
    assert!(
        run.stderr.contains("no job id on standard input") && run.stderr.contains("--allow-empty"),
        "{}",
        run.stderr
    );
    let run = run_with(&sandbox, "- --allow-empty", "").await;
    assert_eq!((run.status, run.stdout.as_str(), run.stderr.as_str()), (0, "", ""));
}

#[tokio::test]
async fn the_first_unreadable_word_is_named_with_its_line() {
    let sandbox = sandbox([]).await;
    let run = run_with(&sandbox, "-", "good\n\nb/d worse/\n").await;
    assert_eq!(run.status, 2);
    let jobless = run_with(&sandbox, "-", "{\"instance_id\": \"x\"}").await;
    let problem =
        "line 1: an object without job_id; some operations (creating, deleting, restarting, resizing) give none\n";
    assert!(jobless.status == 2 && jobless.stderr.ends_with(problem), "{}", jobless.stderr);
    assert!(run.stderr.contains("standard input, line 3: \"b/d\" is no job id"), "{}", run.stderr);
}

#[tokio::test]
async fn explain_counts_the_jobs_on_standard_input() {
    let sandbox = sandbox([]).await;
    let run = run_with(&sandbox, "- --explain --max-rate 5", &"x1 x2 x3 ".repeat(3)).await;
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert!(run.stdout.contains("for 3 jobs"), "{}", run.stdout);
}
