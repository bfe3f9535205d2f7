//! A first answer that is odd, and after it the service, which says the contrary: which of the two the wait believes.

use std::time::Instant;

use dcs_wait::sandbox::{Sandbox, Story};
use dcs_wait::{Error, TransportErrorKind};
use futures_util::{StreamExt as _, stream};

use super::AT_A_TIME;
use super::case::{PLENTY, REQUEST_TIMEOUT, Seen, wait};
use super::proxy::{Fault, Script};
use super::rows::{Means, rows};

/// No endless answer is read any further, what lies between the two sockets included.
const MOST_READ: usize = 16 * 1024 * 1024;

async fn run(means: Means, script: Script, said: &'static str, truth: &'static str) -> Result<(), String> {
    let sandbox = Sandbox::start().await.unwrap();
    let story = if truth == "succeeded" { Story::new().succeeds() } else { Story::new().fails("no memory") };
    sandbox.add_job("job", story);
    let (is_endless, start) = (script.endless.is_some(), Instant::now());
    let limit = if means == Means::NothingInTime { REQUEST_TIMEOUT } else { PLENTY };
    let seen = wait(&sandbox, Some(Fault::Says(script)), false, limit, None).await?;
    let is_late = |error: &Error| matches!(error, Error::Transport(error) if error.kind == TransportErrorKind::Timeout);
    let Seen { outcome, statuses, retries, said: read, .. } = &seen;
    let shown = format!("{outcome} after {statuses} statuses and {retries:?}, {:?}", start.elapsed());
    let is_right = match (means, &retries[..]) {
        (Means::Itself, []) => *outcome == said && *statuses == 0,
        // The next request may be under way when the connection ends.
        (Means::Nothing, [error] | [error, Error::Transport(_)]) => {
            *outcome == truth && *statuses == 0 && error.is_transient() && !retries.iter().any(is_late)
        }
        // A busy machine may be too slow for a second one.
        (Means::NothingInTime, [_, ..]) => *outcome == truth && *statuses == 0 && retries.iter().all(is_late),
        (Means::ItselfOrNothing, []) => *outcome == said,
        (Means::ItselfOrNothing, [error]) => *outcome == truth && error.is_transient(),
        (Means::Running, [] | [_]) => *outcome == truth && *statuses == 1,
        _ => false,
    };
    if !is_right {
        return Err(shown);
    }
    if is_endless && means == Means::Nothing && *read > MOST_READ {
        return Err(format!("{read} bytes were read of it"));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_odd_answer_only_what_is_whole_and_proper_counts() {
    let start = Instant::now();
    let only = std::env::var("BYTES_CASE").ok();
    let rows = [("SUCCESS", "succeeded", "failed"), ("FAIL", "failed", "succeeded")]
        .into_iter()
        .flat_map(|(status, said, truth)| rows(status).into_iter().map(move |row| (row, said, truth)))
        .filter(|((name, ..), ..)| only.as_ref().is_none_or(|only| only == name));
    // Those without an end take all the time that there is: few at a time.
    let (endless, others): (Vec<_>, Vec<_>) = rows.partition(|((_, _, script), ..)| script.endless.is_some());
    let count = endless.len() + others.len();
    let mut failed = Vec::new();
    for (rows, at_a_time) in [(others, AT_A_TIME), (endless, 4)] {
        let results = stream::iter(rows).map(|((name, means, script), said, truth)| async move {
            let run = tokio::spawn(run(means, script, said, truth));
            let result = run.await.unwrap_or_else(|panic| Err(panic.to_string()));
            result.err().map(|error| {
                format!(
                    "{name}, said to have {said}, is not {means:?}: {error}\n  to repeat it: BYTES_CASE='{name}' cargo test \
                     --test suite odd_answer"
                )
            })
        });
        failed.extend(results.buffer_unordered(at_a_time).collect::<Vec<_>>().await.into_iter().flatten());
    }
    println!("{count} answers in {:?}", start.elapsed());
    assert!(failed.is_empty(), "{} of {count} failed\n{}", failed.len(), failed.join("\n"));
}
