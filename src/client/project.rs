//! The project: as given, or the one that IAM has for the region.

use tokio::time::Instant;
use url::Url;

use super::{Asked, Client, Question};
use crate::answer::Answer as HttpAnswer;
use crate::check;
use crate::engine::{Answer, End, Engine, Limits, Reply, Step};
use crate::error::{Error, Result, TransportErrorKind};
use crate::schedule::Schedule;
use crate::transport::Transport;

/// How to find the project that is not given.
#[derive(Debug)]
pub(super) struct ProjectLookup {
    pub(super) transport: Transport,
    pub(super) iam: Url,
    pub(super) region: String,
}

impl Client {
    /// The project that the jobs belong to: as given, or by a request to IAM, once for all clones. An outage of IAM is borne
    /// for 30 s.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if the region has none or several projects, else what came instead of them: see [`Error`].
    pub async fn project_id(&self) -> Result<String> {
        let Some(lookup) = &self.0.project_lookup else {
            return Ok(self.0.project.borrow().clone().unwrap_or_default());
        };
        let mut known = self.0.project.subscribe();
        // All that wait for it look it up; the first to find it ends the search for all.
        tokio::select! {
            biased;
            Ok(id) = known.wait_for(Option::is_some) => Ok(id.clone().unwrap_or_default()),
            found = self.look_up(lookup) => {
                let id = found?;
                self.0.project.send_replace(Some(id.clone()));
                Ok(id)
            }
        }
    }

    async fn look_up(&self, lookup: &ProjectLookup) -> Result<String> {
        let mut url = lookup.iam.clone();
        url.set_path("/v3/projects");
        url.query_pairs_mut().append_pair("name", &lookup.region);
        let read = |answer: &HttpAnswer, clean: &dyn Fn(String) -> String| answer.projects(clean);
        let question = Question { transport: &lookup.transport, url, project_id: None, read: &read };
        let limits = Limits::for_a_look_up();
        let mut engine = Engine::new(limits, Schedule::DEFAULT, fastrand::f64);
        loop {
            let fetch = || async { self.answer(&question, None).await.map_or(Reply::no_turn(), reply) };
            match engine.round(fetch, || limits.deadline, self.closed()).await {
                Step::Pause(..) => {}
                Step::Over(End::Ended(projects)) => return the_only(projects, &lookup.region),
                Step::Over(End::Refused(error) | End::Missing(error)) => return Err(error),
                Step::Over(End::OutOfTime | End::Unreachable) => {
                    let trouble = engine.trouble.take().map(|(error, _)| error);
                    return Err(
                        trouble.unwrap_or_else(|| Error::transport(TransportErrorKind::Timeout, "IAM is silent"))
                    );
                }
            }
        }
    }
}

fn reply(asked: Asked<Vec<(String, String)>>) -> Reply<Vec<(String, String)>, Error> {
    let answer = match asked.result {
        Ok(projects) => Answer::Ended(projects),
        Err(error) if error.is_transient() => Answer::Unusable(error),
        Err(error) => Answer::Refused(error),
    };
    Reply { asked_at: asked.at, answer, retry_after: asked.retry_after }
}

fn the_only(mut projects: Vec<(String, String)>, region: &str) -> Result<String> {
    if projects.len() > 1 {
        let all: Vec<String> = projects.iter().take(20).map(|(id, name)| format!("{id} ({name})")).collect();
        let problem = format!("{region} has several projects, say which one: {}", all.join(", "));
        return Err(Error::invalid("project-id", crate::text::one_line(&problem)));
    }
    match projects.pop() {
        Some((id, _)) => check::path_segment("project-id", &id).map(|()| id),
        None => Err(Error::invalid("project-id", format!("no project is named {region}; give the one of the jobs"))),
    }
}

impl Limits {
    /// Nobody waits long for the project.
    fn for_a_look_up() -> Self {
        let outage = std::time::Duration::from_secs(30);
        Self { deadline: Instant::now() + outage * 2, max_outage: outage, missing_grace: std::time::Duration::ZERO }
    }
}
