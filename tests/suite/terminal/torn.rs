//! Lines among what is drawn on the same terminal: what is drawn is cleared before, and there again after.

use std::time::Duration;

use dcs_wait::sandbox::{Sandbox, Story};
use pty_process::blocking::Command;

use super::pty::{Ended, Terminal, cells, start};
use crate::support::sandbox;

/// What is in every drawing, and in nothing else.
const DRAWN: &str = " jobs over";

/// Jobs that end one after another, a few of them between two drawings, the first after so many milliseconds.
async fn jobs(count: u64, first: u64) -> (Sandbox, String) {
    let sandbox = sandbox([]).await;
    let ids: Vec<String> = (0..count).map(|number| format!("job-{number}")).collect();
    for (number, id) in (0..).zip(&ids) {
        sandbox.add_job(id, Story::new().running().lasting(Duration::from_millis(first + 30 * number)).succeeds());
    }
    (sandbox, ids.join(" "))
}

/// Shows again all that was written. After each line that this finds, nothing else is to be seen of that line, nor any
/// drawing. Returns how many there were, and before how many of them there was a drawing since the one before.
fn replay(ended: &Ended, is_line: impl Fn(&str) -> bool) -> (usize, usize) {
    let mut screen = vt100::Parser::new(cells(24), cells(80), 0);
    let (mut lines, mut drawn, mut since) = (0, 0, String::new());
    for piece in ended.written.split_inclusive('\n') {
        screen.process(piece.as_bytes());
        since += piece;
        // The text that was written last, without what moves the cursor.
        let written = piece.rsplit(['\r', '\u{1b}']).map(|end| end.trim_start_matches("[J")).find(|end| *end != "\n");
        let Some(line) = written.filter(|line| is_line(line)) else { continue };
        let rows: Vec<String> = screen.screen().rows(0, 80).collect();
        let above = &rows[..usize::from(screen.screen().cursor_position().0)];
        let wrapped: String = above[above.len() - line.chars().count().div_ceil(80)..].concat();
        assert_eq!(wrapped.trim_end(), line.trim_end(), "{rows:#?}");
        assert!(rows.iter().all(|row| !row.contains(DRAWN)), "{rows:#?}");
        lines += 1;
        drawn += usize::from(since.contains(DRAWN));
        since.clear();
    }
    (lines, drawn)
}

#[tokio::test]
async fn a_line_of_standard_output_is_never_torn_and_what_is_drawn_comes_back_at_once() {
    let (sandbox, ids) = jobs(20, 300).await;
    let ended = start(&sandbox, &ids, &[]).end().await;
    let (lines, drawn) = replay(&ended, |line| line.contains("  SUCCESS  "));
    assert_eq!(lines, 20, "{:?}", ended.written);
    // By itself it is drawn every 100 ms, before a third of them. Those that end at once are written at once.
    assert!(drawn > 12, "only {drawn}: {:?}", ended.written);
}

#[tokio::test]
async fn a_line_of_the_log_is_never_torn() {
    let (sandbox, ids) = jobs(3, 1500).await;
    // With silence in between: it is drawn then.
    let ended = start(&sandbox, &format!("{ids} -v --initial-interval 300ms --max-interval 300ms"), &[]).end().await;
    let (lines, drawn) = replay(&ended, |line| line.contains(" DEBUG ") || line.contains("  SUCCESS  "));
    assert!(lines > 10 && drawn > 5, "{drawn} of {lines}: {:?}", ended.written);
}

#[tokio::test]
async fn what_is_drawn_becomes_smaller_without_a_line_in_between() {
    let sandbox = sandbox([
        ("one", Story::new().running().lasting(Duration::from_millis(500)).succeeds()),
        ("endless", Story::new().running()),
    ])
    .await;
    // The result goes where no drawing has to make room for it.
    let script = format!("{} one endless >/dev/null", env!("CARGO_BIN_EXE_dcs-wait"));
    let terminal = Terminal::start(Command::new("sh").args(["-c", &script]), &sandbox, &[]);
    terminal.screen(&[" one  ", "0 of 2 jobs over"]).await;
    let lines = terminal.screen(&["1 of 2 jobs over"]).await;
    assert!(lines.len() == 2 && lines[0].contains(" endless  RUNNING  "), "{lines:#?}");
}
