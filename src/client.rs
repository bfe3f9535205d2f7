//! A client of the service: asks when credentials and rate allow, and repairs what a refusal tells. All clones share
//! connections, the rate and what is known of the credentials. The only place that reads the wall clock.

mod builder;
mod exchange;
mod project;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use url::Url;

pub use self::builder::ClientBuilder;
use self::project::ProjectLookup;
use crate::answer::Answer;
use crate::auth::{Pass, Standing, Verdict};
use crate::check;
use crate::credentials::CredentialsSource;
use crate::error::{Error, Result, TransportErrorKind};
use crate::job::Job;
use crate::pace::{Pace, Seat, Turn};
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
    standing: Standing,
}

/// What came of asking once.
#[derive(Debug)]
pub(crate) struct Asked<T> {
    /// When the first request started; `None` if none was sent.
    pub(crate) at: Option<Instant>,
    pub(crate) result: Result<T>,
    /// The service's clock.
    pub(crate) date: Option<SystemTime>,
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

/// A wait's place among the others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) seat: &'a Seat,
    pub(crate) deadline: Instant,
    /// When it asked last.
    pub(crate) asked: Option<Instant>,
}

/// How long the poll that is in flight at the deadline may still take.
pub(crate) const LAST_POLL_LIMIT: Duration = Duration::from_secs(5);

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
        match self.ask(id, None).await {
            Some(asked) => asked.result,
            // Only a wait runs out of time.
            None => Err(Error::transport(TransportErrorKind::Timeout, "there was no turn")),
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

    /// Asks once how a job stands, when the credentials and the rate allow. `None` if time ran out before they did.
    pub(crate) async fn ask(&self, id: &str, place: Option<Place<'_>>) -> Option<Asked<Job>> {
        let project_id = match self.project(place).await? {
            Ok(project_id) => project_id,
            Err(asked) => return Some(asked),
        };
        let mut url = self.0.endpoint.clone();
        url.set_path(&format!("/v2/{project_id}/jobs/{id}"));
        let read = |answer: &Answer, clean: &dyn Fn(String) -> String| answer.job(id, clean);
        let question = Question { transport: &self.0.transport, url, project_id: Some(&project_id), read: &read };
        self.answer(&question, place).await
    }

    async fn answer<T>(&self, question: &Question<'_, T>, place: Option<Place<'_>>) -> Option<Asked<T>> {
        let standing = &self.0.standing;
        let mut at = None;
        loop {
            let pass = tokio::select! {
                biased;
                error = self.closed() => return Some(Asked::nothing(at, error)),
                pass = self.pass(place) => pass?,
            };
            let start = Instant::now();
            at.get_or_insert(start);
            let (answer, result) = match question.send(&pass, self.limit(start, place)).await {
                Ok(sent) => sent,
                Err(error) => {
                    standing.not_refused(&pass, false);
                    return Some(Asked::nothing(at, error));
                }
            };
            match &result {
                Err(error) if answer.status == 401 => {
                    let skew = exchange::skew(&answer, &pass);
                    if let Verdict::Again = standing.refused(pass, skew, error).await {
                        continue;
                    }
                }
                _ => standing.not_refused(&pass, (200..300).contains(&answer.status)),
            }
            return Some(Asked { at, retry_after: answer.retry_after(), date: answer.date, result });
        }
    }

    /// Waits for the right to make a request now; `None` if the deadline passes first.
    async fn pass(&self, place: Option<Place<'_>>) -> Option<Pass<'_>> {
        let Inner { standing, pace, .. } = &*self.0;
        let admit = |room| standing.pass(room, self.limit(Instant::now(), place) + AFTERTHOUGHT);
        loop {
            let turn = match place {
                Some(place) => place.seat.turn(place.asked, admit).await,
                None => pace.turn(admit).await,
            };
            match (turn, place) {
                (Turn::Go(pass), _) => return Some(pass),
                (Turn::TooLate, _) => return None,
                (Turn::Busy, None) => standing.gate().await,
                // The rate may carry a first look past the deadline, another's request may not.
                (Turn::Busy, Some(place)) => {
                    timeout_at(place.deadline + LAST_POLL_LIMIT, standing.gate()).await.ok()?
                }
            }
        }
    }

    /// Until when a request may take that starts at `start`.
    fn limit(&self, start: Instant, place: Option<Place<'_>>) -> Instant {
        let limit = start + self.0.request_timeout;
        place.map_or(limit, |place| limit.min(place.deadline.max(start) + LAST_POLL_LIMIT))
    }
}

impl<T> Asked<T> {
    fn nothing(at: Option<Instant>, error: Error) -> Self {
        Self { at, result: Err(error), date: None, retry_after: None }
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
