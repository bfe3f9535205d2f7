//! Names to addresses, by the system. Its call blocks: each runs on a thread of its own, which nothing waits for in the end.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::{io, thread};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::oneshot;

/// Looks up on threads. The runtime's pool of threads panics where the system has none to give; here it is a failure.
#[derive(Debug)]
pub(super) struct Threads;

impl Resolve for Threads {
    fn resolve(&self, name: Name) -> Resolving {
        let (tell, told) = oneshot::channel();
        let thread = thread::Builder::new().name("dcs-wait-names".to_owned()).spawn(move || {
            // Port 0 stands for that of the URL. Nobody listens any longer if the request ran out of time.
            let _ = tell.send((name.as_str(), 0).to_socket_addrs().map(Iterator::collect::<Vec<SocketAddr>>));
        });
        Box::pin(async move {
            thread.map_err(|error| io::Error::new(error.kind(), format!("no thread to look up the name: {error}")))?;
            Ok(Box::new(told.await??.into_iter()) as Addrs)
        })
    }
}
