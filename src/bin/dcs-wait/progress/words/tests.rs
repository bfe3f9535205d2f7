//! In paused time: pauses between polls grow from 1 s to 10 s; a job is as old as the wait, or older. The sandbox's own times
//! are those of the real clock, so that ages stay what they were at first but for the time since the last sight.

use dcs_wait::sandbox::{Answer, Story};

use super::*;
use crate::progress::board::Change;
use crate::progress::testing::{board, play};

fn old() -> Story {
    Story::new().aged(Duration::from_secs(3600))
}

fn down() -> Answer {
    Answer::http(503)
}

#[tokio::test(start_paused = true)]
async fn the_heartbeat_says_what_is_waited_for_its_status_its_age_and_the_time_left() {
    let (board, now) = board([("job", old().running())], 35).await;
    // Polled every 10 s.
    assert_eq!(heartbeat(&board, now), "job  still RUNNING, 1h old, next poll in 5s, 29m25s left");
}

#[tokio::test(start_paused = true)]
async fn the_heartbeat_says_since_when_there_is_trouble_and_when_it_is_given_up() {
    let story = old().running().times(3).then(down());
    let (board, now) = board([("job", story)], 75).await;
    let text = heartbeat(&board, now);
    // Last seen at 20 s, in trouble from 30 s on: the pause of 10 s before counts.
    let expected = "job  503 from the service for 45s, still trying, gives up in 9m05s; \
                    RUNNING when last seen 55s ago";
    assert_eq!(text, expected);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_was_never_seen_is_given_up_after_half_a_minute() {
    let (board, now) = board([("job", Story::new().then(Answer::hang_up()))], 20).await;
    let expected = "job  answer cut short for 20s, still trying, gives up in 10s; not seen yet";
    assert_eq!(heartbeat(&board, now), expected);
}

#[tokio::test(start_paused = true)]
async fn of_a_few_jobs_some_are_named_and_of_many_all_are_counted() {
    let few = ["a", "b", "c", "d", "e"].map(|id| (id, old().running()));
    let (some, now) = board(few.into_iter().chain([("f", Story::new().fails("no"))]), 5).await;
    let expected = "1 of 6 jobs over, 1 failed; a RUNNING, 1h old; b RUNNING, 1h old; c RUNNING, 1h old; \
                    and 2 more; 29m55s left";
    assert_eq!(heartbeat(&some, now), expected);

    let ids: Vec<String> = (0..20).map(|number| format!("job-{number}")).collect();
    let story = |number: usize| match number {
        0..3 => Story::new().succeeds(),
        3 => Story::new().fails("no"),
        4 => Story::new().then(down()),
        5..10 => Story::new().init(),
        _ => Story::new().running(),
    };
    let (many, now) = board(ids.iter().enumerate().map(|(number, id)| (id.as_str(), story(number))), 7).await;
    let expected = "4 of 20 jobs over, 1 failed; 5 INIT, 10 RUNNING, 1 not seen yet; \
                    1 in trouble: 503 from the service for 7s, still trying, gives up in 23s; 29m53s left";
    assert_eq!(heartbeat(&many, now), expected);
}

#[tokio::test(start_paused = true)]
async fn trouble_is_new_once_and_its_end_tells_how_long_it_was() {
    let story = old().running().times(2).then(down()).times(4).running().times(2).succeeds();
    let mut changes = Vec::new();
    let (board, _) = play([("job", story)], 300, &mut changes).await;
    let [(0, Change::Status(first)), (20, Change::Trouble), (at, Change::Again(after, again))] = &changes[..] else {
        panic!("{changes:?}")
    };
    assert_eq!((&**first, &**again, after.as_secs()), ("RUNNING", "RUNNING", at - 20));
    assert_eq!((board.over(), board.trouble(), board.statuses().len()), (1, None, 0));
}

#[tokio::test(start_paused = true)]
async fn whatever_the_service_calls_it_it_is_one_line_and_not_long() {
    let odd = "\u{1b}[2J\r\nvery\tlong ".repeat(100);
    let ids: Vec<String> = (0..20).map(|number| format!("job-{number}")).collect();
    let story = |number: usize| Story::new().then(Answer::status(format!("{number} {odd}")));
    let (board, now) = board(ids.iter().enumerate().map(|(number, id)| (id.as_str(), story(number))), 1).await;
    let text = heartbeat(&board, now);
    assert!(text.len() < 250 && !text.contains(char::is_control) && text.contains("15 other"), "{text}");
}

#[test]
fn whole_seconds() {
    let texts = [0, 999, 9_999, 10_500, 61_000, 3_600_000].map(|millis| whole(Duration::from_millis(millis)));
    assert_eq!(texts, ["0s", "0s", "9s", "10s", "1m01s", "1h"]);
}
