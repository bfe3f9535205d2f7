//! Where requests go, and where they never go.

use std::time::Duration;

use dcs_wait::sandbox::{Answer, Story};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::support::{command, finish, sandbox};

/// A listener that notes what comes first on its first connection, and answers it.
async fn listener(answer: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = vec![0; 4096];
        let count = stream.read(&mut bytes).await.unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    });
    (address, heard)
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, heard) = listener("").await;
    let there = format!("http://{elsewhere}/v2/p/jobs/job");
    let story = [301, 302, 303, 307, 308]
        .into_iter()
        .fold(Story::new(), |story, status| story.then(Answer::http(status).header("Location", there.clone())));
    let sandbox = sandbox([("job", story)]).await;
    let run = finish(&mut command(&sandbox, "job --max-outage 2s")).await;
    assert_eq!(run.status, 5, "{}", run.stderr);
    assert!(run.stderr.contains("redirected elsewhere, which is not followed"), "{}", run.stderr);
    assert!(!heard.is_finished(), "a request went to the other host");
    heard.abort();
}

#[tokio::test]
async fn a_proxy_is_never_asked_for_loopback() {
    let (proxy, heard) = listener("").await;
    let sandbox = sandbox([("job", Story::new().succeeds())]).await;
    let mut command = command(&sandbox, "job");
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        command.env(name, format!("http://{proxy}"));
    }
    assert_eq!(finish(&mut command).await.status, 0);
    assert!(!heard.is_finished(), "a request went to the proxy");
    heard.abort();
}

#[tokio::test]
async fn a_proxy_is_used_off_loopback_and_its_407_ends_the_wait() {
    let (proxy, heard) = listener("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n").await;
    let sandbox = sandbox([]).await;
    let mut command = command(&sandbox, "job");
    let command = command.env("DCS_WAIT_ENDPOINT", "dcs.example.invalid").env("HTTPS_PROXY", format!("http://{proxy}"));
    let run = finish(command).await;
    assert_eq!(run.status, 5, "{}", run.stderr);
    assert!(run.stderr.contains("proxy authentication required"), "{}", run.stderr);
    assert!(heard.await.unwrap().starts_with("CONNECT dcs.example.invalid:443 HTTP/1.1\r\n"));
}

#[tokio::test]
async fn no_proxy_is_honoured() {
    let (proxy, heard) = listener("").await;
    let sandbox = sandbox([]).await;
    let mut command = command(&sandbox, "job --max-outage 1ms");
    command.env("DCS_WAIT_ENDPOINT", "dcs.example.invalid").env("HTTPS_PROXY", format!("http://{proxy}"));
    let run = finish(command.env("NO_PROXY", "example.invalid")).await;
    assert_eq!(run.status, 5, "{}", run.stderr);
    assert!(run.stderr.contains("cannot connect: "), "{}", run.stderr);
    assert!(!heard.is_finished(), "a request went to the proxy");
    heard.abort();
}

#[tokio::test]
async fn the_request_is_the_one_that_is_documented() {
    let sandbox = sandbox([("ff8080818822bbf70188235afc24141a", Story::new().succeeds())]).await;
    let run = finish(&mut command(&sandbox, "ff8080818822bbf70188235afc24141a")).await;
    assert_eq!(run.status, 0);
    let request = &sandbox.requests()[0];
    assert_eq!(request.path, "/v2/0123456789abcdef0123456789abcdef/jobs/ff8080818822bbf70188235afc24141a");
    let header = |name: &str| request.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str());
    assert!(header("authorization").unwrap().contains("SignedHeaders=host;x-project-id;x-sdk-date, "));
    assert_eq!(header("x-project-id"), Some("0123456789abcdef0123456789abcdef"));
    assert!(header("user-agent").unwrap().starts_with("dcs-wait/"));
    assert_eq!(header("cookie").or(header("accept-encoding")), None);
}

#[tokio::test]
async fn a_connection_is_kept_between_polls_and_a_stale_one_is_borne() {
    let sandbox = sandbox([("job", Story::new().running().then(Answer::hang_up()).succeeds())]).await;
    let run = finish(&mut command(&sandbox, "job")).await;
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert!(sandbox.requests().len() >= 3);
    assert!(sandbox.requests()[1].at - sandbox.requests()[0].at < Duration::from_secs(5));
}
