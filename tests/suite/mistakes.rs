//! The mistakes that are made first: what exactly is said of each, to the letter.

mod hints;
mod refusals;

use dcs_wait::sandbox::{Answer, Sandbox, Story};
use tokio::process::Command;

use crate::support::{Run, command, finish, sandbox, steady};
use crate::tls::Certificate;

fn error(status: u16, code: &str, message: &str) -> Answer {
    Answer::http(status).body(serde_json::json!({"error_code": code, "error_msg": message}).to_string())
}

/// A sandbox in which the job `job` gives this answer for ever.
async fn answering(answer: Answer) -> Sandbox {
    sandbox([("job", Story::new().then(answer))]).await
}

/// The command without lines about the progress.
fn plain(sandbox: &Sandbox, args: &str) -> Command {
    let mut command = command(sandbox, args);
    command.args(["--progress", "none"]);
    command
}

/// What is said, line by line.
fn said(run: &Run, sandbox: &Sandbox) -> Vec<String> {
    steady(&run.stderr, sandbox).lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn no_credentials() {
    let sandbox = sandbox([]).await;
    let mut command = plain(&sandbox, "job");
    let home = env!("CARGO_TARGET_TMPDIR");
    let run = finish(command.env_remove("HUAWEICLOUD_SDK_AK").env_remove("HUAWEICLOUD_SDK_SK")).await;
    assert_eq!((run.status, run.stdout.as_str()), (2, ""));
    let said = said(&run, &sandbox);
    assert!(
        said[0].starts_with("dcs-wait: error: credentials: none found; env: none of HUAWEICLOUD_SDK_AK, "),
        "{said:?}"
    );
    assert!(said[0].contains(&format!("{home}/.huaweicloud/credentials")), "{said:?}");
    assert_eq!(
        said[1..],
        [
            "dcs-wait: hint: set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK; in CI, a secret that is not handed to this step is an empty variable; dcs-wait --explain shows where it looked"
        ]
    );
}

#[tokio::test]
async fn half_of_a_key() {
    let sandbox = sandbox([]).await;
    let run = finish(plain(&sandbox, "job").env("HUAWEICLOUD_SDK_SK", "")).await;
    assert_eq!((run.status, run.stdout.as_str()), (2, ""));
    assert_eq!(
        said(&run, &sandbox),
        [
            "dcs-wait: error: HUAWEICLOUD_SDK_SK: not set, but HUAWEICLOUD_SDK_AK is; set both",
            "dcs-wait: hint: a key has two halves, and both come from one place; in CI, a secret that is not handed to this step is an empty variable",
        ]
    );
}

#[tokio::test]
async fn the_wrong_region() {
    let sandbox =
        answering(error(404, "APIG.0101", "The API does not exist or has not been published in the environment")).await;
    let run = finish(&mut plain(&sandbox, "job")).await;
    assert_eq!(run.status, 4);
    assert_eq!(
        said(&run, &sandbox),
        [
            "dcs-wait: error: job job: rejected: HTTP 404 APIG.0101 The API does not exist or has not been published in the environment (request id sandbox-N); the host, the region or the path is wrong, the job may well exist; it was never seen",
            "dcs-wait: hint: the configuration looks wrong, not the job: there is no DCS at ENDPOINT (from DCS_WAIT_ENDPOINT); take the region in which the instance is, dcs-wait --explain shows what is used",
        ]
    );
}

#[tokio::test]
async fn a_project_of_another_region() {
    let sandbox = answering(error(400, "DCS.4063", "Invalid project id.")).await;
    let run = finish(&mut plain(&sandbox, "job --region cn-north-4")).await;
    assert_eq!(run.status, 4);
    assert_eq!(
        said(&run, &sandbox),
        [
            "dcs-wait: error: job job: rejected: HTTP 400 DCS.4063 Invalid project id. (request id sandbox-N); it was never seen",
            "dcs-wait: hint: the project looks wrong, not the key: 0123456789abcdef0123456789abcdef (from HUAWEICLOUD_SDK_PROJECT_ID) must be of the region of ENDPOINT (from DCS_WAIT_ENDPOINT) and of this account; left out, it is looked up",
        ]
    );
}

#[tokio::test]
async fn an_id_that_the_service_does_not_know() {
    let sandbox = sandbox([]).await;
    let run = finish(&mut plain(&sandbox, "job --not-found-grace 0s")).await;
    assert_eq!(run.status, 4);
    assert_eq!(
        said(&run, &sandbox),
        [
            "dcs-wait: error: job job: no such job: HTTP 404 DCS.3022 The job does not exist. (request id sandbox-N); it was never seen",
            "dcs-wait: hint: the id may be mistyped, of another region, of another project than 0123456789abcdef0123456789abcdef (from HUAWEICLOUD_SDK_PROJECT_ID), or so old that the service has forgotten the job",
        ]
    );
}

#[tokio::test]
async fn the_id_of_an_instance() {
    const ID: &str = "5560df16-cebf-4473-95c4-d1b573c16e79";
    const HINT: &str = "dcs-wait: hint: 5560df16-cebf-4473-95c4-d1b573c16e79 looks like the id of an instance; that of a job has no dashes, and is the job_id in the answer of the call that started the operation";
    let sandbox = sandbox([]).await;
    let run = finish(&mut plain(&sandbox, &format!("{ID} --not-found-grace 0s"))).await;
    assert_eq!(run.status, 4);
    assert_eq!(
        said(&run, &sandbox),
        [
            "dcs-wait: error: job 5560df16-cebf-4473-95c4-d1b573c16e79: no such job: HTTP 404 DCS.3022 The job does not exist. (request id sandbox-N); it was never seen",
            HINT,
        ]
    );
    // Or the service looks at its shape.
    sandbox.add_job(ID, Story::new().then(error(400, "111400070", "Invalid task id.")));
    let run = finish(&mut plain(&sandbox, ID)).await;
    assert_eq!((run.status, said(&run, &sandbox)[1].as_str()), (4, HINT));
}

#[tokio::test]
async fn a_proxy_that_answers_with_a_page() {
    let page = "<!DOCTYPE html>\n<html><head><title>Access denied</title></head></html>";
    let sandbox = answering(Answer::http(403).body(page)).await;
    let run = finish(&mut plain(&sandbox, "job")).await;
    assert_eq!(run.status, 3);
    let hint = "dcs-wait: hint: that is no answer of the service: a proxy, a firewall or a login page may stand between; see HTTPS_PROXY and NO_PROXY, and whether ENDPOINT (from DCS_WAIT_ENDPOINT) may be reached from here";
    assert_eq!(
        said(&run, &sandbox),
        [
            "dcs-wait: error: job job: denied: HTTP 403 <!DOCTYPE html> <html><head><title>Access denied</title></head></html> (request id sandbox-N); it was never seen",
            hint,
            "dcs-wait: the credentials are those of HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK",
        ]
    );
    for answer in [Answer::http(200).body(page), Answer::http(502).body(page), Answer::http(302)] {
        let sandbox = answering(answer).await;
        let run = finish(&mut plain(&sandbox, "job --max-outage 50ms")).await;
        assert_eq!((run.status, said(&run, &sandbox)[1].as_str()), (5, hint), "{}", run.stderr);
    }
}

#[tokio::test]
async fn an_authority_that_is_not_trusted() {
    let Certificate { chain, key, .. } = Certificate::of("127.0.0.1");
    let sandbox = Sandbox::start_tls(&chain, &key).await.unwrap();
    let run = finish(&mut plain(&sandbox, "job")).await;
    assert_eq!(run.status, 5);
    let said = said(&run, &sandbox);
    assert!(said[0].starts_with("dcs-wait: error: job job: certificate not trusted: "), "{said:?}");
    assert!(said[0].ends_with("; it was never seen"), "{said:?}");
    assert_eq!(
        said[1],
        "dcs-wait: hint: the certificate is of an authority that this machine does not trust, such as a company's proxy or private cloud has: --ca-cert FILE (PEM) trusts one more root"
    );
}

#[tokio::test]
async fn https_where_http_is_spoken() {
    let sandbox = sandbox([("job", Story::new().running())]).await;
    let mut command = plain(&sandbox, "job --max-outage 50ms");
    let run = finish(command.env("DCS_WAIT_ENDPOINT", sandbox.endpoint().replace("http:", "https:"))).await;
    assert_eq!(run.status, 5);
    let said = said(&run, &sandbox);
    assert!(said[0].contains("InvalidContentType"), "{said:?}");
    assert!(
        said[1]
            .starts_with("dcs-wait: hint: what answers there, or a proxy on the way (HTTPS_PROXY), does not speak TLS"),
        "{said:?}"
    );
}

#[tokio::test]
async fn the_last_lines_of_a_failure_an_outage_and_a_deadline() {
    let sandbox = sandbox([
        ("bad", Story::new().running().fails("no memory")),
        ("lost", Story::new().running().then(error(503, "APIG.0201", "Backend timeout"))),
        ("endless", Story::new().running()),
    ])
    .await;
    let bad = finish(&mut plain(&sandbox, "bad")).await;
    assert_eq!(
        said(&bad, &sandbox),
        [
            "dcs-wait: error: job bad failed: no memory",
            "dcs-wait: hint: the operation failed on the service's side (masterStandbySwapJob, after TIME): see to the reason, then start it anew; waiting again does not help",
        ]
    );
    let endless = finish(&mut plain(&sandbox, "endless -t 50ms")).await;
    assert_eq!(
        said(&endless, &sandbox),
        [
            "dcs-wait: error: out of time after TIME: job endless was RUNNING when last seen TIME ago",
            "dcs-wait: hint: nothing is known to be wrong, and the job goes on by itself; wait again, or longer with --timeout",
            "dcs-wait: to take up the wait again: dcs-wait --timeout 50ms --progress none endless",
        ]
    );
    let once = finish(&mut plain(&sandbox, "endless -t 0")).await;
    let by_variable = finish(plain(&sandbox, "endless").env("DCS_WAIT_TIMEOUT", "0")).await;
    assert_eq!((once.status, said(&by_variable, &sandbox)), (124, said(&once, &sandbox)));
    assert_eq!(
        said(&once, &sandbox),
        [
            "dcs-wait: error: job endless is not over: RUNNING",
            "dcs-wait: hint: nothing is known to be wrong, and the job goes on by itself; wait again, or longer with --timeout",
            "dcs-wait: to take up the wait again: dcs-wait --timeout 30m --progress none endless",
        ]
    );
    let lost = said(&finish(&mut plain(&sandbox, "lost --max-outage 50ms")).await, &sandbox);
    assert!(lost[0].starts_with("dcs-wait: error: no usable answer, given up after TIME: job lost was RUNNING when last seen TIME ago; last error, TIME ago: HTTP 503 APIG.0201 Backend timeout (request id sandbox-"), "{lost:?}");
    assert_eq!(
        lost[1],
        "dcs-wait: hint: the service has trouble, the job may go on by itself: wait again when it is back, or longer with --max-outage; a support ticket should name the request id"
    );
    assert_eq!(lost[2..], ["dcs-wait: to take up the wait again: dcs-wait --max-outage 50ms --progress none lost"]);
}
