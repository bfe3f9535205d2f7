//! Connections that break at any byte, and answers that are no proper HTTP: what is borne, and that nothing of it is ever
//! taken for a success.
//!
//! `BYTES=n` takes every n-th byte of each conversation, 1 all of them; `BYTES_CASE` is one case, as a failure names it.

mod case;
mod odd;
mod proxy;
mod rows;

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};

use self::case::{Case, Marks, Talk};
use self::proxy::{Side, Way};
use crate::support::number;
use crate::tls::Certificate;

/// So many cases at a time: each has a few sockets open.
const AT_A_TIME: usize = 32;
/// And so many with TLS: more of their handshakes at a time could take longer than a request may.
const TLS_AT_A_TIME: usize = 12;

/// A case for every `step`-th byte of a conversation, and for those where something ends.
fn cases(talk: Talk, marks: Marks, step: usize) -> Vec<Case> {
    let mut cases = Vec::new();
    for (number, way) in [Way::Fin, Way::Reset, Way::Silence].into_iter().enumerate() {
        for (side, [first, last]) in [(Side::Request, marks.request), (Side::Answer, marks.answer)] {
            let edges = [0, first - 1, first, last - 1, last];
            // Each way takes other bytes, so that together they miss fewer.
            let is_due = |after: &usize| (after + number * step / 3).is_multiple_of(step) || edges.contains(after);
            cases.extend((0..=last).filter(is_due).map(|after| Case { talk, side, way, after }));
        }
    }
    cases
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_at_any_byte_is_borne_and_never_a_false_end() {
    let only = std::env::var("BYTES_CASE").ok();
    let certificate = Arc::new(Certificate::of("127.0.0.1"));
    let mut cases_and_marks = Vec::new();
    for (is_tls, default) in [(false, 60), (true, 320)] {
        for (succeeds, is_always) in [(true, false), (false, false), (true, true), (false, true)] {
            let talk = Talk { is_tls, succeeds, is_always };
            let marks = talk.marks(&certificate).await;
            let step = if only.is_some() { 1 } else { number("BYTES", default) };
            cases_and_marks.extend(cases(talk, marks, step).into_iter().map(|case| (case, marks)));
        }
    }
    cases_and_marks.retain(|(case, _)| only.as_ref().is_none_or(|only| case.to_string() == *only));
    assert!(!cases_and_marks.is_empty(), "no such case");

    let (count, start) = (cases_and_marks.len(), Instant::now());
    let run = |cases: Vec<(Case, Marks)>, at_a_time| {
        let results = stream::iter(cases).map(|(case, marks)| {
            let certificate = Arc::clone(&certificate);
            let running = tokio::spawn(async move { case.run(marks, &certificate).await });
            async move { (case, running.await.unwrap_or_else(|panic| Err(panic.to_string()))) }
        });
        results.buffer_unordered(at_a_time).filter_map(async |(case, result)| {
            let error = result.err()?;
            Some(format!("{case}: {error}\n  to repeat it: BYTES_CASE='{case}' cargo test --test suite any_byte"))
        })
    };
    let (tls, plain): (Vec<_>, Vec<_>) = cases_and_marks.into_iter().partition(|(case, _)| case.talk.is_tls);
    let failed: Vec<String> = stream::select(run(plain, AT_A_TIME), run(tls, TLS_AT_A_TIME)).collect().await;
    println!("{count} cases in {:?}", start.elapsed());
    assert!(failed.is_empty(), "{} of {count} failed\n{}", failed.len(), failed[..failed.len().min(20)].join("\n"));
}

#[tokio::test]
async fn a_wait_that_is_dropped_lets_go_of_its_connection_wherever_that_stands() {
    let certificate = Certificate::of("127.0.0.1");
    let mut cases = Vec::new();
    for is_tls in [false, true] {
        let talk = Talk { is_tls, succeeds: true, is_always: false };
        let marks = talk.marks(&certificate).await;
        for (side, [first, last]) in [(Side::Request, marks.request), (Side::Answer, marks.answer)] {
            cases.extend([0, first / 4, first / 2, first - 1, first + 1, last - 1].map(|after| (talk, side, after)));
        }
    }
    let results = cases.into_iter().map(|case| {
        let certificate = &certificate;
        async move { (case, case.0.lets_go(case.1, case.2, certificate).await) }
    });
    let held: Vec<_> =
        join_all(results).await.into_iter().filter_map(|(case, is_let_go)| (!is_let_go).then_some(case)).collect();
    assert!(held.is_empty(), "{held:?}");
}
