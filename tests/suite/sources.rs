//! Credentials, project and endpoint where Huawei's own tools have them, over the wire.

use std::time::Duration;

use dcs_wait::sandbox::{Answer, PROJECT_ID, SECRET_KEY, Story};
use dcs_wait::{Client, Credentials};
use futures_util::future::join_all;

use crate::home::{Home, KOOCLI, PROFILE, koocli, profile};
use crate::support::{command, finish, kind, quick, requests, run, sandbox};

#[tokio::test]
async fn the_sdks_profile_is_all_that_it_needs() {
    let sandbox = sandbox([("job", Story::new().succeeds())]).await;
    let home = Home::new(PROFILE, &profile(SECRET_KEY));
    for (mode, warnings) in [(0o600, 0), (0o644, 1)] {
        home.set_mode(PROFILE, mode);
        let run = finish(&mut home.command(&sandbox, "job")).await;
        assert_eq!(run.status, 0, "{}", run.stderr);
        let warning = "everybody on this machine can read the credentials";
        assert_eq!(run.stderr.matches(warning).count(), warnings, "{}", run.stderr);
    }
}

#[tokio::test]
async fn koocli_is_all_that_it_needs_and_a_variable_of_the_sdks_moves_the_regions_endpoint() {
    let sandbox = sandbox([("job", Story::new().succeeds())]).await;
    let home = Home::new(KOOCLI, &koocli(PROJECT_ID));
    let mut command = home.command(&sandbox, "job");
    command.env_remove("DCS_WAIT_ENDPOINT").env("HUAWEICLOUD_SDK_REGION_DCS_CN_NORTH_4", sandbox.endpoint());
    assert_eq!(finish(&mut command).await.status, 0);
    let only = finish(home.command(&sandbox, "job").arg("--credentials=profile")).await;
    assert_eq!(only.status, 2);
    assert!(only.stderr.contains("credentials: none found; profile: "), "{}", only.stderr);
    let unknown = finish(home.command(&sandbox, "job").arg("--profile=nope")).await;
    assert_eq!(unknown.status, 2);
    assert!(
        unknown.stderr.contains("--profile: KooCLI's ") && unknown.stderr.contains("there are: \"work\""),
        "{}",
        unknown.stderr
    );
}

#[tokio::test]
async fn a_project_that_is_not_given_is_looked_up_once_for_all_jobs() {
    let sandbox = sandbox([("one", Story::new().running().succeeds()), ("two", Story::new().succeeds())]).await;
    sandbox.set_projects([("another", "cn-east-3"), (PROJECT_ID, "cn-north-4")]);
    let home = Home::new(KOOCLI, &koocli(""));
    let run = finish(&mut home.command(&sandbox, "one two")).await;
    assert_eq!(run.status, 0, "{}", run.stderr);
    let paths: Vec<String> = sandbox.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths.iter().filter(|path| path.starts_with("/v3/projects")).count(), 1);
    assert_eq!(paths[0], "/v3/projects?name=cn-north-4");
}

#[tokio::test]
async fn waits_of_one_client_look_the_project_up_once() {
    let sandbox = sandbox([]).await;
    sandbox.set_projects([(PROJECT_ID, "cn-north-4")]);
    let ids: Vec<String> = (0..50).map(|_| sandbox.start_job(Story::new().succeeds())).collect();
    let client = Client::builder(sandbox.credentials()).endpoint(sandbox.endpoint()).iam_endpoint(sandbox.endpoint());
    let client = client.region("cn-north-4").max_rate(1000.0).build().unwrap();
    let results = join_all(ids.iter().map(|id| quick(client.wait_for_job(id)).into_future())).await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert_eq!(sandbox.requests().len(), 51);
    assert_eq!(client.project_id().await.unwrap(), PROJECT_ID);
}

#[tokio::test]
async fn a_look_up_that_finds_none_or_several_is_status_2_and_names_them() {
    let sandbox = sandbox([("job", Story::new().succeeds())]).await;
    let home = Home::new(KOOCLI, &koocli(""));
    let none = finish(&mut home.command(&sandbox, "job")).await;
    assert_eq!((none.status, none.stdout.as_str()), (2, ""), "{}", none.stderr);
    assert!(none.stderr.contains("error: --project-id: no project is named cn-north-4"), "{}", none.stderr);
    sandbox.set_projects([("p1", "cn-north-4"), ("p2", "cn-north-4")]);
    let several = finish(&mut home.command(&sandbox, "job")).await;
    assert_eq!((several.status, several.stdout.as_str()), (2, ""));
    assert!(several.stderr.contains("say which one: p1 (cn-north-4), p2 (cn-north-4)"), "{}", several.stderr);
}

