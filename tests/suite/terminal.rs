//! What is drawn at a terminal, and that nothing is drawn where it should not be.

pub(crate) mod pty;
mod torn;

use std::time::Duration;

use dcs_wait::sandbox::{Answer, Story};
use pty_process::blocking::Command;

use self::pty::{Terminal, start, with_piped_stdout};
use crate::support::{requests, sandbox};

/// A story in which there is time to look.
fn slow() -> Story {
    Story::new().running().lasting(Duration::from_millis(700))
}

#[tokio::test]
async fn the_line_of_a_job_shows_its_status_its_age_and_the_time_that_is_left() {
    let sandbox = sandbox([("job", Story::new().aged(Duration::from_secs(3600)).running())]).await;
    let terminal = start(&sandbox, "job -t 30m --initial-interval 8s --max-interval 8s", &[]);
    let line = terminal.line(&["job  RUNNING  29m", " left  1h", " old  next poll in "]).await;
    assert!(line.starts_with(|spinner: char| ('\u{2800}'..'\u{28ff}').contains(&spinner)), "{line}");
}

#[tokio::test]
async fn trouble_is_said_in_plain_words_while_it_lasts() {
    let sandbox = sandbox([("job", Story::new().running().then(Answer::http(503)))]).await;
    let terminal = start(&sandbox, "job", &[]);
    terminal.line(&["503 from the service for 1s, still trying, gives up in 9m5"]).await;
    let line = terminal.line(&["job  RUNNING  "]).await;
    assert!(!line.contains(" left"), "the wait ends with the trouble, and not at its deadline: {line}");
}

#[tokio::test]
async fn several_jobs_have_a_line_each_and_one_for_all() {
    let sandbox = sandbox([("one", Story::new().running()), ("two", Story::new().init()), ("bad", slow().fails("no"))]);
    let sandbox = sandbox.await;
    let terminal = start(&sandbox, "one two bad", &[]);
    for line in [" one  RUNNING  ", " two  INIT     ", "m left  0 of 3 jobs over"] {
        terminal.line(&[line]).await;
    }
    terminal.line(&["left  1 of 3 jobs over, 1 failed"]).await;
    let lines = terminal.lines();
    assert!(lines[0].starts_with("bad  FAIL  masterStandbySwapJob  ") && lines.len() == 4, "{lines:#?}");
}

#[tokio::test]
async fn more_jobs_than_fit_are_counted() {
    let sandbox = sandbox([]).await;
    let ids: Vec<String> = (0..100).map(|_| sandbox.start_job(Story::new().running())).collect();
    let terminal = start(&sandbox, &ids.join(" "), &[]);
    terminal.line(&["0 of 100 jobs over; 100 RUNNING"]).await;
    assert!(terminal.lines().len() <= 24 && terminal.lines()[0].contains(&ids[0]), "{:#?}", terminal.lines());
}

#[tokio::test]
async fn a_resize_to_forty_columns_wraps_nothing_and_leaves_nothing_behind() {
    let id = "ff8080818822bbf70188235afc24141a";
    let story = Story::new().running().lasting(Duration::from_millis(1500)).succeeds();
    let sandbox = sandbox([(id, story), ("endless", Story::new().running())]).await;
    let terminal = start(&sandbox, &format!("{id} endless"), &[]);
    terminal.line(&[id, "RUNNING", "old  "]).await;
    terminal.resize(24, 40);
    // The frame after the next one, at the latest, is one for this size.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let lines = terminal.lines();
    assert!(lines.len() == 3 && lines[0].contains("141a  RUNNING  "), "{lines:#?}");
    assert!(lines[1].contains(" endless ") && lines[2].contains(" left  0 of 2 jobs over"), "{lines:#?}");
    assert!(lines.iter().all(|line| line.chars().count() < 40), "{lines:#?}");
    // The result is as wide as it is.
    terminal.line(&[id, "SUCCES"]).await;
    terminal.line(&["1 of 2 jobs over"]).await;
    assert_eq!(terminal.lines().len(), 4, "{:#?}", terminal.lines());
}

#[tokio::test]
async fn colours_are_left_out_where_they_are_not_wanted() {
    for (variables, has_colours) in [
        (&[][..], true),
        (&[("NO_COLOR", "1")], false),
        (&[("NO_COLOR", "")], true),
        (&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], false),
        (&[("CLICOLOR", "0")], false),
        (&[("CLICOLOR", "0"), ("CLICOLOR_FORCE", "1")], true),
    ] {
        let sandbox = sandbox([("job", slow().succeeds())]).await;
        let ended = start(&sandbox, "job", variables).end().await;
        assert!(ended.written.contains("job  RUNNING") && ended.written.contains("\u{1b}[K"), "it was drawn");
        let codes = ended.written.split("\u{1b}[").skip(1);
        let is_colour = |code: &str| code.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').starts_with('m');
        assert_eq!(codes.filter(|code| is_colour(code)).count() > 0, has_colours, "{variables:?}");
    }
}

