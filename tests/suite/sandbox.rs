//! The sandbox without sockets is the one with sockets, but for time; and what any sandbox can be told to do.

use std::time::Duration;

use dcs_wait::sandbox::{ACCESS_KEY, Answer, PROJECT_ID, Quota, Request, SECRET_KEY, Sandbox, Story};
use dcs_wait::{Client, Credentials, Error, Job, TransportErrorKind};
use tokio::time::{Instant, advance};

use crate::support::{answered, client, kind, quick, sandbox};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A sandbox without sockets with one job, and a client of it.
fn with_job(story: Story) -> (Sandbox, Client) {
    let sandbox = Sandbox::without_sockets();
    sandbox.add_job("job", story);
    let client = client(&sandbox).build().unwrap();
    (sandbox, client)
}

fn transport_error<T>(result: Result<T, Error>) -> Option<TransportErrorKind> {
    match result {
        Err(Error::Transport(error)) => Some(error.kind),
        _ => None,
    }
}

/// What is the same by either way: of transport errors, the kind; the rest to the letter, but for times.
fn gist(result: Result<Job, Error>) -> String {
    match result {
        Ok(job) => format!("{} {:?} {:?}", job.status_text(), job.job_type, job.fail_reason),
        Err(Error::Transport(error)) => format!("{:?}", error.kind),
        Err(error) => format!("{error:?}").split("service_time").next().unwrap_or_default().to_owned(),
    }
}

