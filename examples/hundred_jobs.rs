//! Waits for a hundred jobs at once and shows their events as they come: the ends one by one, all else as counts. Run it with
//! `cargo run --example hundred_jobs`; it takes a few seconds.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use dcs_wait::sandbox::{Answer, Sandbox, Story};
use dcs_wait::{Error, Event};
use futures_util::StreamExt as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start().await?;
    let ids: Vec<String> = (0..100).map(|number| sandbox.start_job(story(number))).collect();
    // One client for all: they share its connections and its rate. That of a real service is lower: leave it at 5 there.
    let client = sandbox.client().max_rate(100.0).build()?;

    let wait = client.wait_for_jobs(&ids).timeout(Duration::from_secs(60)).max_interval(Duration::from_secs(2));
    let mut events = pin!(wait.events());
    let (mut steps, mut endings) = (BTreeMap::new(), BTreeMap::new());
    while let Some(event) = events.next().await {
        match event {
            Event::Status { job: Some(job), .. } => *steps.entry(job.status_text().to_owned()).or_insert(0) += 1,
            Event::Status { .. } => *steps.entry("not visible yet".to_owned()).or_insert(0) += 1,
            Event::Retry { .. } => *steps.entry("no usable answer, asked again".to_owned()).or_insert(0) += 1,
            Event::Outcome(outcome) => {
                let ending = match &outcome.result {
                    Ok(_) => "succeeded",
                    Err(Error::JobFailed(_)) => "failed",
                    Err(_) => "not known to be over",
                };
                if let Err(error) = &outcome.result {
                    println!("{:5.1}s  {error}", outcome.waited.as_secs_f64());
                }
                *endings.entry(ending).or_insert(0) += 1;
            }
            _ => {}
        }
    }
    println!("on the way: {steps:?}\nin the end: {endings:?}");
    Ok(())
}

/// Most succeed after a while, some meet a service in trouble, a few fail.
fn story(number: u64) -> Story {
    let begun = Story::new().init().running().lasting(Duration::from_millis(20 * number));
    match number % 10 {
        3 => begun.then(Answer::http(503)).running().succeeds(),
        7 => begun.fails("no capacity left in this zone"),
        _ => begun.succeeds(),
    }
}
