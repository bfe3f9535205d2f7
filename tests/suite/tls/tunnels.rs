//! To the service by way of an HTTP proxy: what it is told, what its answers mean, and that its password shows nowhere.

use std::sync::{Arc, Mutex};

use dcs_wait::sandbox::{Sandbox, Story};
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use super::{Certificate, file};
use crate::support::{Run, command, finish, sandbox};

/// Not a name that resolves: who asks for it elsewhere than at the proxy gets nothing.
const HOST: &str = "dcs.example.invalid";
/// A password, as it stands in a URL, as it is, and as the proxy gets it with its user's name.
const PASSWORD: [&str; 3] = ["hunter2%40hunter2", "hunter2@hunter2", "d2FpdGVyOmh1bnRlcjJAaHVudGVyMg=="];

fn assert_no_password(run: &Run) {
    for secret in PASSWORD {
        assert!(!run.stdout.contains(secret) && !run.stderr.contains(secret), "{secret} in {run:?}");
    }
}

/// What a proxy was told, one request after another.
type Heard = Arc<Mutex<Vec<String>>>;

/// A proxy that gives this answer; if it is an empty one of status 200, it passes on to `upstream`.
async fn proxy(answer: &'static str, upstream: String) -> (String, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let heard = Heard::default();
    let all = Arc::clone(&heard);
    tokio::spawn(async move {
        loop {
            let mut client = listener.accept().await.unwrap().0;
            let (all, upstream) = (Arc::clone(&all), upstream.clone());
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = client.read_u8().await else { return };
                    head.push(byte);
                }
                all.lock().unwrap().push(String::from_utf8(head).unwrap());
                let _ = client.write_all(answer.as_bytes()).await;
                if answer.contains(" 200 ") && answer.ends_with("\r\n\r\n") {
                    let mut server = TcpStream::connect(upstream).await.unwrap();
                    let _ = copy_bidirectional(&mut client, &mut server).await;
                }
            });
        }
    });
    (address, heard)
}

const ESTABLISHED: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

/// How the loudest command ends behind a proxy with this answer, and what the proxy heard. `login` goes before the address.
async fn behind(name: &str, answer: &'static str, login: &str, args: &str) -> (Run, Vec<String>) {
    let certificate = Certificate::of(HOST);
    let sandbox = Sandbox::start_tls(&certificate.chain, &certificate.key).await.unwrap();
    sandbox.add_job("job", Story::new().running().succeeds());
    let (address, heard) = proxy(answer, sandbox.endpoint().replace("https://", "")).await;
    let ca = file(&format!("tunnel-{name}.pem"), &certificate.ca);
    let mut command = command(&sandbox, &format!("job -vv -o events {args} --ca-cert {}", ca.display()));
    command
        .env("RUST_LOG", "trace")
        .env("DCS_WAIT_ENDPOINT", HOST)
        .env("HTTPS_PROXY", format!("http://{login}{address}"));
    let run = finish(&mut command).await;
    assert!(run.stderr.contains("TRACE") || run.stderr.contains("DEBUG"), "it is not loud: {}", run.stderr);
    assert_no_password(&run);
    let heard = heard.lock().unwrap().clone();
    (run, heard)
}

#[tokio::test]
async fn a_tunnel_leads_to_the_service_and_the_proxy_hears_nothing_but_where_to() {
    let (run, heard) = behind("open", ESTABLISHED, "", "").await;
    assert_eq!(run.status, 0, "{}", run.stderr);
    // Both polls go by one tunnel.
    let [head] = &heard[..] else { panic!("{heard:?}") };
    let names: Vec<_> = head.lines().skip(1).filter_map(|line| line.split(':').next()).collect();
    assert!(head.starts_with(&format!("CONNECT {HOST}:443 HTTP/1.1\r\n")), "{head}");
    assert_eq!(names, ["Host", "user-agent", ""], "{head}");
    let old = "HTTP/1.0 200 OK\r\nVia: x\r\n\r\n";
    assert_eq!(behind("old", old, "", "").await.0.status, 0);
}

#[tokio::test]
async fn a_proxy_gets_its_password_and_nobody_else_sees_it() {
    let login = format!("waiter:{}@", PASSWORD[0]);
    let (run, heard) = behind("password", ESTABLISHED, &login, "").await;
    assert_eq!(run.status, 0, "{}", run.stderr);
    let [head] = &heard[..] else { panic!("{heard:?}") };
    assert!(head.contains(&format!("\r\nproxy-authorization: Basic {}\r\n", PASSWORD[2])), "{head}");
}

#[tokio::test]
async fn a_proxy_that_refuses_ends_the_wait_at_once() {
    let login = format!("waiter:{}@", PASSWORD[0]);
    for (number, answer) in [
        "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.0 407 x\r\n\r\n<html>Who are you?</html>",
    ]
    .into_iter()
    .enumerate()
    {
        let (run, heard) = behind(&format!("refused-{number}"), answer, &login, "").await;
        assert_eq!((run.status, heard.len()), (5, 1), "{}", run.stderr);
        assert!(run.stderr.contains("proxy authentication required"), "{}", run.stderr);
    }
}

#[tokio::test]
async fn a_proxy_that_opens_no_tunnel_is_borne_until_the_outage_is_too_long() {
    let rows = [
        ("a page", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>Log in</html>"),
        ("forbidden", "HTTP/1.1 403 Forbidden\r\n\r\n<html>"),
        ("bad gateway", "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"),
        ("elsewhere", "HTTP/1.1 302 Found\r\nLocation: http://login.example.invalid/\r\n\r\n"),
        ("no HTTP", "hello"),
        ("nothing", ""),
        ("half", "HTTP/1.1 200 Connection est"),
    ];
    let login = format!("waiter:{}@", PASSWORD[0]);
    let runs = rows.map(|(name, answer)| {
        let login = &login;
        async move { (name, behind(&name.replace(' ', "-"), answer, login, "--max-outage 500ms").await) }
    });
    for (name, (run, heard)) in join_all(runs).await {
        assert_eq!(run.status, 5, "{name}: {}", run.stderr);
        assert!(heard.len() >= 2, "{name}: {heard:?}");
        assert_eq!(run.json().last().unwrap()["outcome"], "unreachable", "{name}");
    }
}

#[tokio::test]
async fn the_password_of_a_proxy_that_is_not_there_shows_nowhere() {
    // Neither is anything a proxy; the last one is not even a URL.
    for (number, proxy) in ["", "x", "[::bad"].into_iter().enumerate() {
        let login = format!("waiter:{}@{proxy}", PASSWORD[0]);
        let sandbox = sandbox([]).await;
        let mut command = command(&sandbox, "job -vv --max-outage 1ms");
        let command = command.env("RUST_LOG", "trace").env("DCS_WAIT_ENDPOINT", HOST);
        let run = finish(command.env("HTTPS_PROXY", format!("http://{login}127.0.0.1:1"))).await;
        assert_eq!(run.status, 5, "{number}: {}", run.stderr);
        assert_no_password(&run);
    }
}
