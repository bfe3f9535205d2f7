//! What the example of a service answers; the other examples are run or have tests of their own.

#[expect(dead_code, reason = "its main is not run here")]
#[path = "../../examples/service.rs"]
mod service;

use std::sync::Arc;
use std::time::Duration;

use dcs_wait::sandbox::Story;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{client, sandbox};

/// A request without a body; the status and the answer.
async fn ask(address: &str, request: &str) -> (u16, Value) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let text = format!("{request} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, serde_json::from_str(answer.split("\r\n\r\n").nth(1).expect("a body")).expect("JSON"))
}

/// The service, with an operation whose job has this story.
async fn serve(story: Story) -> String {
    let sandbox = sandbox([]).await;
    let client = client(&sandbox).build().unwrap();
    let start: service::Start = Arc::new(move || sandbox.start_job(story.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, service::app(client, start)).await });
    address
}

/// Starts one and asks until it is not under way any more.
async fn end_of(story: Story) -> Value {
    let address = serve(story).await;
    let (status, started) = ask(&address, "POST /swaps").await;
    assert_eq!(status, 202);
    let request = format!("GET /swaps/{}", started["job_id"].as_str().expect("an id"));
    loop {
        let (status, state) = ask(&address, &request).await;
        assert_eq!(status, 200);
        if state["state"] != "under way" {
            return state;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn the_service_answers_at_once_and_reports_the_end_later() {
    let over = end_of(Story::new().running().succeeds()).await;
    assert!(over["state"] == "over" && over["took_ms"].is_u64(), "{over}");
    let failed = end_of(Story::new().fails("no memory")).await;
    assert_eq!(failed, serde_json::json!({"state": "failed", "reason": "no memory"}));
}

#[tokio::test]
async fn the_service_knows_only_what_it_started() {
    let address = serve(Story::new().succeeds()).await;
    assert_eq!(ask(&address, "GET /swaps/elsewhere").await.0, 404);
}
