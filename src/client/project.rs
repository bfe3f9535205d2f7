//! The project: as given, or the one that IAM has for the region.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::Instant;
use url::Url;

use super::{Asked, Client, Question};
use crate::answer::Answer as HttpAnswer;
use crate::auth::Pass;
use crate::check;
use crate::engine::{Answer, End, Reply, Rules, Step};
use crate::error::{Error, Result, TransportErrorKind};
use crate::fleet::{Fleet, Service};
use crate::pace::Admission;
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
        let rules = Rules {
            deadline: Instant::now() + outage * 2,
            max_outage: outage,
            missing_grace: Duration::ZERO,
            schedule: Schedule::DEFAULT,
            random: fastrand::f64,
        };
        let mut known = self.0.project.subscribe();
        self.reopen().await;
        let mut search = Fleet::new(Search(self.clone()), rules, &self.0.pace, ["project".into()]);
        let searching = async {
            while let Some((index, step)) = search.next().await {
                match step {
                    Step::Pause(..) => {}
                    Step::Over(End::Ended(project_id)) => return Ok(project_id),
                    Step::Over(End::Refused(error) | End::Missing(error)) => return Err(error),
                    Step::Over(End::OutOfTime | End::Unreachable | End::Stopped) => {
                        if let Some(trouble) = search.wait(index).engine.trouble.take() {
                            return Err(trouble.0);
                        }
                    }
                }
            }
            Err(Error::transport(TransportErrorKind::Timeout, "IAM is silent"))
        };
        // All that wait for it look it up; the first to find it ends the search for all.
        tokio::select! {
            biased;
            Ok(id) = known.wait_for(Option::is_some) => Ok(id.clone().unwrap_or_default()),
            found = searching => found,
        }
    }

    /// Asks IAM once, and remembers what it says.
    pub(super) async fn look_up(&self, pass: Pass, deadline: Option<Instant>) -> Option<Asked<String>> {
        let Some(lookup) = &self.0.project_lookup else {
            // Without a project there is always a way to find it.
            return Some(Asked::nothing(None, Error::invalid("project-id", "not given")));
        };
        let mut url = lookup.iam.clone();
        url.set_path("/v3/projects");
        url.query_pairs_mut().append_pair("name", &lookup.region);
        let read = |answer: &HttpAnswer, clean: &dyn Fn(String) -> String| {
            answer.projects(clean).and_then(|projects| the_only(projects, &lookup.region))
        };
        let question = Question { transport: &lookup.transport, url, project_id: None, read: &read };
        let asked = self.once(&question, pass, deadline).await?;
        if let Ok(id) = &asked.result {
            self.0.project.send_replace(Some(id.clone()));
        }
        Some(asked)
    }
}

/// The search for the project, as something to wait for.
struct Search(Client);

impl Service for Search {
    type Pass = Pass;
    type Value = String;
    type Error = Error;

    fn admit(&self, room: bool) -> Admission<Pass> {
        self.0.admit(room, None)
    }

    fn ask(&self, _id: &str, pass: Pass) -> BoxFuture<'static, Option<Reply<String, Error>>> {
        let client = self.0.clone();
        Box::pin(async move { client.look_up(pass, None).await.map(|asked| asked.into_reply(Answer::Ended)) })
    }

    async fn free(&self) {
        self.0.free().await;
    }

    async fn halted(&self) -> Error {
        self.0.closed().await
    }
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
