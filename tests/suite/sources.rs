//! Credentials, project and endpoint where Huawei's own tools have them, over the wire.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use dcs_wait::sandbox::{ACCESS_KEY, Answer, PROJECT_ID, SECRET_KEY, Sandbox, Story};
use dcs_wait::{Client, Credentials, Environment, Error, Found, Login, Lookup, SourceKind};
use futures_util::future::join_all;
use tokio::process::Command;

use crate::support::{answered, command, finish, kind, quick, requests, run, sandbox};

/// A home folder of its own with one file in it, removed on drop.
struct Home(PathBuf);

impl Home {
    fn new(sandbox: &Sandbox, file: &str, text: &str) -> Self {
        let name = format!("home-{}", sandbox.endpoint().rsplit(':').next().unwrap());
        let home = Self(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name));
        home.write(file, text);
        home
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.0.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        self.set_mode(file, 0o600);
    }

    fn set_mode(&self, file: &str, mode: u32) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(self.0.join(file), fs::Permissions::from_mode(mode)).unwrap();
        }
    }

    fn environment(&self) -> Environment {
        Environment::new::<&str, &str>([], Some(self.0.clone()))
    }

    /// The command with this home, the sandbox as endpoint and IAM, and no credentials in its environment.
    fn command(&self, sandbox: &Sandbox, args: &str) -> Command {
        let mut command = command(sandbox, args);
        for name in ["HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_PROJECT_ID"] {
            command.env_remove(name);
        }
        command.env("HOME", &self.0).env("HUAWEICLOUD_SDK_IAM_ENDPOINT", sandbox.endpoint());
        command
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const PROFILE: &str = ".huaweicloud/credentials";
const KOOCLI: &str = ".hcloud/config.json";

fn profile(secret_key: &str) -> String {
    format!("[basic]\nak = {ACCESS_KEY}\nsk = {secret_key}\nproject_id = {PROJECT_ID}\n")
}

fn koocli(project_id: &str) -> String {
    format!(
        r#"{{"current":"work","authEncrypt":"false","profiles":[{{"name":"work","mode":"AKSK","accessKeyId":"{ACCESS_KEY}",
        "secretAccessKey":"{SECRET_KEY}","region":"cn-north-4","projectId":"{project_id}"}}]}}"#
    )
}

#[tokio::test]
async fn the_sdks_profile_is_all_that_it_needs() {
    let sandbox = sandbox([("job", Story::new().succeeds())]).await;
    let home = Home::new(&sandbox, PROFILE, &profile(SECRET_KEY));
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
    let home = Home::new(&sandbox, KOOCLI, &koocli(PROJECT_ID));
    let mut command = home.command(&sandbox, "job");
    command.env_remove("DCS_WAIT_ENDPOINT").env("HUAWEICLOUD_SDK_REGION_DCS_CN_NORTH_4", sandbox.endpoint());
    assert_eq!(finish(&mut command).await.status, 0);
    let only = finish(home.command(&sandbox, "job").arg("--credentials=profile")).await;
    assert_eq!(only.status, 2);
    assert!(only.stderr.contains("credentials: none found; profile: "), "{}", only.stderr);
    let unknown = finish(home.command(&sandbox, "job").arg("--profile=nope")).await;
    assert_eq!(unknown.status, 2);
    assert!(unknown.stderr.contains("--profile: ") && unknown.stderr.contains("there are: work"), "{}", unknown.stderr);
}

