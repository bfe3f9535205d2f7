//! Of several jobs: whose a hint is, and what is no mistake at all.

use std::process::Stdio;

use dcs_wait::sandbox::Story;

use super::plain;
use crate::support::{Run, finish, sandbox};

#[tokio::test]
async fn each_kind_of_trouble_has_one_hint_that_says_whose_it_is_and_quiet_has_none() {
    let sandbox = sandbox([]).await;
    for id in ["a", "b", "c", "d", "e"] {
        sandbox.add_job(id, Story::new().fails("no"));
    }
    sandbox.add_job("endless", Story::new().running());
    let hints = |run: &Run| -> Vec<String> {
        let hints = run.stderr.lines().filter_map(|line| line.strip_prefix("dcs-wait: hint"));
        hints
            .map(|hint| hint.split(": ").next().unwrap().to_owned() + if hint.contains("wrong") { "?" } else { "" })
            .collect()
    };
    let run = finish(&mut plain(&sandbox, "a b c d e endless -t 50ms")).await;
    let said = hints(&run);
    assert_eq!(said.len(), 2, "{}", run.stderr);
    assert!(said[0].starts_with(" for ") && said[0].ends_with(" and 2 more"), "{said:?}");
    assert_eq!(said[1], " for endless?", "{}", run.stderr);
    let alike = finish(&mut plain(&sandbox, "a b")).await;
    assert_eq!(hints(&alike), [""], "{}", alike.stderr);
    sandbox.add_job("other", Story::new().job_type("modifyBandwidth").fails("no"));
    let other = finish(&mut plain(&sandbox, "a other")).await;
    assert!(other.stderr.contains("hint: the operation failed on the service's side: see"), "{}", other.stderr);
    let quiet = finish(plain(&sandbox, "a b endless -t 50ms -q").stdin(Stdio::null())).await;
    assert_eq!(hints(&quiet), [""; 0], "{}", quiet.stderr);
}

#[tokio::test]
async fn what_did_not_succeed_is_only_noted_if_one_success_is_enough() {
    let sandbox =
        sandbox([("bad", Story::new().fails("no")), ("good", Story::new().running().times(3).succeeds())]).await;
    let run = finish(&mut plain(&sandbox, "bad good --any")).await;
    assert_eq!((run.status, run.stderr.as_str()), (0, "dcs-wait: note: job bad failed: no\n"));
    let quiet = finish(&mut plain(&sandbox, "bad good --any -q")).await;
    assert_eq!((quiet.status, quiet.stderr.as_str()), (0, ""));
}
