//! Handshakes that never come to a certificate: trouble on the way, which is borne for as long as an outage.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::{command, finish, sandbox};

/// What a server that knows no newer version chooses: 3.1 is TLS 1.0.
fn server_hello(minor: u8) -> Vec<u8> {
    let mut hello = vec![22, 3, minor, 0, 42, 2, 0, 0, 38, 3, minor];
    hello.extend([7; 32]);
    hello.extend([0, 0, 0x2f, 0]);
    hello
}

/// A server that reads what comes first, answers it like this, and says nothing more. Counts its connections.
async fn server(answer: Vec<u8>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let count = Arc::new(AtomicUsize::new(0));
    let connections = Arc::clone(&count);
    tokio::spawn(async move {
        loop {
            let mut stream = listener.accept().await.unwrap().0;
            connections.fetch_add(1, Ordering::Relaxed);
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut bytes = vec![0; 4096];
                let _ = stream.read(&mut bytes).await;
                let _ = stream.write_all(&answer).await;
                while stream.read(&mut bytes).await.is_ok_and(|count| count > 0) {}
            });
        }
    });
    (address, count)
}

#[tokio::test]
async fn a_handshake_that_leads_to_nothing_is_borne_until_the_outage_is_too_long() {
    let rows = [
        ("stalled", vec![], "no answer in time: 127.0.0.1:"),
        ("stalled in the middle", server_hello(3)[..20].to_vec(), "no answer in time: 127.0.0.1:"),
        ("an alert, protocol version", vec![21, 3, 1, 0, 2, 2, 70], "cannot connect: "),
        ("an alert, handshake failure", vec![21, 3, 3, 0, 2, 2, 40], "cannot connect: "),
        ("TLS 1.0", server_hello(1), "cannot connect: "),
        ("TLS 1.1", server_hello(2), "cannot connect: "),
        ("no TLS", b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "cannot connect: "),
    ];
    let runs = rows.map(|(name, answer, expected)| async move {
        let (address, count) = server(answer).await;
        let sandbox = sandbox([]).await;
        let mut command = command(&sandbox, "job -o json --request-timeout 300ms --max-outage 1s");
        let start = Instant::now();
        let run = finish(command.env("DCS_WAIT_ENDPOINT", format!("https://{address}"))).await;
        (name, expected, run, count.load(Ordering::Relaxed), start.elapsed())
    });
    for (name, expected, run, connections, took) in join_all(runs).await {
        assert_eq!((run.status, &run.json()[0]["outcome"]), (5, &"unreachable".into()), "{name}: {}", run.stderr);
        assert!(run.stderr.contains(expected), "{name}: {}", run.stderr);
        assert!(!run.stderr.contains("certificate"), "{name}: {}", run.stderr);
        assert_eq!(run.json()[0]["polls"], connections, "{name}");
        assert!(connections >= 2 && took >= Duration::from_secs(1), "{name}: {connections} tries in {took:?}");
    }
}
