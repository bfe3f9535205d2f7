//! Waits until a job of Huawei Cloud's Distributed Cache Service (DCS) is really over, and says exactly how it ended.
//!
//! ```no_run
//! # async fn example() -> Result<(), dcs_wait::Error> {
//! use std::time::Duration;
//! use dcs_wait::{Client, Credentials};
//!
//! let client = Client::builder(Credentials::from_env()?).region("cn-north-4").project_id("0123456789abcdef").build()?;
//! let job = client.wait_for_job("ff8080818822bbf70188235afc24141a").timeout(Duration::from_secs(900)).await?;
//! println!("{} is over", job.id);
//! # Ok(())
//! # }
//! ```
//!
//! The library works inside any tokio runtime with time and I/O enabled. It sets nothing process-wide, never prints, and
//! tells what it does through `tracing`: a span a wait, `debug` a poll, `warn` an error that is borne.

#![warn(clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used))]

mod answer;
mod auth;
mod check;
mod client;
mod credentials;
mod engine;
mod error;
mod events;
mod file;
mod fleet;
mod job;
mod pace;
mod running;
mod schedule;
mod sign;
pub mod text;
mod transport;
mod wait;
mod watch;

#[cfg(feature = "sandbox")]
pub mod sandbox;

pub use client::{Client, ClientBuilder};
pub use credentials::{
    Credentials, CredentialsSource, Environment, Found, Loading, Login, Lookup, Search, SourceKind, Tried,
};
pub use error::{Error, InvalidInput, Result, ServiceError, Several, TransportError, TransportErrorKind, Unfinished};
pub use events::{Event, Outcome};
pub use job::{Job, JobStatus};
pub use running::{Events, Outcomes};
pub use wait::{Wait, WaitForJob, WaitForJobs};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
