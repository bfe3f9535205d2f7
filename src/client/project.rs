//! The project: as given, or the one that IAM has for the region.

use std::time::Duration;

use tokio::time::Instant;
use url::Url;

use super::{Asked, Client, Place, Question};
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
        let outage = Duration::from_secs(30);
        let limits =
            Limits { deadline: Instant::now() + outage * 2, max_outage: outage, missing_grace: Duration::ZERO };
        let mut engine = Engine::new(limits, Schedule::DEFAULT, fastrand::f64);
        self.reopen().await;
        loop {
            let fetch = || async { self.project(None).await.map_or(Reply::no_turn(), reply) };
            match engine.round(fetch, || limits.deadline, self.closed()).await {
                Step::Pause(..) => {}
                Step::Over(End::Ended(project_id)) => return Ok(project_id),
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

    /// The project, by one request if it is not known yet; or what came instead. `None` if there was no chance to ask.
    pub(super) async fn project<T>(&self, place: Option<Place<'_>>) -> Option<Result<String, Asked<T>>> {
        let Some(lookup) = &self.0.project_lookup else {
            return Some(Ok(self.0.project.borrow().clone().unwrap_or_default()));
        };
        let mut known = self.0.project.subscribe();
        // All that wait for it look it up; the first to find it ends the search for all.
        tokio::select! {
            biased;
            Ok(id) = known.wait_for(Option::is_some) => Some(Ok(id.clone().unwrap_or_default())),
            asked = self.look_up(lookup, place) => {
                let Asked { at, result, retry_after, .. } = asked?;
                Some(match result.and_then(|projects| the_only(projects, &lookup.region)) {
                    Ok(id) => {
                        self.0.project.send_replace(Some(id.clone()));
                        Ok(id)
                    }
                    Err(error) => Err(Asked { at, result: Err(error), date: None, retry_after }),
                })
            }
        }
    }

    async fn look_up(&self, lookup: &ProjectLookup, place: Option<Place<'_>>) -> Option<Asked<Vec<(String, String)>>> {
        let mut url = lookup.iam.clone();
        url.set_path("/v3/projects");
        url.query_pairs_mut().append_pair("name", &lookup.region);
        let read = |answer: &HttpAnswer, clean: &dyn Fn(String) -> String| answer.projects(clean);
        let question = Question { transport: &lookup.transport, url, project_id: None, read: &read };
        self.answer(&question, place).await
    }
}

fn reply(found: Result<String, Asked<String>>) -> Reply<String, Error> {
    let asked = match found {
        Ok(project_id) => return Reply { asked_at: None, answer: Answer::Ended(project_id), retry_after: None },
        Err(asked) => asked,
    };
    let answer = match asked.result {
        Ok(project_id) => Answer::Ended(project_id),
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
