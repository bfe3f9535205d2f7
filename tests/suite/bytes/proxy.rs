//! A proxy on loopback that passes on what two sides say, and spoils its first connections as it is told. Knows nothing of
//! HTTP but where a request ends.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

/// Whose bytes are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Request,
    Answer,
}

/// How a connection ends for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Fin,
    Reset,
    /// It does not: nothing more comes.
    Silence,
}

/// What becomes of a connection.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// Once so many bytes of one side have been passed on, it ends.
    Cut { side: Side, after: usize, way: Way },
    /// The other side is never asked.
    Says(Script),
}

/// What is said instead of an answer.
#[derive(Debug, Clone)]
pub(super) struct Script {
    /// Without waiting for the request.
    pub(super) is_early: bool,
    /// What is said, in so many writes.
    pub(super) parts: Vec<Vec<u8>>,
    /// And then this, again and again.
    pub(super) endless: Option<Vec<u8>>,
    pub(super) way: Way,
}

/// What was passed on so far, all connections together.
#[derive(Debug, Default)]
pub(super) struct Passed {
    pub(super) connections: AtomicUsize,
    pub(super) request: AtomicUsize,
    pub(super) answer: AtomicUsize,
}

pub(super) struct Proxy {
    pub(super) address: String,
    pub(super) passed: Arc<Passed>,
    close: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Passes on to `upstream`; the first `count` connections meet the fault.
    pub(super) async fn start(upstream: String, fault: Option<Fault>, count: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let passed = Arc::new(Passed::default());
        let (close, mut closed) = oneshot::channel();
        let counts = Arc::clone(&passed);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let client = tokio::select! {
                    _ = &mut closed => break,
                    client = listener.accept() => client.unwrap().0,
                };
                let number = counts.connections.fetch_add(1, Ordering::SeqCst);
                let fault = fault.clone().filter(|_| number < count);
                let (upstream, counts) = (upstream.clone(), Arc::clone(&counts));
                // An error here is a side that went away.
                connections.spawn(async move { serve(client, &upstream, fault, &counts).await.ok() });
            }
            while connections.join_next().await.is_some() {}
        });
        Self { address, passed, close, task }
    }

    /// Resolves once the client has let go of every connection.
    pub(super) async fn left(self) {
        let _ = self.close.send(());
        self.task.await.unwrap();
    }
}

async fn serve(mut client: TcpStream, upstream: &str, fault: Option<Fault>, passed: &Passed) -> io::Result<()> {
    client.set_nodelay(true)?;
    let cut = match fault {
        Some(Fault::Says(script)) => {
            // A client that has heard enough closes while it is being told.
            let _ = say(&mut client, &script, passed).await;
            return end(client, script.way).await;
        }
        Some(Fault::Cut { side, after, way }) => Some((side, after, way)),
        None => None,
    };
    let mut server = TcpStream::connect(upstream).await?;
    server.set_nodelay(true)?;
    let limit = |side| cut.filter(|cut| cut.0 == side).map_or(usize::MAX, |cut| cut.1);
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let up = pass(from_client, to_server, limit(Side::Request), &passed.request);
    let down = pass(from_server, to_client, limit(Side::Answer), &passed.answer);
    let is_cut = tokio::try_join!(up, down).is_err();
    if let (true, Some((_, _, way))) = (is_cut, cut) {
        drop(server);
        end(client, way).await?;
    }
    Ok(())
}

struct Cut;

/// Passes on until that side ends; no more than `left` bytes.
async fn pass(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, mut left: usize, passed: &AtomicUsize) -> Result<(), Cut> {
    let mut buffer = [0; 4096];
    while left > 0 {
        let room = buffer.len().min(left);
        let count = from.read(&mut buffer[..room]).await.unwrap_or(0);
        // Counted first: what has arrived has been counted.
        passed.fetch_add(count, Ordering::SeqCst);
        if count == 0 || to.write_all(&buffer[..count]).await.is_err() {
            let _ = to.shutdown().await;
            return Ok(());
        }
        left -= count;
    }
    Err(Cut)
}

async fn say(client: &mut TcpStream, script: &Script, passed: &Passed) -> io::Result<()> {
    if !script.is_early {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(client.read_u8().await?);
        }
    }
    for part in &script.parts {
        client.write_all(part).await?;
        passed.answer.fetch_add(part.len(), Ordering::SeqCst);
        tokio::task::yield_now().await;
    }
    while let Some(part) = &script.endless {
        client.write_all(part).await?;
        passed.answer.fetch_add(part.len(), Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

/// Ends a connection; returns once the client has let go of it too.
async fn end(mut client: TcpStream, way: Way) -> io::Result<()> {
    match way {
        Way::Reset => return client.set_zero_linger(),
        Way::Fin => client.shutdown().await?,
        Way::Silence => {}
    }
    while client.read(&mut [0; 4096]).await? > 0 {}
    Ok(())
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "request",
            Self::Answer => "answer",
        })
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fin => "fin",
            Self::Reset => "reset",
            Self::Silence => "silence",
        })
    }
}