#[tokio::test]
async fn where_nothing_can_be_drawn_or_should_be_there_are_plain_lines() {
    for (args, variables, first) in [
        ("job", &[("TERM", "dumb")][..], "dcs-wait:   0.0s  waiting for 1 job, at most 30m"),
        ("job", &[("TERM", "")], "dcs-wait:   0.0s  waiting for 1 job, at most 30m"),
        ("job", &[("CI", "true")], "dcs-wait:   0.0s  waiting for 1 job, at most 30m"),
        ("job --progress plain", &[("CLICOLOR_FORCE", "1")], "dcs-wait:   0.0s  waiting for 1 job, at most 30m"),
        ("job --progress none", &[], "job  SUCCESS  masterStandbySwapJob  "),
        ("job -q", &[], "job  SUCCESS  masterStandbySwapJob  "),
    ] {
        let sandbox = sandbox([("job", slow().succeeds())]).await;
        let ended = start(&sandbox, args, variables).end().await;
        assert!(ended.is_plain(), "{args} {variables:?}: {:?}", ended.written);
        assert!(ended.lines[0].starts_with(first), "{args} {variables:?}: {:#?}", ended.lines);
    }
}

#[tokio::test]
async fn an_interruption_leaves_a_clean_terminal_where_each_stands_and_how_to_go_on() {
    let sandbox = sandbox([("one", Story::new().running()), ("two", Story::new().running())]).await;
    let terminal = start(&sandbox, "one two", &[]);
    terminal.line(&[" one  RUNNING"]).await;
    terminal.line(&[" two  RUNNING"]).await;
    terminal.press("\u{3}");
    let ended = terminal.end().await;
    assert_eq!((ended.status, ended.hides_cursor), (130, false));
    let starts = [
        "one  RUNNING  masterStandbySwapJob  -  interrupted",
        "two  RUNNING  masterStandbySwapJob  -  interrupted",
        "dcs-wait: 2 jobs in ",
        "dcs-wait: error: interrupted: job one was RUNNING when last seen ",
        "dcs-wait: error: interrupted: job two was RUNNING when last seen ",
        "dcs-wait: hint: ",
        "dcs-wait: to take up the wait again: dcs-wait one two",
    ];
    assert_eq!(ended.lines.len(), starts.len(), "{:#?}", ended.lines);
    for (line, start) in ended.lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{:#?}", ended.lines);
    }
}

#[tokio::test]
async fn the_end_is_short_what_ended_how_in_how_long() {
    let sandbox = sandbox([("good", slow().succeeds()), ("bad", slow().fails("no memory"))]).await;
    let ended = start(&sandbox, "good bad", &[]).end().await;
    assert_eq!((ended.status, ended.hides_cursor), (1, false), "{:#?}", ended.lines);
    assert!(ended.lines[2].starts_with("dcs-wait: 2 jobs in ") && ended.lines[2].ends_with(": 1 succeeded, 1 failed"));
    assert_eq!(ended.lines[3], "dcs-wait: error: job bad failed: no memory");
    assert!(ended.lines[4].starts_with("dcs-wait: hint: "), "{:#?}", ended.lines);

    sandbox.add_job("alone", slow().succeeds());
    let ended = start(&sandbox, "alone", &[]).end().await;
    assert!(ended.lines.len() == 1 && ended.lines[0].starts_with("alone  SUCCESS  "), "{:#?}", ended.lines);
}

#[tokio::test]
async fn a_result_that_goes_into_a_pipe_is_not_drawn_over() {
    let sandbox = sandbox([("one", slow().succeeds()), ("endless", Story::new().running())]).await;
    // The result comes back to the same terminal by another way.
    let script = format!("{} one endless | cat", env!("CARGO_BIN_EXE_dcs-wait"));
    let terminal = Terminal::start(Command::new("sh").args(["-c", &script]), &sandbox, &[]);
    terminal.line(&["1 of 2 jobs over"]).await;
    let lines = terminal.lines();
    assert!(lines[0].starts_with("one  SUCCESS  masterStandbySwapJob  0.") && lines[0].ends_with('s'), "{lines:#?}");
    assert!(lines.len() == 4 && lines[1].is_empty() && lines[2].contains(" endless  RUNNING  "), "{lines:#?}");
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_it_and_clears_the_terminal() {
    let sandbox = sandbox([
        ("one", slow().succeeds()),
        ("two", Story::new().running().lasting(Duration::from_secs(2)).succeeds()),
    ])
    .await;
    let script = format!("{} one two | head -n 1; echo over", env!("CARGO_BIN_EXE_dcs-wait"));
    let ended = Terminal::start(Command::new("sh").args(["-c", &script]), &sandbox, &[]).end().await;
    assert!(ended.lines[0].starts_with("one  SUCCESS  "), "{:#?}", ended.lines);
    assert_eq!((&ended.lines[1][..], ended.lines.len()), ("over", 2), "{:#?}", ended.lines);
}

#[tokio::test]
async fn a_terminal_that_is_stopped_stops_neither_the_polling_nor_the_result() {
    let sandbox = sandbox([("job", Story::new().running().times(500).succeeds())]).await;
    let terminal = Terminal::start(with_piped_stdout("job -vv --max-interval 1ms"), &sandbox, &[]);
    requests(&sandbox, 2).await;
    terminal.press("\u{13}");
    tokio::time::timeout(Duration::from_secs(10), requests(&sandbox, 501)).await.expect("it goes on polling");
    let before = terminal.written();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(terminal.written(), before, "the terminal is stopped");
    let ended = terminal.end().await;
    assert!(ended.status == 0 && ended.stdout.starts_with("job  SUCCESS  "), "{}", ended.stdout);
}
