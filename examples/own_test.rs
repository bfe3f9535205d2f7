//! How to test your own code that waits for jobs: a sandbox without sockets and tokio's clock, paused. A wait of hours takes no
//! time, and nothing needs a network. Run it with `cargo test --example own_test`.

use std::time::Duration;

use dcs_wait::sandbox::{Sandbox, Story};
use dcs_wait::{Client, Error};

/// The code under test: what to do about the caches of a deployment whose operations were started.
async fn decide(client: &Client, job_ids: [&str; 2]) -> &'static str {
    match client.wait_for_jobs(job_ids).timeout(Duration::from_secs(4 * 3600)).fail_fast().await {
        Ok(_) => "deploy",
        Err(Error::Several(several)) => {
            let is_over = |outcome: &dcs_wait::Outcome| matches!(outcome.result, Err(Error::JobFailed(_)));
            if several.outcomes.iter().any(is_over) { "roll back" } else { "try later" }
        }
        Err(_) => "ask an operator",
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let sandbox = Sandbox::without_sockets();
    let ids = [Story::new().succeeds(), Story::new().fails("no memory")].map(|story| sandbox.start_job(story));
    println!(
        "{}; its tests are what this shows: cargo test --example own_test",
        decide(&sandbox.client().build()?, [&ids[0], &ids[1]]).await
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use dcs_wait::sandbox::Answer;
    use tokio::time::Instant;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    async fn decision(swap: Story, resize: Story) -> &'static str {
        let sandbox = Sandbox::without_sockets();
        let (swap, resize) = (sandbox.start_job(swap), sandbox.start_job(resize));
        let client = sandbox.client().build().expect("the settings of a sandbox are good");
        decide(&client, [&swap, &resize]).await
    }

    #[tokio::test(start_paused = true)]
    async fn it_deploys_when_both_are_over_however_long_that_takes() {
        let start = Instant::now();
        let slow = Story::new().running().until(3 * HOUR).succeeds();
        assert_eq!(decision(Story::new().succeeds(), slow).await, "deploy");
        assert!(start.elapsed() >= 3 * HOUR, "on the paused clock");
    }

    #[tokio::test(start_paused = true)]
    async fn it_rolls_back_at_the_first_failure() {
        let endless = Story::new().running();
        let start = Instant::now();
        assert_eq!(decision(Story::new().running().until(HOUR).fails("no memory"), endless).await, "roll back");
        assert!(start.elapsed() < 2 * HOUR, "it does not wait for the other");
    }

    #[tokio::test(start_paused = true)]
    async fn it_bears_an_outage_of_the_service() {
        let outage = Story::new().running().then(Answer::http(503)).lasting(Duration::from_secs(300)).succeeds();
        assert_eq!(decision(outage, Story::new().succeeds()).await, "deploy");
    }

    #[tokio::test(start_paused = true)]
    async fn it_tries_later_if_a_job_does_not_end() {
        assert_eq!(decision(Story::new().running(), Story::new().succeeds()).await, "try later");
    }
}
