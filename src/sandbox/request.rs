//! A request as the sandbox remembers it.

use std::fmt;
use std::time::Instant;

/// A request as the sandbox received it, and what it answered. Its `Debug` text hides the values of headers.
#[derive(Clone)]
#[non_exhaustive]
pub struct Request {
    /// When it was received, by tokio's clock.
    pub at: Instant,
    /// Path and query.
    pub path: String,
    /// The headers, names in lower case, in the order of arrival. None if they are not recorded: see
    /// [`record_headers`](super::Sandbox::record_headers).
    pub headers: Vec<(String, String)>,
    /// The HTTP status of the answer; `None` if the connection was closed instead.
    pub status: Option<u16>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Some are secrets, and a user's test may well use real ones.
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        let Self { path, status, .. } = self;
        f.debug_struct("Request")
            .field("path", path)
            .field("status", status)
            .field("headers", &names)
            .finish_non_exhaustive()
    }
}
