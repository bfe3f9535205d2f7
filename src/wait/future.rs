//! Waits as futures: of the job itself, or of the outcomes of many.

use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;

use super::{WaitForJob, WaitForJobs};
use crate::error::{Error, Result, Several};
use crate::events::Outcome;
use crate::job::Job;

impl IntoFuture for WaitForJob {
    type Output = Result<Job>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Job>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut running = self.start(Arc::default())?;
            // A wait for one job gives one outcome.
            running.next_outcome().await.map_or_else(|| Err(Error::invalid("job-id", "not given")), |it| it.result)
        })
    }
}

impl IntoFuture for WaitForJobs {
    type Output = Result<Vec<Outcome>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Vec<Outcome>>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let is_any = self.until.any;
            let mut running = self.start(Arc::default())?;
            let mut outcomes = Vec::new();
            while let Some(outcome) = running.next_outcome().await {
                outcomes.push(outcome);
            }
            let mut results = outcomes.iter().map(|outcome| outcome.result.is_ok());
            let is_enough = if is_any { results.any(|is_ok| is_ok) } else { results.all(|is_ok| is_ok) };
            if is_enough { Ok(outcomes) } else { Err(Error::Several(Box::new(Several { outcomes }))) }
        })
    }
}
