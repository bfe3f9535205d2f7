//! `--expect`: what is told about it is what is done.

use std::time::Duration;

use dcs_wait::sandbox::{Sandbox, Story};
use dcs_wait::{Error, Event};
use futures_util::StreamExt as _;

use crate::support::{command, finish, run, sandbox};

const HOUR: Duration = Duration::from_secs(3600);
/// The pauses of the defaults.
const PLAIN: &str = "--initial-interval 1s --max-interval 10s";

#[tokio::test]
async fn explain_tells_the_schedule_the_longest_lateness_and_the_requests() {
    let sandbox = sandbox([]).await;
    let text = run(&sandbox, &format!("--explain --expect 2h -t 3h {PLAIN}")).await.stdout;
    for line in [
        "polls at     0.0s, 1.0s, 2.5s, 4.5s, 7.3s, 11s, 16s, 24s …; pauses spread by ±10%, up to 1m43s, shortest around 2h",
        "lateness     if the service answers, the end of a job is seen at most 1m43s late, after 2h at most 10s late",
        "requests     about 1247 for a job in 3h",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line}\n{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_polls_are_those_that_are_told() {
    let sandbox = Sandbox::without_sockets();
    let id = sandbox.start_job(Story::new().running());
    let wait = sandbox.client().build().unwrap().wait_for_job(id).expect(2 * HOUR).jitter(0.0).timeout(3 * HOUR);
    let (pauses, longest) = (wait.pauses(), wait.longest_pause());
    assert!(matches!(wait.await, Err(Error::TimedOut(_))));
    let requests = sandbox.requests();
    assert_eq!(requests.len(), 1247, "as many as --explain tells");
    let gaps: Vec<Duration> = requests.windows(2).map(|pair| pair[1].at - pair[0].at).collect();
    let (last, gaps) = gaps.split_last().unwrap();
    for (gap, pause) in gaps.iter().zip(pauses) {
        // Timers have a resolution of a millisecond, and the age is counted by the clock.
        assert!(gap.abs_diff(pause) < Duration::from_millis(20), "{gap:?} is not {pause:?}");
    }
    let most = gaps.iter().max().unwrap();
    assert!(*last <= Duration::from_secs(10) && *most <= longest && *most > longest / 2, "{most:?} {longest:?}");
}

#[tokio::test(start_paused = true)]
async fn it_counts_from_the_beginning_of_the_job() {
    let sandbox = Sandbox::without_sockets();
    let client = sandbox.client().build().unwrap();
    for (age, pauses) in [(2 * HOUR, 3.5..=4.5), (Duration::ZERO, 0.9..=1.1)] {
        let id = sandbox.start_job(Story::new().aged(age).running());
        let mut events = client.wait_for_job(&id).expect(2 * HOUR).events();

        let Some(Event::Status { next_poll, .. }) = events.next().await else { panic!("no status") };
        assert!(pauses.contains(&next_poll.as_secs_f64()), "{id}: {next_poll:?}");
    }
}

#[tokio::test]
async fn it_is_part_of_the_command_that_takes_up_the_wait_again() {
    let sandbox = sandbox([("endless", Story::new().running())]).await;
    let run = run(&sandbox, "endless -t 50ms --expect 10m").await;
    assert!(run.stderr.ends_with("again: dcs-wait --timeout 50ms --expect 10m endless\n"), "{}", run.stderr);
}

#[tokio::test]
async fn it_has_a_variable_and_must_be_more_than_nothing() {
    let sandbox = sandbox([]).await;
    let explained = finish(command(&sandbox, "--explain").env("DCS_WAIT_EXPECT", "2h")).await;
    assert!(explained.stdout.contains("shortest around 2h"), "{}", explained.stdout);
    let refused = run(&sandbox, "job --expect 0s").await;
    assert_eq!(refused.stderr, "dcs-wait: error: --expect: 0ns is not between 1ms and a year\n");
    assert_eq!((refused.status, sandbox.requests().len()), (2, 0));
}