#[tokio::test]
async fn without_sockets_every_answer_is_what_it_is_with_them() {
    let length = 1 << 20;
    for answer in [
        Answer::status("SUCCESS"),
        Answer::http(204),
        Answer::http(302).header("Location", "/"),
        Answer::http(401).body(r#"{"error_code":"APIG.0301"}"#).cut(),
        Answer::http(401).body(r#"{"error_code":"APIG.0301"}"#).stalled(),
        Answer::http(403).header("X-Request-Id", "mine"),
        Answer::http(407),
        Answer::http(429).header("Retry-After", "7"),
        Answer::http(503).body("<html>"),
        Answer::http(200).body(vec![b' '; length]),
        Answer::http(200).body(vec![b' '; length + 1]),
        Answer::status("FAIL").after(Duration::from_millis(20)),
        Answer::status("FAIL").after(seconds(60)),
        Answer::status("FAIL").cut(),
        Answer::status("FAIL").stalled(),
        Answer::hang_up(),
    ] {
        let story = Story::new().then(answer);
        let mut gists = Vec::new();
        for sandbox in [sandbox([]).await, Sandbox::without_sockets()] {
            sandbox.add_job("job", story.clone());
            let client = client(&sandbox).request_timeout(Duration::from_millis(300)).build().unwrap();
            let missing = client.job("missing").await;
            gists.push((gist(missing), gist(client.job("job").await), sandbox.requests()[1].status));
        }
        assert_eq!(gists[0], gists[1]);
    }
}

#[tokio::test]
async fn without_sockets_the_request_is_what_it_is_with_them() {
    async fn request(sandbox: &Sandbox, credentials: Credentials) -> Request {
        sandbox.accept_only(credentials);
        assert_eq!(kind(&sandbox.client().build().unwrap().job("job").await), "not found");
        sandbox.requests().remove(0)
    }
    for credentials in [
        Credentials::key(ACCESS_KEY, SECRET_KEY).unwrap(),
        Credentials::temporary_key(ACCESS_KEY, SECRET_KEY, "itsToken==").unwrap(),
        Credentials::token("aToken").unwrap(),
    ] {
        let with = request(&sandbox([]).await, credentials.clone()).await;
        let without = request(&Sandbox::without_sockets(), credentials).await;
        assert_eq!(with.path, without.path);
        // Hosts differ by their port, and signatures with them.
        let same = |(name, value): &(String, String)| match name.as_str() {
            "authorization" => (name.clone(), value.split("Signature=").next().unwrap().to_owned()),
            "host" => (name.clone(), value.split(':').next().unwrap().to_owned()),
            "x-sdk-date" => (name.clone(), value.len().to_string()),
            _ => (name.clone(), value.clone()),
        };
        let headers = |request: &Request| request.headers.iter().map(same).collect::<Vec<_>>();
        assert_eq!(headers(&with), headers(&without));
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_of_hours_takes_no_time() {
    let (sandbox, client) = with_job(Story::new().running().until(seconds(7200)).succeeds());
    let (start, real) = (Instant::now(), std::time::Instant::now());
    client.wait_for_job("job").max_interval(seconds(10)).timeout(seconds(8000)).await.unwrap();
    assert!((seconds(7200)..seconds(7212)).contains(&start.elapsed()), "{:?}", start.elapsed());
    assert!(real.elapsed() < seconds(60), "{:?}", real.elapsed());
    let requests = sandbox.requests();
    assert!(requests.last().unwrap().at - requests[0].at >= seconds(7200), "requests tell tokio's time");
}

#[tokio::test(start_paused = true)]
async fn a_delay_and_the_time_limit_of_a_request_are_exact() {
    let (_sandbox, client) = with_job(Story::new().then(Answer::status("RUNNING").after(seconds(9))).times(1).init());
    let start = Instant::now();
    assert_eq!(client.job("job").await.unwrap().status_text(), "RUNNING");
    assert_eq!(start.elapsed().as_secs(), 9);
    for answer in [Answer::status("RUNNING").after(seconds(60)), Answer::status("RUNNING").stalled()] {
        let (_sandbox, client) = with_job(Story::new().then(answer));
        let start = Instant::now();
        assert_eq!(transport_error(client.job("job").await), Some(TransportErrorKind::Timeout));
        assert_eq!(start.elapsed().as_secs(), 10);
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_is_locked_for_five_minutes_of_the_paused_clock() {
    let (sandbox, _) = with_job(Story::new().succeeds());
    for _ in 0..6 {
        assert!(!sandbox.is_locked());
        let wrong = sandbox.client_with(Credentials::key(ACCESS_KEY, "wrong").unwrap()).project_id(PROJECT_ID);
        assert_eq!(kind(&wrong.build().unwrap().job("job").await), "denied");
    }
    advance(seconds(299)).await;
    assert!(sandbox.is_locked());
    assert_eq!(kind(&sandbox.client().build().unwrap().job("job").await), "denied");
    advance(seconds(1)).await;
    assert!(!sandbox.is_locked());
    assert_eq!(kind(&sandbox.client().build().unwrap().job("job").await), "succeeded");
}

#[tokio::test(start_paused = true)]
async fn the_project_is_looked_up_without_sockets() {
    let (sandbox, _) = with_job(Story::new().succeeds());
    sandbox.set_projects([(PROJECT_ID, "cn-north-4"), ("another", "cn-north-1")]);
    let client = sandbox.client_with(sandbox.credentials()).region("cn-north-4").build().unwrap();
    assert_eq!(kind(&client.wait_for_job("job").await), "succeeded");
    let paths: Vec<String> = sandbox.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/v3/projects?name=cn-north-4".to_owned(), format!("/v2/{PROJECT_ID}/jobs/job")]);
}

#[tokio::test]
async fn a_client_whose_sandbox_without_sockets_is_gone_cannot_connect() {
    let (sandbox, client) = with_job(Story::new().then(Answer::status("RUNNING").after(Duration::from_millis(50))));
    let (in_flight, ()) = tokio::join!(client.job("job"), async { drop(sandbox) });
    assert_eq!(in_flight.unwrap().status_text(), "RUNNING", "its answer was on the way");
    assert_eq!(transport_error(client.job("job").await), Some(TransportErrorKind::Connect));
}

#[tokio::test(start_paused = true)]
async fn a_request_over_the_quota_is_refused_and_advances_no_story() {
    let (sandbox, _) = with_job(Story::new().init().running().succeeds());
    sandbox.set_quota(Some(Quota::new(60, seconds(60)).burst(1).retry_after()));
    // A client that was refused may slow down: each request is one of another client.
    let status = || async {
        let job = client(&sandbox).build()?.job("job").await?;
        Ok::<_, Error>(job.status_text().to_owned())
    };
    assert_eq!(status().await.unwrap(), "INIT");
    let error = status().await.unwrap_err();
    let refused = error.service().unwrap();
    assert_eq!((refused.http_status, refused.code.as_deref()), (429, Some("APIG.0308")));
    assert_eq!(refused.retry_after, Some(seconds(1)));
    assert!(refused.message.as_deref().unwrap().ends_with("policy user over ratelimit,limit:60,time:1 minute"));
    advance(seconds(1)).await;
    assert_eq!(status().await.unwrap(), "RUNNING");
    assert!(status().await.is_err());
    sandbox.set_quota(None);
    assert_eq!(status().await.unwrap(), "SUCCESS");
}

#[tokio::test(start_paused = true)]
async fn only_requests_about_jobs_by_accepted_keys_count_against_the_quota() {
    let (sandbox, client) = with_job(Story::new().succeeds());
    sandbox.set_projects([(PROJECT_ID, "cn-north-4")]);
    sandbox.set_quota(Some(Quota::new(1, seconds(60))));
    let wrong = sandbox.client_with(Credentials::key("ANOTHER", "wrong").unwrap()).project_id(PROJECT_ID);
    assert_eq!(kind(&wrong.build().unwrap().job("job").await), "denied");
    let stranger = sandbox.client_with(sandbox.credentials()).region("cn-north-4").build().unwrap();
    assert_eq!(stranger.project_id().await.unwrap(), PROJECT_ID);
    assert_eq!(kind(&client.job("job").await), "succeeded");
    assert_eq!(kind(&client.job("missing").await), "unavailable");
}

#[tokio::test(start_paused = true)]
async fn an_outage_answers_every_request_about_a_job_until_it_is_over() {
    let (sandbox, client) = with_job(Story::new().init().succeeds());
    sandbox.set_projects([(PROJECT_ID, "cn-north-4")]);
    assert_eq!(client.job("job").await.unwrap().status_text(), "INIT");
    let wrong = sandbox.client_with(Credentials::key(ACCESS_KEY, "wrong").unwrap()).project_id(PROJECT_ID);
    let stranger = sandbox.client_with(sandbox.credentials()).region("cn-north-4").build().unwrap();

    sandbox.set_outage(Some(Answer::http(503).body(r#"{"error_code":"APIG.0201"}"#)));
    for (id, client) in [("job", &client), ("missing", &client), ("job", &wrong.build().unwrap())] {
        let error = client.job(id).await.unwrap_err();
        assert_eq!(error.service().and_then(|error| error.code.as_deref()), Some("APIG.0201"), "{id}");
    }
    assert_eq!(stranger.project_id().await.unwrap(), PROJECT_ID, "IAM is another service");
    sandbox.set_outage(Some(Answer::hang_up()));
    assert_eq!(transport_error(client.job("job").await), Some(TransportErrorKind::Interrupted));
    sandbox.set_outage(None);
    assert_eq!(client.job("job").await.unwrap().status_text(), "SUCCESS");
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_minutes_is_borne() {
    let (sandbox, client) = with_job(Story::new().running().until(seconds(60)).succeeds());
    let outage = async {
        tokio::time::sleep(seconds(30)).await;
        sandbox.set_outage(Some(Answer::hang_up()));
        tokio::time::sleep(seconds(300)).await;
        sandbox.set_outage(None);
    };
    let start = Instant::now();
    let (result, ()) = tokio::join!(client.wait_for_job("job").into_future(), outage);
    assert_eq!(kind(&result), "succeeded");
    assert!((seconds(330)..seconds(361)).contains(&start.elapsed()), "{:?}", start.elapsed());
}

#[tokio::test]
async fn quotas_and_outages_hold_with_sockets_too() {
    let sandbox = sandbox([("job", Story::new().running().times(2).succeeds())]).await;
    sandbox.set_quota(Some(Quota::new(1000, seconds(1)).burst(1)));
    sandbox.set_outage(Some(Answer::http(502)));
    let client = client(&sandbox).build().unwrap();
    assert_eq!(kind(&client.job("job").await), "unavailable");
    sandbox.set_outage(None);
    assert_eq!(kind(&quick(client.wait_for_job("job")).await), "succeeded");
    assert_eq!((answered(&sandbox, 502), answered(&sandbox, 200)), (1, 3));
}

#[tokio::test]
async fn headers_are_recorded_unless_they_are_not_wanted() {
    let (sandbox, client) = with_job(Story::new().running());
    for record in [true, false, true] {
        sandbox.record_headers(record);
        client.job("job").await.unwrap();
    }
    let requests = sandbox.requests();
    assert_eq!([0, 1, 2].map(|n| requests[n].headers.is_empty()), [false, true, false]);
    assert_eq!((&requests[1].path, requests[1].status), (&requests[0].path, Some(200)));
}
