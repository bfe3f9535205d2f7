//! The main job, with no account and no environment: starts a sandbox, starts two operations there, waits for them, and
//! shows each step. Run it with `cargo run --example quickstart`.

use std::pin::pin;
use std::time::Duration;

use dcs_wait::sandbox::{Answer, Sandbox, Story};
use dcs_wait::{Client, Error, Event};
use futures_util::StreamExt as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start().await?;
    println!("A sandbox plays the service at {}.\n", sandbox.endpoint());
    let client = sandbox.client().build()?;

    // An operation gives the id of a job that goes on by itself. This one meets a service in trouble on its way.
    let swap = Story::new().init().running().then(Answer::http(503)).running().times(2).succeeds();
    watch(&client, &sandbox.start_job(swap)).await?;

    let resize = Story::new().job_type("extendDCSInstance").init().running().fails("no capacity left in this zone");
    watch(&client, &sandbox.start_job(resize)).await?;

    println!("In a program it is one line, and `?` cannot walk past a job that failed:");
    let id = sandbox.start_job(Story::new().fails("the standby is not in sync"));
    println!("    client.wait_for_job(id).await? gives");
    if let Err(error @ Error::JobFailed(_)) = client.wait_for_job(id).await {
        println!("    error: {error}");
    }
    Ok(())
}

/// Waits for one job and shows every step.
async fn watch(client: &Client, id: &str) -> Result<(), Error> {
    println!("Waiting for job {id}");
    let wait = client.wait_for_job(id).initial_interval(Duration::from_millis(500)).timeout(Duration::from_secs(30));
    let mut events = pin!(wait.events());
    while let Some(event) = events.next().await {
        match event {
            Event::Status { job: Some(job), next_poll, .. } => {
                println!("    {:8} asking again in {next_poll:.1?}", job.status_text());
            }
            Event::Retry { error, next_poll, .. } => println!("    {error}, asking again in {next_poll:.1?}"),
            Event::Outcome(outcome) => match outcome.result {
                Ok(job) => println!("    {:8} after {} polls\n", job.status_text(), outcome.polls),
                Err(Error::JobFailed(job)) => {
                    println!("    {:8} because {}\n", job.status_text(), job.fail_reason.as_deref().unwrap_or("-"));
                }
                Err(error) => return Err(error),
            },
            _ => {}
        }
    }
    Ok(())
}