#[tokio::test]
async fn a_look_up_that_is_denied_is_status_3_and_one_that_fails_for_long_is_5() {
    let sandbox = sandbox([("job", Story::new().succeeds())]).await;
    let home = Home::new(KOOCLI, &koocli(""));
    sandbox.answer_at("/v3/projects", Answer::http(403).body(r#"{"error":{"code":"IAM.0002","message":"no"}}"#));
    let denied = finish(&mut home.command(&sandbox, "job")).await;
    assert_eq!((denied.status, denied.stdout.as_str()), (3, "job  -  -  -  denied\n"), "{}", denied.stderr);
    let problem = "error: the project cannot be looked up: denied: HTTP 403 IAM.0002 no";
    assert!(denied.stderr.contains(problem), "{}", denied.stderr);
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = Client::builder(sandbox.credentials()).endpoint(sandbox.endpoint()).region("cn-north-4");
    let client = client.iam_endpoint(format!("http://{unused}")).build().unwrap();
    let ready = tokio::time::timeout(Duration::from_secs(1), client.ready()).await;
    assert!(ready.is_err(), "a refused connection is borne for a while");
    let outage = quick(client.wait_for_job("job")).max_outage(Duration::from_millis(300)).await;
    assert_eq!(kind(&outage), "unreachable", "but by a wait not for longer than an outage may last");
    let deadline = quick(client.wait_for_job("job")).timeout(Duration::from_millis(300)).await;
    assert_eq!(kind(&deadline), "unreachable");
}

#[tokio::test]
async fn whatever_iam_answers_is_borne_or_named() {
    let sandbox = sandbox([]).await;
    let client = || {
        let client = Client::builder(sandbox.credentials()).endpoint(sandbox.endpoint()).region("cn-north-4");
        client.iam_endpoint(sandbox.endpoint()).max_rate(1000.0).build().unwrap()
    };
    for garbage in [
        Answer::http(200).body("<html>"),
        Answer::http(200).body(vec![b' '; 10 << 20]),
        Answer::http(302).header("Location", "http://127.0.0.1:1/"),
        Answer::http(503),
    ] {
        sandbox.answer_at("/v3/projects", garbage);
        let before = sandbox.requests().len();
        let client = client();
        let found = tokio::spawn(async move { client.project_id().await });
        requests(&sandbox, before + 2).await;
        let body = format!(r#"{{"projects":[{{"id":"{PROJECT_ID}","name":"cn-north-4"}}]}}"#);
        sandbox.answer_at("/v3/projects", Answer::http(200).body(body));
        assert_eq!(found.await.unwrap().unwrap(), PROJECT_ID);
    }
    let evil = r#"{"projects":[{"id":"../x","name":"cn-north-4"}]}"#;
    sandbox.answer_at("/v3/projects", Answer::http(200).body(evil));
    assert_eq!(kind(&client().project_id().await), "invalid", "an id must not name another resource");
}

#[tokio::test]
async fn explain_tells_where_everything_comes_from_and_sends_nothing() {
    let sandbox = sandbox([]).await;
    let home = Home::new(KOOCLI, &koocli(""));
    let text = finish(home.command(&sandbox, "one two").args(["--explain", "--max-interval", "10s"])).await;
    assert_eq!((text.status, text.stderr.as_str()), (0, ""), "{}", text.stderr);
    let home_path = home.0.display();
    for line in [
        format!("credentials  access key …0KEY, from {home_path}/{KOOCLI}, profile \"work\""),
        format!("region       cn-north-4, from {home_path}/{KOOCLI}, profile \"work\""),
        "project      looked up in IAM by the region's name".to_owned(),
        format!("endpoint     {}, from DCS_WAIT_ENDPOINT", sandbox.endpoint()),
        format!("looked at    profile: {home_path}/{PROFILE}: no such file"),
    ] {
        assert!(text.stdout.lines().any(|shown| shown == line), "{line}\n{}", text.stdout);
    }
    assert!(
        text.stdout.contains("\npolls at     0.0s, 0.0s") && text.stdout.contains("\nrequests     about "),
        "{}",
        text.stdout
    );
    let json = finish(home.command(&sandbox, "one").args(["--explain", "-o", "json"])).await.json();
    assert_eq!(json[0]["region"]["value"], "cn-north-4");
    assert_eq!(json[0]["looked_at"].as_array().unwrap().len(), 3);
    assert!(!text.stdout.contains(SECRET_KEY) && !json[0].to_string().contains(SECRET_KEY));
    assert_eq!(sandbox.requests().len(), 0);
}

#[tokio::test]
async fn explain_promises_no_more_requests_than_the_rate_allows_and_no_more_lateness_than_the_time() {
    let sandbox = sandbox([]).await;
    let explained = async |jobs: usize, args: &str| {
        let ids: Vec<String> = (0..jobs).map(|number| format!("job{number}")).collect();
        run(&sandbox, &format!("--explain --initial-interval 1s --max-interval 10s {args} {}", ids.join(" ")))
            .await
            .stdout
    };
    let plan = async |jobs: usize, args: &str| {
        let text = explained(jobs, &format!("-o json {args}")).await;
        let plan = serde_json::from_str::<serde_json::Value>(&text).unwrap()["schedule"].clone();
        ["requests", "longest_lateness_ms", "last_first_look_ms"].map(|name| plan[name].as_u64())
    };
    let [requests, lateness, first_look] = plan(3000, "-t 30m --max-rate 5").await;
    assert!(requests.is_some_and(|count| (8500..=9000).contains(&count)), "{requests:?}");
    assert!(lateness.is_some_and(|late| late < 30 * 60 * 1000) && first_look.is_none(), "{lateness:?} {first_look:?}");
    // Where the rate carries the first looks past the deadline, each job has one.
    let [requests, lateness, first_look] = plan(3000, "-t 1m --max-rate 5").await;
    assert_eq!((requests, lateness), (Some(3000), first_look));
    assert_eq!(plan(1, "-t 3s").await[1], Some(3000));
    let short = explained(1, "-t 3s").await;
    assert!(short.contains(", up to 3.0s\n") && short.contains(" at most 3.0s late\n"), "{short}");
    let once = explained(1, "-t 0").await;
    assert!(once.ends_with("\npolls        each job once\nrequests     about 1 for a job\n"), "{once}");
}

#[tokio::test]
async fn explain_of_something_incomplete_is_status_2_with_the_same_listing() {
    let sandbox = sandbox([]).await;
    let mut command = command(&sandbox, "--explain");
    let run = finish(command.env_remove("HUAWEICLOUD_SDK_SK").env_remove("DCS_WAIT_ENDPOINT")).await;
    assert_eq!(run.status, 2);
    assert!(
        run.stdout.contains("error        HUAWEICLOUD_SDK_SK: not set, but HUAWEICLOUD_SDK_AK is"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("endpoint     none"), "{}", run.stdout);
    let complete = crate::support::run(&sandbox, "--explain").await;
    assert_eq!(complete.status, 0, "no id is needed: {}", complete.stderr);
}

#[tokio::test]
async fn a_denial_names_the_source_of_the_credentials() {
    let sandbox = sandbox([("job", Story::new().succeeds())]).await;
    sandbox.accept_only(Credentials::token("another").unwrap());
    let run = run(&sandbox, "job").await;
    assert_eq!(run.status, 3);
    assert!(
        run.stderr.ends_with("the credentials are those of HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK\n"),
        "{}",
        run.stderr
    );
}

#[tokio::test]
async fn explain_refuses_what_the_wait_refuses_and_shows_no_password() {
    let sandbox = sandbox([]).await;
    for (args, problem) in [
        ("--initial-interval 0s", "initial-interval: 0ns is not between"),
        ("--max-interval 0s", "max-interval: 0ns is not between"),
        ("--multiplier 0.5", "multiplier: 0.5 is not between"),
        ("--max-rate 0", "max-rate: 0 is not between"),
        ("a/b", "job-id: \"a/b\" is no job id"),
        ("--endpoint https://u:passwort@example.com", "endpoint: must not have a user name in it"),
        ("--endpoint https://example.com?key=passwort", "has more than scheme, host and port"),
        ("--credentials env --profile work", "profile: profiles with a name are KooCLI's"),
    ] {
        let run = run(&sandbox, &format!("--explain {args}")).await;
        assert_eq!(run.status, 2, "{args}: {}", run.stderr);
        assert!(run.stdout.contains(problem), "{args}: {}", run.stdout);
        assert!(!run.stdout.contains("u:passwort") && !run.stdout.contains("not usable://"), "{}", run.stdout);
    }
}

#[tokio::test]
async fn the_project_of_a_profile_is_not_that_of_another_region() {
    let sandbox = sandbox([("job", Story::new().succeeds())]).await;
    sandbox.set_projects([(PROJECT_ID, "cn-east-3")]);
    let home = Home::new(KOOCLI, &koocli("project-of-cn-north-4"));
    let run = finish(home.command(&sandbox, "job").env("HW_REGION_NAME", "cn-east-3")).await;
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert_eq!(sandbox.requests()[0].path, "/v3/projects?name=cn-east-3");
}
