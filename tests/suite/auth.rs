//! Keys and clocks: never more than two refusals, whatever number of jobs.

use std::time::Duration;

use dcs_wait::sandbox::{ACCESS_KEY, Answer, Sandbox, Story};
use dcs_wait::{Client, Credentials};
use futures_util::future::join_all;

use crate::support::{answered, client, command, finish, kind, quick, run, sandbox};

async fn twenty(story: Story) -> (Sandbox, Vec<String>) {
    let sandbox = sandbox([]).await;
    let ids = (0..20).map(|_| sandbox.start_job(story.clone())).collect();
    (sandbox, ids)
}

#[tokio::test]
async fn a_wrong_key_costs_one_request_whatever_the_number_of_jobs() {
    for count in [1, 20] {
        let (sandbox, ids) = twenty(Story::new().succeeds()).await;
        let run = finish(command(&sandbox, &ids[..count].join(" ")).env("HUAWEICLOUD_SDK_SK", "anotherSecret")).await;
        assert_eq!(run.status, 3, "{}", run.stderr);
        assert_eq!(run.stdout.lines().filter(|line| line.ends_with("  denied")).count(), count);
        assert_eq!(sandbox.requests().len(), 1);
        assert!(!sandbox.is_locked());
    }
}

#[tokio::test]
async fn a_clock_that_is_an_hour_off_is_repaired_with_one_refusal() {
    for ahead in [3600, -3600] {
        for count in [1, 20] {
            let (sandbox, ids) = twenty(Story::new().running().succeeds()).await;
            sandbox.set_clock_ahead(ahead);
            let run = run(&sandbox, &ids[..count].join(" ")).await;
            assert_eq!(run.status, 0, "{}", run.stderr);
            assert_eq!(answered(&sandbox, 401), 1, "{count} jobs, {ahead} s");
            assert!(run.stderr.contains("the clock is wrong, signing with the service's time"), "{}", run.stderr);
        }
    }
}

#[tokio::test]
async fn a_wrong_key_and_a_wrong_clock_cost_two_requests() {
    let (sandbox, ids) = twenty(Story::new().succeeds()).await;
    sandbox.set_clock_ahead(3600);
    let run = finish(command(&sandbox, &ids.join(" ")).env("HUAWEICLOUD_SDK_SK", "anotherSecret")).await;
    assert_eq!(run.status, 3);
    assert_eq!(sandbox.requests().len(), 2);
}

#[tokio::test]
async fn a_clock_that_drifts_later_is_repaired_again() {
    let sandbox = sandbox([("job", Story::new().running())]).await;
    let client = client(&sandbox).build().unwrap();
    for ahead in [0, 3600, -3600, 0] {
        sandbox.set_clock_ahead(ahead);
        assert_eq!(kind(&client.job("job").await), "succeeded");
        assert_eq!(kind(&client.job("job").await), "succeeded");
    }
    assert_eq!(answered(&sandbox, 401), 3);
}

#[tokio::test]
async fn waits_that_meet_a_refusal_side_by_side_add_only_what_is_in_flight() {
    let slow = || Answer::status("RUNNING").after(Duration::from_millis(30));
    let (sandbox, ids) = twenty(Story::new().then(slow()).lasting(Duration::from_millis(400)).succeeds()).await;
    // More than five in flight would lock the key before anybody could do anything about it.
    let ids = &ids[..4];
    let client = client(&sandbox).build().unwrap();
    let waits = join_all(ids.iter().map(|id| quick(client.wait_for_job(id)).into_future()));
    let shift = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        sandbox.set_clock_ahead(7200);
    };
    let (results, ()) = tokio::join!(waits, shift);
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert!((1..=4).contains(&answered(&sandbox, 401)), "one each at the most");
    assert!(!sandbox.is_locked());
}

#[tokio::test]
async fn a_key_found_bad_ends_every_later_wait_without_a_request() {
    let sandbox = sandbox([("job", Story::new().running())]).await;
    let client = client(&sandbox).build().unwrap();
    let endless = tokio::spawn(quick(client.wait_for_job("job")).into_future());
    crate::support::requests(&sandbox, 3).await;
    sandbox.accept_only(Credentials::key("ANOTHERKEY0000000000", "another").unwrap());
    assert_eq!(kind(&endless.await.unwrap()), "denied");
    let before = sandbox.requests().len();
    assert_eq!(kind(&client.wait_for_job("job").await), "denied");
    assert_eq!(kind(&client.clone().job("job").await), "denied");
    assert_eq!(sandbox.requests().len(), before);
}