#[tokio::test]
async fn a_project_that_is_not_given_is_looked_up_once_for_all_jobs() {
    let sandbox = sandbox([("one", Story::new().running().succeeds()), ("two", Story::new().succeeds())]).await;
    sandbox.set_projects([("another", "cn-east-3"), (PROJECT_ID, "cn-north-4")]);
    let home = Home::new(&sandbox, KOOCLI, &koocli(""));
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
    let home = Home::new(&sandbox, KOOCLI, &koocli(""));
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
    let home = Home::new(&sandbox, KOOCLI, &koocli(""));
    sandbox.answer_at("/v3/projects", Answer::http(403).body(r#"{"error":{"code":"IAM.0002","message":"no"}}"#));
    let denied = finish(&mut home.command(&sandbox, "job")).await;
    assert_eq!((denied.status, denied.stdout.as_str()), (3, ""), "{}", denied.stderr);
    assert!(denied.stderr.contains("HTTP 403 IAM.0002 no"), "{}", denied.stderr);
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = Client::builder(sandbox.credentials()).endpoint(sandbox.endpoint()).region("cn-north-4");
    let client = client.iam_endpoint(format!("http://{unused}")).build().unwrap();
    let ready = tokio::time::timeout(Duration::from_secs(1), client.ready()).await;
    assert!(ready.is_err(), "a refused connection is borne for a while");
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

/// Waits for so many jobs, replaces the key in its file and at the service in their middle, and tells the refusals.
async fn refusals_of_a_replaced_key(count: usize) -> usize {
    let sandbox = sandbox([]).await;
    let home = Home::new(&sandbox, PROFILE, &profile(SECRET_KEY));
    let long = Story::new().running().lasting(Duration::from_millis(if count > 100 { 5000 } else { 400 })).succeeds();
    let ids: Vec<String> = (0..count).map(|_| sandbox.start_job(long.clone())).collect();
    let found = Lookup::new().environment(home.environment()).find().unwrap();
    let client = Client::builder(found).endpoint(sandbox.endpoint()).max_rate(100.0).build().unwrap();
    let waits = join_all(ids.iter().map(|id| quick(client.wait_for_job(id)).into_future()));
    let replace = async {
        requests(&sandbox, count + 3).await;
        home.write(PROFILE, &profile("anotherSecret"));
        sandbox.accept_only(Credentials::key(ACCESS_KEY, "anotherSecret").unwrap());
    };
    let (results, ()) = tokio::join!(waits, replace);
    assert!(results.iter().all(Result::is_ok), "{:?}", results.iter().find(|result| result.is_err()));
    assert!(!sandbox.is_locked());
    answered(&sandbox, 401)
}

#[tokio::test]
async fn a_key_that_is_replaced_in_its_file_costs_one_refusal() {
    for count in [1, 20] {
        let refusals = refusals_of_a_replaced_key(count).await;
        assert!((1..=2).contains(&refusals), "{refusals} for {count} jobs");
    }
}

#[tokio::test]
async fn a_key_that_is_replaced_costs_two_refusals_at_most_with_500_jobs() {
    let refusals = refusals_of_a_replaced_key(500).await;
    assert!((1..=2).contains(&refusals), "{refusals}");
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
    let home = Home::new(&sandbox, PROFILE, &profile("wrong"));
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

#[tokio::test]
async fn explain_tells_where_everything_comes_from_and_sends_nothing() {
    let sandbox = sandbox([]).await;
    let home = Home::new(&sandbox, KOOCLI, &koocli(""));
    let text = finish(home.command(&sandbox, "one two").args(["--explain", "--max-interval", "10s"])).await;
    assert_eq!((text.status, text.stderr.as_str()), (0, ""), "{}", text.stderr);
    let home_path = home.0.display();
    for line in [
        format!("credentials  Credentials(key …0KEY), from {home_path}/{KOOCLI}, profile \"work\""),
        format!("region       cn-north-4, from {home_path}/{KOOCLI}, profile \"work\""),
        "project      looked up in IAM by the region's name".to_owned(),
        format!("endpoint     {}, from DCS_WAIT_ENDPOINT", sandbox.endpoint()),
        format!("looked at    profile: {home_path}/{PROFILE}: no such file"),
    ] {
        assert!(text.stdout.lines().any(|shown| shown == line), "{line}\n{}", text.stdout);
    }
    assert!(
        text.stdout.contains("\npolls at     ") && text.stdout.contains("\nrequests     at most "),
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
    sandbox.accept_only(agency());
    let run = run(&sandbox, "job").await;
    assert_eq!(run.status, 3);
    assert!(
        run.stderr.ends_with("the credentials are those of HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK\n"),
        "{}",
        run.stderr
    );
}
