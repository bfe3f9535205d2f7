//! How many requests the sandbox bears: a bucket of tokens, and the refusal when it is empty.

use std::time::Duration;

use tokio::time::Instant;

use super::answer::{Answer, error};

/// How many requests about jobs the sandbox bears. It refuses those above with 429 and `APIG.0308`, as the service's gateway
/// does.
///
/// It is a bucket of tokens: each request takes one, and `limit` of them come back in each `period`, evenly, until it is
/// full. It holds `limit` at first; [`burst`](Self::burst) makes it another size. A refused request takes none.
///
/// Its time is that of tokio's clock, which a test may pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Quota {
    limit: u32,
    period: Duration,
    burst: u32,
    is_silent: bool,
    tells_when: bool,
}

impl Quota {
    /// `limit` requests in each `period`. With a limit of 0 every request is refused.
    pub const fn new(limit: u32, period: Duration) -> Self {
        Self { limit, period, burst: limit, is_silent: false, tells_when: false }
    }

    /// At most so many requests at once, after a rest; `limit` by default. With 0 every request is refused.
    pub const fn burst(self, requests: u32) -> Self {
        Self { burst: requests, ..self }
    }

    /// The refusal does not say what the limit is. By default it does.
    pub const fn silent(self) -> Self {
        Self { is_silent: true, ..self }
    }

    /// The refusal has a `Retry-After`: the time until the next token, in whole seconds, rounded up. By default it has none.
    pub const fn retry_after(self) -> Self {
        Self { tells_when: true, ..self }
    }

    fn message(&self) -> String {
        let reached = "The throttling threshold has been reached";
        let Self { limit, period, .. } = self;
        let time = match period.as_secs_f64() {
            1.0 => "1 second".to_owned(),
            60.0 => "1 minute".to_owned(),
            seconds => format!("{seconds} seconds"),
        };
        if self.is_silent {
            reached.to_owned()
        } else {
            format!("{reached}: policy user over ratelimit,limit:{limit},time:{time}")
        }
    }
}

/// A quota in use.
#[derive(Debug)]
pub(super) struct Bucket {
    quota: Quota,
    since: Instant,
    /// When it will be full, after `since`.
    full_at: Duration,
}

impl Bucket {
    pub(super) fn new(quota: Quota, now: Instant) -> Self {
        Self { quota, since: now, full_at: Duration::ZERO }
    }

    /// Takes a token; gives the refusal if there is none.
    pub(super) fn refuse(&mut self, now: Instant) -> Option<(Answer, Vec<u8>)> {
        let wait = self.take(now).err()?;
        let (answer, body) = error(429, "APIG.0308", &self.quota.message());
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let answer = if self.quota.tells_when { answer.header("Retry-After", seconds.to_string()) } else { answer };
        Some((answer, body))
    }

    /// # Errors
    ///
    /// How long it takes until there is a token.
    fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let Quota { limit, period, burst, .. } = self.quota;
        let Some(refill) = period.checked_div(limit) else { return Err(period) };
        let now = now.duration_since(self.since);
        let full_at = self.full_at.max(now).saturating_add(refill);
        let wait = full_at.saturating_sub(now.saturating_add(refill.saturating_mul(burst)));
        if wait.is_zero() && burst > 0 {
            self.full_at = full_at;
            Ok(())
        } else {
            Err(wait)
        }
    }
}

#[cfg(test)]
mod tests;