#[tokio::test]
async fn a_dead_service_does_not_make_one_wait_for_anothers_time_out() {
    let dead = Answer::status("RUNNING").after(Duration::from_secs(60));
    let (sandbox, ids) = twenty(Story::new().then(dead).succeeds()).await;
    let client = client(&sandbox).request_timeout(Duration::from_millis(400)).build().unwrap();
    let start = std::time::Instant::now();
    let results = join_all(ids.iter().map(|id| quick(client.wait_for_job(id)).into_future())).await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    // One after another it would be at least 20 times 400 ms.
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[tokio::test]
async fn temporary_keys_and_tokens_are_sent_as_the_service_wants_them() {
    let sandbox = sandbox([("job", Story::new().succeeds())]).await;
    for credentials in [
        Credentials::temporary_key("TEMPORARY00000000KEY", "itsSecret", "itsToken/With+Signs==").unwrap(),
        Credentials::token("MIIFexample+Token==").unwrap(),
    ] {
        sandbox.accept_only(credentials);
        assert_eq!(kind(&sandbox.client().build().unwrap().job("job").await), "succeeded");
    }
    let last = &sandbox.requests()[1].headers;
    assert!(last.iter().any(|(name, value)| name == "x-auth-token" && value == "MIIFexample+Token=="));
    assert!(!last.iter().any(|(name, _)| name == "authorization"), "a token is not signed with");
}

#[tokio::test]
async fn a_refused_token_is_not_repaired_by_the_clock() {
    let sandbox = sandbox([]).await;
    sandbox.set_clock_ahead(3600);
    let client = Client::builder(Credentials::token("another").unwrap()).endpoint(sandbox.endpoint()).project_id("p");
    assert_eq!(kind(&client.build().unwrap().job("job").await), "denied");
    assert_eq!(sandbox.requests().len(), 1);
}

#[tokio::test]
async fn the_sandbox_locks_a_key_after_more_than_five_failures() {
    let sandbox = sandbox([("job", Story::new().succeeds())]).await;
    let wrong = || sandbox.client().max_rate(1000.0);
    for _ in 0..6 {
        assert!(!sandbox.is_locked());
        let client = Client::builder(Credentials::key(ACCESS_KEY, "wrong").unwrap()).endpoint(sandbox.endpoint());
        assert_eq!(kind(&client.project_id("p").build().unwrap().job("job").await), "denied");
    }
    assert!(sandbox.is_locked());
    assert_eq!(kind(&wrong().build().unwrap().job("job").await), "denied", "the right key is locked out too");
}

#[tokio::test]
async fn a_refusal_whose_body_is_cut_or_never_comes_is_a_refusal() {
    let refusal = || Answer::http(401).body(r#"{"error_code":"APIG.0301","error_msg":"…"}"#);
    for refusal in [refusal().cut(), refusal().stalled()] {
        let (sandbox, ids) = twenty(Story::new().then(refusal)).await;
        let client = client(&sandbox).request_timeout(Duration::from_millis(300)).build().unwrap();
        let results = join_all(ids.iter().map(|id| quick(client.wait_for_job(id)).into_future())).await;
        assert!(results.iter().all(|result| kind(result) == "denied"), "{results:?}");
        assert_eq!(sandbox.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_repaired_clock_costs_no_first_look_its_turn() {
    let (sandbox, ids) = twenty(Story::new().succeeds()).await;
    sandbox.set_clock_ahead(3600);
    // The second request, after the repair, has its turn more than 5 s after the deadline.
    let run = run(&sandbox, &format!("{} -t 0 --max-rate 0.17", ids[0])).await;
    assert_eq!(run.status, 0, "{}", run.stderr);
}

#[tokio::test]
async fn a_wait_that_is_not_polled_any_more_holds_nobody_up() {
    use futures_util::StreamExt as _;

    let sandbox = sandbox([("one", Story::new().running().succeeds()), ("two", Story::new().succeeds())]).await;
    let client = client(&sandbox).request_timeout(Duration::from_millis(500)).build().unwrap();
    let mut forgotten = quick(client.wait_for_job("one")).events();
    // In the middle of the first request, which goes alone.
    assert!(tokio::time::timeout(Duration::ZERO, forgotten.next()).await.is_err());
    assert_eq!(kind(&quick(client.wait_for_job("two")).await), "succeeded");
    assert_eq!(kind(&client.job("two").await), "succeeded");
}
