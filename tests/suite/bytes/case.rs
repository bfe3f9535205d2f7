//! One case: a wait through the proxy, and what it must lead to.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use dcs_wait::sandbox::{SECRET_KEY, Sandbox, Story};
use dcs_wait::{ClientBuilder, Error, Event, TransportErrorKind};
use futures_util::StreamExt as _;

use super::proxy::{Fault, Proxy, Side, Way};
use crate::support::{client, kind, quick};
use crate::tls::Certificate;

/// More than any one request needs, on a busy machine too.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(1);
/// For what must not end by this.
pub(super) const PLENTY: Duration = Duration::from_secs(20);
/// When a wait ends that gets no answer.
const DEADLINE: Duration = Duration::from_millis(200);
/// No wait ends later after its deadline, whatever a request may take.
const LAST_POLL: Duration = Duration::from_secs(5);

/// A conversation: the job runs and ends, or, if every connection is cut, has ended before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Talk {
    pub(super) is_tls: bool,
    pub(super) succeeds: bool,
    pub(super) is_always: bool,
}

/// How many bytes have gone which way when the first answer is known, and when the last one is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marks {
    pub(super) request: [usize; 2],
    pub(super) answer: [usize; 2],
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Case {
    pub(super) talk: Talk,
    pub(super) side: Side,
    pub(super) way: Way,
    pub(super) after: usize,
}

/// What a wait through the proxy has given.
pub(super) struct Seen {
    pub(super) outcome: &'static str,
    pub(super) statuses: usize,
    pub(super) retries: Vec<Error>,
    /// How many bytes the proxy has got rid of as answers.
    pub(super) said: usize,
    connections: usize,
    took: Duration,
    marks: Vec<[usize; 2]>,
}

impl Talk {
    fn story(self) -> Story {
        let story = if self.is_always { Story::new() } else { Story::new().running() };
        if self.succeeds { story.succeeds() } else { story.fails("no memory") }
    }

    fn end(self) -> &'static str {
        if self.succeeds { "succeeded" } else { "failed" }
    }

    /// How long the conversation is if nothing is cut.
    pub(super) async fn marks(self, certificate: &Certificate) -> Marks {
        let seen = self.wait(None, PLENTY, certificate).await.unwrap();
        let (first, last) = (seen.marks[0], seen.marks[seen.marks.len() - 1]);
        Marks { request: [first[0], last[0]], answer: [first[1], last[1]] }
    }

    async fn sandbox(self, certificate: &Certificate) -> Sandbox {
        let sandbox = match self.is_tls {
            false => Sandbox::start().await,
            true => Sandbox::start_tls(&certificate.chain, &certificate.key).await,
        };
        let sandbox = sandbox.unwrap();
        sandbox.add_job("job", self.story());
        sandbox
    }

    /// A request may take until `limit`.
    async fn wait(self, fault: Option<Fault>, limit: Duration, certificate: &Certificate) -> Result<Seen, String> {
        let sandbox = self.sandbox(certificate).await;
        wait(&sandbox, fault, self.is_always, limit, self.is_tls.then_some(&certificate.ca)).await
    }

    /// Whether a wait that is dropped while nothing comes lets go of its connection, its client being kept.
    pub(super) async fn lets_go(self, side: Side, after: usize, certificate: &Certificate) -> bool {
        let sandbox = self.sandbox(certificate).await;
        let fault = Fault::Cut { side, after, way: Way::Silence };
        let (proxy, builder) = through(&sandbox, Some(fault), 1).await;
        let client = builder.ca_cert(certificate.ca.clone()).build().unwrap();
        let wait = quick(client.wait_for_job("job")).into_future();
        let is_open = tokio::time::timeout(Duration::from_millis(500), wait).await.is_err();
        is_open && tokio::time::timeout(Duration::from_secs(4), proxy.left()).await.is_ok()
    }
}

/// A proxy before the sandbox, and a client that goes through it.
async fn through(sandbox: &Sandbox, fault: Option<Fault>, count: usize) -> (Proxy, ClientBuilder) {
    let endpoint = sandbox.endpoint();
    let (scheme, upstream) = endpoint.split_once("://").unwrap();
    let proxy = Proxy::start(upstream.to_owned(), fault, count).await;
    let builder = client(sandbox).endpoint(format!("{scheme}://{}", proxy.address));
    (proxy, builder)
}

