//! A web service that starts an operation and reports its end: `POST /swaps` answers at once with the job's id, `GET
//! /swaps/{id}` tells how it stands. One task a job waits; the service keeps what it last heard. Run it with `cargo run
//! --example service`; it has a sandbox of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use dcs_wait::sandbox::{Sandbox, Story};
use dcs_wait::{Client, Error};
use serde_json::{Value, json};

/// Starts an operation and gives the id of its job. In your service: the call to DCS.
pub(crate) type Start = Arc<dyn Fn() -> String + Send + Sync>;

#[derive(Clone)]
struct Swaps {
    /// Cheap to clone; all waits share its rate and its connections.
    client: Client,
    start: Start,
    known: Arc<Mutex<HashMap<String, Value>>>,
}

/// The service's routes.
pub(crate) fn app(client: Client, start: Start) -> Router {
    let swaps = Swaps { client, start, known: Arc::default() };
    Router::new().route("/swaps", post(begin)).route("/swaps/{id}", get(report)).with_state(swaps)
}

async fn begin(State(swaps): State<Swaps>) -> (StatusCode, Json<Value>) {
    let id = (swaps.start)();
    swaps.note(&id, json!({"state": "under way"}));
    let (waiting, job_id) = (swaps.clone(), id.clone());
    // It ends with the wait, at the latest after its deadline.
    tokio::spawn(async move {
        let wait = waiting.client.wait_for_job(&job_id).timeout(Duration::from_secs(1800));
        let state = match wait.await {
            Ok(job) => json!({"state": "over", "took_ms": job.duration().map(|time| time.as_millis() as u64)}),
            Err(Error::JobFailed(job)) => json!({"state": "failed", "reason": job.fail_reason}),
            // The job may go on: another wait may know more.
            Err(error) => json!({"state": "unknown", "problem": error.to_string(), "retry": error.is_transient()}),
        };
        waiting.note(&job_id, state);
    });
    (StatusCode::ACCEPTED, Json(json!({"job_id": id})))
}

async fn report(State(swaps): State<Swaps>, Path(id): Path<String>) -> (StatusCode, Json<Value>) {
    let known = swaps.known.lock().unwrap_or_else(PoisonError::into_inner);
    match known.get(&id) {
        Some(state) => (StatusCode::OK, Json(state.clone())),
        None => (StatusCode::NOT_FOUND, Json(json!({"problem": "no swap with this id was started here"}))),
    }
}

impl Swaps {
    fn note(&self, id: &str, state: Value) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), state);
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start().await?;
    let client = sandbox.client().build()?;
    let story = || Story::new().init().running().lasting(Duration::from_secs(10)).succeeds();
    let start: Start = Arc::new(move || sandbox.start_job(story()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    println!("curl -X POST http://{address}/swaps          # starts one, answers with its job_id");
    println!("curl http://{address}/swaps/JOB_ID           # how it stands; it is over 10 s later");
    axum::serve(listener, app(client, start)).await?;
    Ok(())
}
