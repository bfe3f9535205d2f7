//! Exact screens, from waits in paused time.

use std::time::Duration;

use dcs_wait::sandbox::{Answer, Story};

use super::*;
use crate::progress::testing::{LIMITS, board};

const ID: &str = "ff8080818822bbf70188235afc24141a";

fn old() -> Story {
    Story::new().aged(Duration::from_secs(3600))
}

fn screen(board: &Board, size: (usize, usize), now: Instant) -> Vec<String> {
    view(board, size, now).iter().map(|line| line.text(false)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_job_alone_has_one_line_and_another_one_in_trouble() {
    let (good, now) = board([(ID, old().running())], 12).await;
    assert_eq!(screen(&good, (82, 24), now), [format!("⠋ {ID}  RUNNING  29m48s left  1h old  next poll in 8s")]);
    assert_eq!(screen(&good, (40, 24), now), ["⠋ ff80808…c24141a  RUNNING  29m48s left"]);

    let (bad, now) = board([(ID, old().running().then(Answer::http(429)))], 50).await;
    let lines = screen(&bad, (100, 24), now);
    assert!(lines[0].starts_with(&format!("⠋ {ID}  RUNNING  1h01m old  ")), "{lines:?}");
    let trouble = "  429 (too many requests) from the service for 40s, still trying, gives up in 9m10s";
    assert_eq!(lines[1..], [trouble]);
    let narrow = screen(&bad, (40, 24), now);
    assert!(narrow[0].contains("  RUNNING  ") && !narrow[0].ends_with('…'), "{narrow:?}");
    assert_eq!(narrow[1..], ["  429 for 40s, gives up in 9m10s"]);
}

#[tokio::test(start_paused = true)]
async fn columns_stand_below_each_other() {
    let jobs = [("a", old().init()), ("longer", old().running()), ("bad", Story::new().fails("no"))];
    let (board, now) = board(jobs, 3).await;
    let expected = [
        "⠋ a       INIT     1h old  next poll in ",
        "⠋ longer  RUNNING  1h old  next poll in ",
        "  29m57s left  1 of 3 jobs over, 1 failed",
    ];
    // They are asked one after another: the second a moment later.
    let lines = screen(&board, (80, 24), now);
    assert_eq!(lines.iter().map(|line| line.trim_end_matches(['7', '8', 's'])).collect::<Vec<_>>(), expected);
    let narrow = screen(&board, (36, 24), now);
    assert!(narrow[..2].iter().all(|line| line.contains("  1h old  poll ")), "{narrow:?}");
    let painted = view(&board, (80, 24), now)[2].text(true);
    assert_eq!(painted, "  29m57s left  \u{1b}[31m1 of 3 jobs over, 1 failed\u{1b}[0m");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_wider_or_higher_than_the_terminal() {
    let ids: Vec<String> = (0..30).map(|number| format!("{ID}{number:02}")).collect();
    let story = |number: usize| match number % 3 {
        0 => Story::new().then(Answer::status("正在执行主备倒换操作请稍候再试一次")),
        1 => Story::new().then(Answer::http(503)),
        _ => Story::new().running(),
    };
    let (board, now) = board(ids.iter().enumerate().map(|(number, id)| (id.as_str(), story(number))), 5).await;
    for columns in 1..200 {
        for rows in [1, 2, 3, 4, 5, 24, 100] {
            let lines = screen(&board, (columns, rows), now);
            assert!(lines.iter().all(|line| line.width() < columns), "{columns}: {lines:#?}");
            assert!(lines.len() <= rows && lines.len() <= MOST + 1, "{rows}: {lines:#?}");
        }
    }
    let lines = screen(&board, (200, 10), now);
    let sum = "  29m55s left  0 of 30 jobs over; 10 RUNNING, 10 正在执行主备倒换操作请稍候再试一次, 10 not seen yet; \
               10 in trouble: 503 from the service for 5s, still trying, gives up in 25s";
    assert_eq!((lines.len(), lines[6].as_str()), (7, sum));
}

#[test]
fn a_view_of_a_hundred_thousand_jobs_costs_no_more_than_one_of_a_few() {
    let now = Instant::now();
    let took = [100, 100_000].map(|count: usize| {
        let ids: Vec<String> = (0..count).map(|number| format!("job-{number}")).collect();
        let board = Board::new(&ids, LIMITS, now);
        let start = Instant::now();
        for _ in 0..100 {
            assert_eq!(view(&board, (80, 24), now).len(), MOST + 1);
        }
        start.elapsed()
    });
    // A look at each job would make it a thousand times.
    assert!(took[1] < took[0] * 20, "{took:?}");
}
