//! A client of the service: asks when credentials and rate allow, and repairs what a refusal tells. All clones share
//! connections, the rate and what is known of the credentials. The only place that reads the wall clock.

mod builder;
mod exchange;
mod project;
mod region;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::Instant;
use url::Url;

pub use self::builder::ClientBuilder;
use self::project::ProjectLookup;
use crate::answer::Answer;
use crate::auth::{Pass, Standing, Verdict};
use crate::check;
use crate::credentials::CredentialsSource;
use crate::engine;
use crate::error::{Error, Result};
use crate::fleet::{LAST_POLL_LIMIT, LATE};
use crate::job::Job;
use crate::pace::{Admission, Pace, Signal};
use crate::transport::Transport;

/// A client of the service. Cheap to clone: clones share connections, the request rate and what is known of the
/// credentials.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    transport: Transport,
    endpoint: Url,
    /// The project, once it is known.
    project: watch::Sender<Option<String>>,
    /// How to find the project.
    project_lookup: Option<ProjectLookup>,
    request_timeout: Duration,
    pace: Arc<Pace>,
    standing: Arc<Standing>,
}

/// What came of asking once.
#[derive(Debug)]
pub(crate) struct Asked<T> {
    /// When the request started; `None` if none was sent.
    pub(crate) at: Option<Instant>,
    pub(crate) result: Result<T>,
    pub(crate) retry_after: Option<Duration>,
}

/// How to read an answer. The second argument takes secrets out of a text.
type Read<'a, T> = dyn Fn(&Answer, &dyn Fn(String) -> String) -> Result<T> + Sync + 'a;

/// What to GET, and how to read the answer.
struct Question<'a, T> {
    transport: &'a Transport,
    url: Url,
    /// The project that the request is about, if it is about one.
    project_id: Option<&'a str>,
    read: &'a Read<'a, T>,
}

/// A request that went alone has this long after its time to be given up by whoever made it.
const AFTERTHOUGHT: Duration = Duration::from_secs(1);

impl Client {
    /// Settings for a client that uses these credentials: [`Credentials`](crate::Credentials), what a
    /// [`Lookup`](crate::Lookup) found, or a source of your own.
    pub fn builder(credentials: impl CredentialsSource + 'static) -> ClientBuilder {
        ClientBuilder::new(Arc::new(credentials))
    }

    /// Asks once how a job stands, as soon as the request rate allows. A job that failed is an `Ok` here: the question
    /// was answered.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for an id that is none, else what came instead of the job: see [`Error`]. After a first refusal
    /// the request is repeated once if the clock was wrong or the source has other credentials by now.
    pub async fn job(&self, id: &str) -> Result<Job> {
        check::path_segment("job-id", id)?;
        self.reopen().await;
        loop {
            let turn = tokio::select! {
                biased;
                error = self.closed() => return Err(error),
                turn = self.0.pace.turn(|room| self.admit(room, None)) => turn,
            };
            let Some((pass, _probe)) = turn else {
                self.free().await;
                continue;
            };
            let Some(asked) = self.ask(id, pass, None).await else { continue };
            let signal = match &asked.result {
                Ok(_) => Some(Signal::Answered),
                Err(error) => error.throttle().map(|told| Signal::Throttled { told }),
            };
            if let (Some(at), Some(signal)) = (asked.at, signal) {
                self.0.pace.note(at, signal, asked.retry_after);
            }
            return asked.result;
        }
    }

    /// Makes sure that there are credentials and a project, which may take requests to the instance's metadata service and to
    /// IAM. A wait does so by itself; this is for those who want to know before.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if there are no credentials, or none or several projects, else what came instead of them.
    pub async fn ready(&self) -> Result<()> {
        self.0.standing.ready().await?;
        self.project_id().await.map(drop)
    }

    /// How long it takes to ask about so many jobs once, at the client's rate.
    #[must_use]
    pub fn round_of(&self, jobs: u32) -> Duration {
        self.0.pace.spacing() * jobs
    }

    pub(crate) fn pace(&self) -> &Arc<Pace> {
        &self.0.pace
    }

