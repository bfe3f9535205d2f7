//! A client of the service: builds the URL, signs, asks, and reads the wall clock. All clones share connections, the rate
//! and what is known of the credentials.

mod builder;
mod transport;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use secrecy::ExposeSecret as _;
use time::UtcDateTime;
use tokio::time::{Instant, timeout_at};
use url::Url;

pub use self::builder::ClientBuilder;
use self::transport::Transport;
use crate::answer::Answer;
use crate::auth::{Pass, Standing, Verdict};
use crate::credentials::{Credentials, Kind};
use crate::error::{Error, Result, TransportErrorKind};
use crate::job::Job;
use crate::pace::{Pace, Seat, Turn};
use crate::text::one_line;
use crate::{check, sign};

/// A client of the service. Cheap to clone: clones share connections, the request rate and what is known of the
/// credentials.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    transport: Transport,
    endpoint: Url,
    /// As the HTTP library sends it: the scheme's own port is left out.
    host: String,
    project_id: String,
    credentials: Credentials,
    request_timeout: Duration,
    pace: Arc<Pace>,
    standing: Standing,
}

/// What came of asking once.
#[derive(Debug)]
pub(crate) struct Asked {
    /// When the first request started; `None` if none was sent.
    pub(crate) at: Option<Instant>,
    pub(crate) result: Result<Job>,
    /// How old the job is by the service's own clock.
    pub(crate) age: Option<Duration>,
    pub(crate) retry_after: Option<Duration>,
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

impl Client {
    /// Settings for a client that uses `credentials`.
    pub fn builder(credentials: Credentials) -> ClientBuilder {
        ClientBuilder::new(credentials)
    }

    /// Asks once how a job stands, as soon as the request rate allows. A job that failed is an `Ok` here: the question
    /// was answered.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for an id that is none, else what came instead of the job: see [`Error`]. After a first refusal
    /// because of a wrong clock the request is repeated once with the service's time.
    pub async fn job(&self, id: &str) -> Result<Job> {
        check::path_segment("job-id", id)?;
        match self.ask(id, None).await {
            Some(asked) => asked.result,
            // Only a wait runs out of time.
            None => Err(Error::transport(TransportErrorKind::Timeout, "there was no turn")),
        }
    }

    pub(crate) fn pace(&self) -> &Arc<Pace> {
        &self.0.pace
    }

    /// Resolves once the credentials are refused for good.
    pub(crate) async fn closed(&self) -> Error {
        self.0.standing.closed().await
    }

    /// Asks once, when the credentials and the rate allow. `None` if time ran out before they did.
    pub(crate) async fn ask(&self, id: &str, place: Option<Place<'_>>) -> Option<Asked> {
        let standing = &self.0.standing;
        let mut at = None;
        loop {
            let pass = tokio::select! {
                biased;
                error = standing.closed() => return Some(Asked::nothing(at, error)),
                pass = self.pass(place) => pass?,
            };
            let start = Instant::now();
            at.get_or_insert(start);
            let (answer, result) = match self.send(id, &pass, self.limit(start, place)).await {
                Ok(sent) => sent,
                Err(error) => {
                    standing.not_refused(&pass, false);
                    return Some(Asked::nothing(at, error));
                }
            };
            match &result {
                Err(error) if answer.status == 401 => {
                    if let Verdict::Again = standing.refused(&pass, self.skew(&answer, &pass), error) {
                        continue;
                    }
                }
                _ => standing.not_refused(&pass, (200..300).contains(&answer.status)),
            }
            let age = result.as_ref().ok().and_then(|job| answer.age_of(job));
            return Some(Asked { at, retry_after: answer.retry_after(), age, result });
        }
    }

    /// Waits for the right to make a request now; `None` if the deadline passes first.
    async fn pass(&self, place: Option<Place<'_>>) -> Option<Pass<'_>> {
        let Inner { standing, pace, .. } = &*self.0;
        let admit = |room| standing.pass(room, self.limit(Instant::now(), place));
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

    async fn send(&self, id: &str, pass: &Pass<'_>, limit: Instant) -> Result<(Answer, Result<Job>)> {
        let Inner { transport, endpoint, host, project_id, credentials, .. } = &*self.0;
        let mut url = endpoint.clone();
        url.set_path(&format!("/v2/{project_id}/jobs/{id}"));
        let date = sdk_date(unix_now().saturating_add(pass.offset));
        let mut headers = vec![("Host", host.as_str()), ("X-Project-Id", project_id.as_str())];
        let mut secrets = credentials.secrets();
        let authorization;
        match &credentials.0 {
            Kind::Key { access_key, secret_key, security_token } => {
                headers.push(("X-Sdk-Date", &date));
                if let Some(token) = security_token {
                    headers.push(("X-Security-Token", token.expose_secret()));
                }
                let request =
                    sign::Request { method: "GET", path: url.path(), query: "", headers: &headers, body: b"" };
                authorization = request.authorization(access_key, secret_key, &date);
                headers.push(("Authorization", &authorization));
                secrets.extend(authorization.rsplit('=').next());
            }
            Kind::Token(token) => headers.push(("X-Auth-Token", token.expose_secret())),
        }
        let answer = transport.get(url, &headers, limit).await?;
        let request_id = answer.request_id.as_deref().map(|id| one_line(&hide(id, &secrets)));
        tracing::debug!(status = answer.status, request_id, "answered");
        let job = answer.job(id, |text| hide(&text, &secrets));
        Ok((answer, job))
    }

    /// The service's clock less the one that the request was signed with, in seconds.
    fn skew(&self, answer: &Answer, pass: &Pass<'_>) -> Option<i64> {
        match &self.0.credentials.0 {
            Kind::Key { .. } => Some(unix(answer.date?).saturating_sub(unix_now()).saturating_sub(pass.offset)),
            Kind::Token(_) => None,
        }
    }
}

impl Asked {
    fn nothing(at: Option<Instant>, error: Error) -> Self {
        Self { at, result: Err(error), age: None, retry_after: None }
    }
}

/// Takes secrets out of a text. What is shorter than eight characters is none, and might be a part of any word.
fn hide(text: &str, secrets: &[&str]) -> String {
    secrets.iter().filter(|secret| secret.len() >= 8).fold(text.to_owned(), |text, secret| {
        if text.contains(secret) { text.replace(secret, "[hidden]") } else { text }
    })
}

fn unix_now() -> i64 {
    unix(SystemTime::now())
}

fn unix(time: SystemTime) -> i64 {
    UtcDateTime::from(time).unix_timestamp()
}

fn sdk_date(unix: i64) -> String {
    let at = UtcDateTime::from_unix_timestamp(unix).unwrap_or(UtcDateTime::UNIX_EPOCH);
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", at.hour(), at.minute(), at.second())
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.0.endpoint.as_str())
            .field("project_id", &self.0.project_id)
            .field("credentials", &self.0.credentials)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
