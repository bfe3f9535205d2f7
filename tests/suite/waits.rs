//! The library's wait: a future, a stream, and nothing left when it is dropped.

use std::time::Duration;

use dcs_wait::sandbox::{Answer, Story};
use dcs_wait::{Client, Error, Event, WaitForJob};
use futures_util::StreamExt as _;

use crate::support::{client, quick, requests, sandbox};

#[tokio::test]
async fn a_job_that_failed_is_an_error_that_carries_the_job() {
    let sandbox = sandbox([("job", Story::new().running().fails("no memory"))]).await;
    let client = client(&sandbox).build().unwrap();
    let Err(Error::JobFailed(job)) = quick(client.wait_for_job("job")).await else { panic!("not failed") };
    assert_eq!((job.id.as_str(), job.fail_reason.as_deref()), ("job", Some("no memory")));
}

#[tokio::test]
async fn each_event_is_given_before_the_pause_that_it_announces() {
    let sandbox = sandbox([("job", Story::new().running())]).await;
    let client = client(&sandbox).build().unwrap();
    let mut events = client
        .wait_for_job("job")
        .initial_interval(Duration::from_secs(3600))
        .max_interval(Duration::from_secs(3600))
        .events();
    let first = tokio::time::timeout(Duration::from_secs(5), events.next()).await.expect("before the pause of an hour");
    assert!(matches!(first, Some(Event::Status { next_poll, .. }) if next_poll > Duration::from_secs(1000)));
}

#[tokio::test]
async fn the_events_end_with_the_outcome() {
    let sandbox =
        sandbox([("job", Story::new().then(Answer::http(404)).then(Answer::hang_up()).init().succeeds())]).await;
    let client = client(&sandbox).build().unwrap();
    let events: Vec<Event> = quick(client.wait_for_job("job")).events().collect().await;
    assert!(
        matches!(
            &events[..],
            [
                Event::Status { job: None, polls: 1, .. },
                Event::Retry { error: Error::Transport(_), polls: 2, .. },
                Event::Status { job: Some(_), polls: 3, .. },
                Event::Outcome(outcome),
            ] if outcome.result.is_ok() && outcome.polls == 4 && outcome.job.is_some()
        ),
        "{events:?}"
    );
    assert!(events.iter().all(|event| event.job_id() == "job"));
}

#[tokio::test]
async fn nothing_is_sent_before_it_is_awaited() {
    let sandbox = sandbox([("job", Story::new().succeeds())]).await;
    let client = client(&sandbox).build().unwrap();
    let wait = client.wait_for_job("job");
    let events = wait.clone().events();
    let future = wait.into_future();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(sandbox.requests().len(), 0);
    drop((events, future));
}

#[tokio::test]
async fn dropping_it_stops_it() {
    let slow = Answer::status("RUNNING").after(Duration::from_millis(20));
    let sandbox = sandbox([("job", Story::new().then(slow))]).await;
    let client = client(&sandbox).build().unwrap();
    let waiting = tokio::spawn(quick(client.wait_for_job("job")).into_future());
    requests(&sandbox, 3).await;
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    let before = sandbox.requests().len();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(sandbox.requests().len(), before);
}

#[test]
fn no_task_outlives_a_wait_and_its_client() {
    // The sandbox has a runtime of its own: the tasks that are counted are those of the wait.
    let server = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let slow = Answer::status("RUNNING").after(Duration::from_millis(50));
    let sandbox = server.block_on(sandbox([("job", Story::new().then(slow))]));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = client(&sandbox).build().unwrap();
        let wait = quick(client.wait_for_job("job")).into_future();
        // In the middle of a request.
        assert!(tokio::time::timeout(Duration::from_millis(120), wait).await.is_err());
        drop(client);
        let metrics = tokio::runtime::Handle::current().metrics();
        for _ in 0..100 {
            if metrics.num_alive_tasks() == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{} tasks are left", metrics.num_alive_tasks());
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_works_on_a_runtime_of_many_threads_and_is_send() {
    fn goes_everywhere<T: Send + 'static>(value: T) -> T {
        value
    }
    let sandbox = sandbox([("job", Story::new().running().succeeds())]).await;
    let client: Client = goes_everywhere(client(&sandbox).build().unwrap());
    let wait: WaitForJob = goes_everywhere(quick(client.wait_for_job("job")));
    let events = goes_everywhere(wait.clone().events());
    let (job, events) = tokio::join!(tokio::spawn(goes_everywhere(wait.into_future())), events.collect::<Vec<_>>());
    assert!(job.unwrap().is_ok() && !events.is_empty());
}

#[tokio::test]
async fn waits_can_share_a_deadline() {
    let sandbox = sandbox([("one", Story::new().running()), ("two", Story::new().running())]).await;
    let client = client(&sandbox).build().unwrap();
    let deadline = std::time::Instant::now() + Duration::from_millis(100);
    let wait = |id| quick(client.wait_for_job(id)).deadline(deadline).into_future();
    let (one, two) = tokio::join!(wait("one"), wait("two"));
    assert!(matches!((one, two), (Err(Error::TimedOut(_)), Err(Error::TimedOut(_)))));
    assert!(std::time::Instant::now() >= deadline);
}
