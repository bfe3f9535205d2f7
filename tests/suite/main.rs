//! The library and the command against the sandbox, over real sockets: what is promised, one test a promise.

mod answers;
mod auth;
mod bad_input;
mod bytes;
#[cfg(unix)]
mod ci_examples;
mod crowd;
mod examples;
mod exit_status;
mod expect;
#[cfg(unix)]
mod forms;
mod github;
mod help;
mod histories;
mod home;
#[cfg(unix)]
mod jq;
mod keys;
#[cfg(unix)]
mod machine;
mod many;
mod metadata;
mod mistakes;
mod network;
mod output;
#[cfg(unix)]
mod picture;
#[cfg(unix)]
mod readme;
mod replay;
mod sandbox;
#[cfg(unix)]
mod schema;
mod secrets;
#[cfg(target_os = "linux")]
mod soak;
mod sources;
mod stdin;
#[cfg(unix)]
mod streams;
mod support;
#[cfg(unix)]
mod terminal;
mod time;
mod tls;
mod waits;
