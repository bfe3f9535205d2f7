//! The agency of an instance.

use std::time::{Duration, Instant};

use dcs_wait::sandbox::{Answer, PROJECT_ID, Sandbox, Story};
use dcs_wait::{Client, Credentials, Error, Found, Lookup, SourceKind};

use crate::support::{answered, kind, quick, requests, sandbox};

fn agency() -> Credentials {
    Credentials::temporary_key("AGENCY0000000000KEY1", "itsSecretKey", "itsSecurityToken").unwrap()
}

fn metadata(sandbox: &Sandbox) -> Found {
    Lookup::new().only(SourceKind::Metadata).metadata_endpoint(sandbox.endpoint()).find().unwrap()
}

fn of_agency(sandbox: &Sandbox) -> Client {
    let client = Client::builder(metadata(sandbox)).endpoint(sandbox.endpoint()).project_id(PROJECT_ID);
    client.max_rate(1000.0).build().unwrap()
}

#[tokio::test]
async fn the_agency_of_an_instance_gives_temporary_keys_by_both_versions() {
    for version in [2, 1] {
        let sandbox = sandbox([("job", Story::new().running().succeeds())]).await;
        sandbox.accept_only(agency());
        sandbox.set_agency(agency(), Duration::from_secs(86_400));
        if version == 1 {
            sandbox.answer_at("/meta-data/latest/api/token", Answer::http(404));
        }
        assert_eq!(kind(&quick(of_agency(&sandbox).wait_for_job("job")).await), "succeeded");
        let paths: Vec<String> = sandbox.requests().into_iter().map(|request| request.path).take(2).collect();
        assert_eq!(paths, ["/meta-data/latest/api/token", "/openstack/latest/securitykey"]);
        assert_eq!(sandbox.requests().len(), 4, "asked once");
    }
}

#[tokio::test]
async fn whatever_the_metadata_service_answers_is_an_error_that_names_it() {
    let token = "/meta-data/latest/api/token";
    let key = "/openstack/latest/securitykey";
    let cases = [
        (key, Answer::http(404), "is an agency with the permission dcs:job:get attached to this instance?"),
        (key, Answer::http(500), "securitykey: HTTP 500"),
        (key, Answer::http(302).header("Location", "http://127.0.0.1:1/"), "securitykey: HTTP 302"),
        (key, Answer::http(200).body("garbage"), "an answer that holds no key"),
        (key, Answer::http(200).body(r#"{"credential":{"access":"A"}}"#), "an answer that holds no key"),
        (key, Answer::http(200).body(vec![b'x'; 10 << 20]), "securitykey: an answer of more than 1 MiB"),
        (token, Answer::http(400), "token: HTTP 400"),
        (token, Answer::http(200).body("two words"), "an answer that is no token"),
        (token, Answer::hang_up(), "answer cut short"),
    ];
    for (path, answer, problem) in cases {
        let sandbox = sandbox([]).await;
        sandbox.set_agency(agency(), Duration::from_secs(86_400));
        sandbox.answer_at(path, answer);
        let error = of_agency(&sandbox).ready().await.unwrap_err();
        let shown = error.to_string();
        assert!(matches!(error, Error::Invalid(_)), "{shown}");
        assert!(
            shown.contains("instance metadata at http://127.0.0.1:") && shown.contains(problem),
            "{problem}: {shown}"
        );
    }
}

#[tokio::test]
async fn a_metadata_service_that_is_slow_is_given_up_after_3_s() {
    let sandbox = sandbox([]).await;
    sandbox.answer_at("/meta-data/latest/api/token", Answer::http(200).after(Duration::from_secs(60)));
    let start = Instant::now();
    let error = of_agency(&sandbox).ready().await.unwrap_err().to_string();
    assert!(error.contains("no answer in time"), "{error}");
    assert!((3.0..4.5).contains(&start.elapsed().as_secs_f64()), "{:?}", start.elapsed());
}

#[tokio::test]
async fn an_agencys_key_is_renewed_in_the_middle_of_a_wait_without_a_refusal() {
    let sandbox = sandbox([("job", Story::new().running().times(20).succeeds())]).await;
    sandbox.accept_only(agency());
    // A third of its life is left after a second.
    sandbox.set_agency(agency(), Duration::from_millis(1500));
    let client = of_agency(&sandbox);
    let wait = client.wait_for_job("job").initial_interval(Duration::from_millis(100)).multiplier(1.0);
    let waiting = tokio::spawn(wait.into_future());
    requests(&sandbox, 4).await;
    let next = Credentials::temporary_key("AGENCY0000000000KEY2", "itsSecretKey", "itsSecurityToken").unwrap();
    sandbox.set_agency(next.clone(), Duration::from_secs(86_400));
    while !sandbox.requests().iter().any(|request| request.headers.iter().any(|(_, value)| value.contains("KEY2"))) {
        tokio::time::sleep(Duration::from_millis(5)).await;
        if sandbox.requests().iter().filter(|request| request.path.ends_with("securitykey")).count() == 2 {
            sandbox.accept_only(next.clone());
        }
    }
    assert_eq!(kind(&waiting.await.unwrap()), "succeeded");
    // Whoever is between the two keys at that moment may meet one refusal.
    assert!(answered(&sandbox, 401) <= 1);
}
