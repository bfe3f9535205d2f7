//! Keys that are replaced, wrong or found again, and whose word about the time counts.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use dcs_wait::sandbox::{ACCESS_KEY, Answer, PROJECT_ID, SECRET_KEY, Sandbox, Story};
use dcs_wait::{Client, Credentials, CredentialsSource, Login, Lookup};
use futures_util::future::join_all;

use crate::home::{Home, PROFILE, profile};
use crate::support::{answered, kind, quick, requests, sandbox};

/// The refusals if the key is replaced at the service in the middle of so many waits, by one that `source` has then and `tell`
/// has told it. Nothing is in flight then: what is would be refused as well.
async fn refusals_of_a_replaced_key(
    count: usize,
    source: impl CredentialsSource + 'static,
    tell: impl FnOnce(&'static str),
) -> usize {
    let sandbox = Sandbox::without_sockets();
    let long = Story::new().running().lasting(Duration::from_secs(10)).succeeds();
    let ids: Vec<String> = (0..count).map(|_| sandbox.start_job(long.clone())).collect();
    let client = sandbox.client_with(source).project_id(PROJECT_ID).max_rate(100.0).build().unwrap();
    let waits = join_all(ids.iter().map(|id| quick(client.wait_for_job(id)).into_future()));
    let replace = async {
        requests(&sandbox, count + 3).await;
        tell("anotherSecret");
        sandbox.accept_only(Credentials::key(ACCESS_KEY, "anotherSecret").unwrap());
    };
    let (results, ()) = tokio::join!(waits, replace);
    assert!(results.iter().all(Result::is_ok), "{:?}", results.iter().find(|result| result.is_err()));
    assert!(!sandbox.is_locked());
    answered(&sandbox, 401)
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_replaced_in_its_file_costs_one_refusal_however_many_jobs_there_are() {
    for count in [1, 20, 500] {
        let home = Home::new(PROFILE, &profile(SECRET_KEY));
        let found = Lookup::new().environment(home.environment()).find().unwrap();
        let tell = |secret_key| home.write(PROFILE, &profile(secret_key));
        assert_eq!(refusals_of_a_replaced_key(count, found, tell).await, 1, "{count} jobs");
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_asks_with_a_key_that_was_refused_while_its_source_takes_its_time() {
    let secret = Arc::new(Mutex::new(SECRET_KEY));
    let known = Arc::clone(&secret);
    let source = move || {
        let known = Arc::clone(&known);
        async move {
            tokio::time::sleep(Duration::from_secs(3)).await;
            let secret = *known.lock().unwrap();
            Ok(Login::from(Credentials::key(ACCESS_KEY, secret)?))
        }
    };
    let tell = |secret_key| *secret.lock().unwrap() = secret_key;
    assert_eq!(refusals_of_a_replaced_key(500, source, tell).await, 1);
}

#[tokio::test]
async fn a_wrong_key_or_a_wrong_clock_costs_one_refusal_with_500_jobs() {
    for (secret_key, ahead, refusals) in [("wrong", 0, 1), ("wrong", 3600, 2), (SECRET_KEY, 3600, 1)] {
        let sandbox = sandbox([]).await;
        sandbox.set_clock_ahead(ahead);
        let ids: Vec<String> = (0..500).map(|_| sandbox.start_job(Story::new().succeeds())).collect();
        let client = Client::builder(Credentials::key(ACCESS_KEY, secret_key).unwrap()).project_id(PROJECT_ID);
        let client = client.endpoint(sandbox.endpoint()).max_rate(1000.0).build().unwrap();
        let results = join_all(ids.iter().map(|id| quick(client.wait_for_job(id)).into_future())).await;
        assert_eq!(results.iter().all(Result::is_ok), secret_key == SECRET_KEY);
        assert_eq!(answered(&sandbox, 401), refusals, "{secret_key}, {ahead} s");
        assert!(!sandbox.is_locked());
    }
}

#[tokio::test]
async fn a_key_found_bad_is_good_again_when_the_file_has_another() {
    let sandbox = sandbox([("job", Story::new().running().succeeds())]).await;
    let home = Home::new(PROFILE, &profile("wrong"));
    let found = Lookup::new().environment(home.environment()).find().unwrap();
    let client = Client::builder(found).endpoint(sandbox.endpoint()).build().unwrap();
    assert_eq!(kind(&client.wait_for_job("job").await), "denied");
    assert_eq!(kind(&client.wait_for_job("job").await), "denied");
    assert_eq!(sandbox.requests().len(), 1, "no request, as long as it is the same");
    home.write(PROFILE, &profile(SECRET_KEY));
    assert_eq!(kind(&quick(client.wait_for_job("job")).await), "succeeded");
}

#[tokio::test]
async fn a_date_from_a_proxy_or_an_absurd_one_repairs_nothing() {
    let refusal = || Answer::http(401).body(r#"{"error_code":"APIG.0301","error_msg":"…"}"#);
    let hour_ago = httpdate::fmt_http_date(std::time::SystemTime::now() - Duration::from_secs(3600));
    for refusal in [
        refusal().header("Date", hour_ago.clone()).header("Via", "1.1 proxy"),
        refusal().header("Date", hour_ago).header("Age", "3600"),
        refusal().header("Date", "Thu, 01 Jan 1970 00:00:00 GMT"),
        refusal().header("Date", "yesterday"),
    ] {
        let sandbox = sandbox([("job", Story::new().then(refusal))]).await;
        assert_eq!(kind(&sandbox.client().build().unwrap().job("job").await), "denied");
        assert_eq!(sandbox.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_closure_is_a_source_of_your_own() {
    let sandbox = sandbox([("job", Story::new().succeeds())]).await;
    let vault = || async { Ok(Login::from(Credentials::key(ACCESS_KEY, SECRET_KEY)?)) };
    let client = Client::builder(vault).endpoint(sandbox.endpoint()).project_id(PROJECT_ID).build().unwrap();
    assert_eq!(kind(&client.wait_for_job("job").await), "succeeded");
    let broken = || async { Credentials::key("", "").map(Login::from) };
    let client = Client::builder(broken).endpoint(sandbox.endpoint()).project_id(PROJECT_ID).build().unwrap();
    assert_eq!(kind(&client.wait_for_job("job").await), "invalid");
}