/// Waits for `job` through a proxy whose first connection meets the fault, or all of them. An error is a promise that is
/// broken whatever the fault was. A request may take until `limit`.
pub(super) async fn wait(
    sandbox: &Sandbox,
    fault: Option<Fault>,
    is_always: bool,
    limit: Duration,
    ca: Option<&String>,
) -> Result<Seen, String> {
    let (proxy, builder) = through(sandbox, fault, if is_always { usize::MAX } else { 1 }).await;
    let mut builder = builder.request_timeout(limit);
    if let Some(ca) = ca {
        builder = builder.ca_cert(ca.clone());
    }
    let client = builder.build().unwrap();
    let start = Instant::now();
    let mut wait = quick(client.wait_for_job("job"));
    if is_always {
        wait = wait.timeout(DEADLINE);
    }
    let mut events = wait.events();
    let (mut all, mut marks) = (Vec::new(), Vec::new());
    while let Some(event) =
        tokio::time::timeout(Duration::from_secs(40), events.next()).await.map_err(|_| "it hangs")?
    {
        marks.push([&proxy.passed.request, &proxy.passed.answer].map(|count| count.load(Ordering::SeqCst)));
        all.push(event);
    }
    let took = start.elapsed();
    drop((events, client));
    let passed = Arc::clone(&proxy.passed);
    tokio::time::timeout(Duration::from_secs(10), proxy.left()).await.map_err(|_| "a connection outlives the wait")?;

    let text = format!("{all:?}");
    if [SECRET_KEY, "Signature="].iter().any(|secret| text.contains(secret)) {
        return Err(format!("a secret in {text}"));
    }
    let Some((Event::Outcome(outcome), steps)) = all.split_last() else { return Err("no outcome".to_owned()) };
    let retries: Vec<Error> = steps
        .iter()
        .filter_map(|event| match event {
            Event::Retry { error, .. } => Some(error.clone()),
            _ => None,
        })
        .collect();
    let statuses = steps.iter().filter(|event| matches!(event, Event::Status { .. })).count();
    let asked = sandbox.requests().len();
    if statuses + retries.len() != steps.len() || outcome.polls as usize != all.len() || asked > all.len() {
        return Err(format!("{asked} requests, but {all:?}"));
    }
    let [connections, said] = [&passed.connections, &passed.answer].map(|count| count.load(Ordering::SeqCst));
    Ok(Seen { outcome: kind(&outcome.result), statuses, retries, said, connections, took, marks })
}

impl Case {
    /// Lets it happen. The error says which promise was broken.
    pub(super) async fn run(self, marks: Marks, certificate: &Certificate) -> Result<(), String> {
        let Self { talk, side, way, after } = self;
        let [first, last] = match side {
            Side::Request => marks.request,
            Side::Answer => marks.answer,
        };
        let is_whole = side == Side::Answer && after >= last;
        let limit = if way == Way::Silence && !is_whole { REQUEST_TIMEOUT } else { PLENTY };
        let seen = talk.wait(Some(Fault::Cut { side, after, way }), limit, certificate).await?;
        // A connection that ends while it is not in use may be noticed before the next request or by it.
        let is_between = side == Side::Answer && after == first && way != Way::Silence;
        let fewest = usize::from(!is_whole && !is_between);
        let most = if is_whole { 0 } else { 1 };
        let expected = if talk.is_always && !is_whole { "unreachable" } else { talk.end() };
        if seen.outcome != expected {
            return Err(format!("{} instead of {expected}, after {:?}", seen.outcome, seen.retries));
        }
        // On a busy machine, a request that nobody cuts may be too late as well.
        let may_be_late = limit == REQUEST_TIMEOUT;
        if !talk.is_always && (seen.retries.len() < fewest || (seen.retries.len() > most && !may_be_late)) {
            return Err(format!("{fewest} to {most} retries, but {:?}", seen.retries));
        }
        for error in &seen.retries {
            let is_right = match error {
                Error::Transport(error) => match error.kind {
                    TransportErrorKind::Timeout => way == Way::Silence,
                    TransportErrorKind::Connect | TransportErrorKind::Interrupted => way != Way::Silence,
                    _ => false,
                },
                _ => false,
            };
            if !is_right {
                return Err(format!("not what a cut is: {error:?}"));
            }
        }
        if seen.connections > seen.retries.len() + 2 {
            return Err(format!("{} connections for {} retries", seen.connections, seen.retries.len()));
        }
        if talk.is_always && seen.took > DEADLINE + LAST_POLL {
            return Err(format!("it took {:?}", seen.took));
        }
        Ok(())
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { talk, side, way, after } = self;
        let scheme = if talk.is_tls { "tls" } else { "plain" };
        let often = if talk.is_always { "always" } else { "once" };
        write!(f, "{scheme} {} {often} {side} {way} {after}", talk.end())
    }
}