    /// Asks the source once more if its credentials were refused for good.
    pub(crate) async fn reopen(&self) {
        self.0.standing.reopen().await;
    }

    /// Resolves once the credentials are refused for good; renews them in the meantime.
    pub(crate) async fn closed(&self) -> Error {
        self.0.standing.closed(SystemTime::now).await
    }

    /// Gives the right to make a request now, for a wait until `deadline`; see [`Standing::pass`].
    pub(crate) fn admit(&self, room: bool, deadline: Option<Instant>) -> Admission<Pass> {
        self.0.standing.pass(room, self.limit(Instant::now(), deadline) + AFTERTHOUGHT)
    }

    /// Waits until nothing but the rate is in the way of a request.
    pub(crate) async fn free(&self) {
        self.0.standing.gate().await;
    }

    /// Asks once how a job stands. `None` if something was found out or repaired, so that it is worth asking again at once.
    pub(crate) async fn ask(&self, id: &str, pass: Pass, deadline: Option<Instant>) -> Option<Asked<Job>> {
        let known = self.0.project.borrow().clone();
        let Some(project_id) = known else {
            // With the project, the job is worth a request of its own.
            let Asked { at, result, retry_after } = self.look_up(pass, deadline).await?;
            return result.err().map(|error| Asked { at, result: Err(error), retry_after });
        };
        let mut url = self.0.endpoint.clone();
        url.set_path(&format!("/v2/{project_id}/jobs/{id}"));
        let read = |answer: &Answer, clean: &dyn Fn(String) -> String| answer.job(id, clean);
        let question = Question { transport: &self.0.transport, url, project_id: Some(&project_id), read: &read };
        self.once(&question, pass, deadline).await
    }

    /// Asks now. `None` if it was refused and that was repaired.
    async fn once<T>(&self, question: &Question<'_, T>, pass: Pass, deadline: Option<Instant>) -> Option<Asked<T>> {
        let standing = &self.0.standing;
        let start = Instant::now();
        let (answer, result) = match question.send(&pass, self.limit(start, deadline)).await {
            Ok(sent) => sent,
            Err(error) => {
                standing.not_refused(&pass, false);
                return Some(Asked::nothing(Some(start), error));
            }
        };
        match &result {
            Err(error) if answer.status == 401 => {
                let skew = exchange::skew(&answer, &pass);
                if let Verdict::Again = standing.refused(pass, skew, error).await {
                    return None;
                }
            }
            _ => standing.not_refused(&pass, (200..300).contains(&answer.status)),
        }
        Some(Asked { at: Some(start), retry_after: answer.retry_after(), result })
    }

    /// Until when a request may take that starts at `start`. A last poll that is held up a little gets no more time by that;
    /// what starts later is a first look.
    fn limit(&self, start: Instant, deadline: Option<Instant>) -> Instant {
        let last = |deadline| if start > deadline + LATE { start } else { deadline };
        let limit = start + self.0.request_timeout;
        deadline.map_or(limit, |deadline| limit.min(last(deadline) + LAST_POLL_LIMIT))
    }
}

impl<T> Asked<T> {
    /// What it is to a wait; `judge` says what a value is.
    pub(crate) fn into_reply<V>(self, judge: impl FnOnce(T) -> engine::Answer<V, Error>) -> engine::Reply<V, Error> {
        let answer = match self.result {
            Ok(value) => judge(value),
            Err(error @ Error::NotFound(_)) => engine::Answer::Missing(error),
            Err(error) => match error.throttle() {
                Some(told) => engine::Answer::Throttled(error, told),
                None if error.is_transient() => engine::Answer::Unusable(error),
                None => engine::Answer::Refused(error),
            },
        };
        engine::Reply { asked_at: self.at, answer, retry_after: self.retry_after }
    }

    fn nothing(at: Option<Instant>, error: Error) -> Self {
        Self { at, result: Err(error), retry_after: None }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.0.endpoint.as_str())
            .field("project_id", &self.0.project.borrow().as_deref())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
