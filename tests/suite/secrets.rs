//! No secret in any output, at any verbosity, whatever the service echoes.

use dcs_wait::Credentials;
use dcs_wait::sandbox::{Answer, Story};

use crate::support::{Run, command, finish, sandbox};

const SECRETS: [&str; 4] =
    ["TEMPORARY0000000", "itsSecretKey0123456789", "itsSecurityToken/With+Signs==", "itsAuthToken+0123456789"];

async fn loudest(story: Story, credentials: &[(&str, &str)], accepted: Credentials) -> Run {
    let sandbox = sandbox([("job", story)]).await;
    sandbox.accept_only(accepted);
    let mut command = command(&sandbox, "job -vv -o events");
    command.env_remove("HUAWEICLOUD_SDK_AK").env_remove("HUAWEICLOUD_SDK_SK").env("RUST_LOG", "trace");
    let run = finish(command.envs(credentials.iter().copied())).await;
    assert!(run.stderr.contains("TRACE") || run.stderr.contains("DEBUG"), "it is not loud: {}", run.stderr);
    for text in [&run.stdout, &run.stderr] {
        for secret in SECRETS.iter().chain(&["Signature=", "SDK-HMAC-SHA256"]) {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    run
}

const KEY: [(&str, &str); 3] = [
    ("HUAWEICLOUD_SDK_AK", "TEMPORARY0000000WXYZ"),
    ("HUAWEICLOUD_SDK_SK", SECRETS[1]),
    ("HUAWEICLOUD_SDK_SECURITY_TOKEN", SECRETS[2]),
];

fn key() -> Credentials {
    Credentials::temporary_key(KEY[0].1, KEY[1].1, KEY[2].1).unwrap()
}

#[tokio::test]
async fn no_secret_is_in_any_output_at_the_highest_verbosity() {
    let story = || Story::new().init().then(Answer::http(503)).then(Answer::hang_up()).running().succeeds();
    assert_eq!(loudest(story(), &KEY, key()).await.status, 0);
    let token = Credentials::token(SECRETS[3]).unwrap();
    assert_eq!(loudest(story(), &[("HW_AUTH_TOKEN", SECRETS[3])], token).await.status, 0);
}

#[tokio::test]
async fn no_secret_is_in_the_error_of_a_refused_key() {
    let other = Credentials::key("ANOTHERKEY0000000000", "another").unwrap();
    assert_eq!(loudest(Story::new().succeeds(), &KEY, other.clone()).await.status, 3);
    assert_eq!(loudest(Story::new().succeeds(), &[("HW_AUTH_TOKEN", SECRETS[3])], other).await.status, 3);
}

#[tokio::test]
async fn secrets_that_the_service_echoes_are_hidden() {
    let echo = format!("you sent {} and {}", SECRETS[2], KEY[0].1);
    let body = serde_json::json!({"error_code": "X", "error_msg": echo, "request_id": SECRETS[2]}).to_string();
    let raw = Answer::http(502).body(echo.clone()).header("X-Request-Id", SECRETS[2]);
    let odd = serde_json::json!({"status": "PAUSED", "job_type": echo, "fail_reason": echo}).to_string();
    let story = Story::new().then(raw).then(Answer::http(503).body(body)).then(Answer::http(200).body(odd)).fails(echo);
    let run = loudest(story, &KEY, key()).await;
    assert_eq!(run.status, 1);
    assert!(run.stdout.contains("you sent [hidden] and [hidden]"), "{}", run.stdout);
}
