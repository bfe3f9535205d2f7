//! Signs by which trouble is told apart: what an answer says, what an id looks like, what a clock shows.

use std::time::{Duration, SystemTime};

use dcs_wait::text::{duration, one_line};
use dcs_wait::{Error, Job, ServiceError};

/// A clock that is off by less is not worth a word.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);

pub(super) fn how_it_failed(job: Option<&Job>) -> String {
    let job_type = job.and_then(|job| job.job_type.as_deref()).map_or_else(|| "of unknown type".to_owned(), one_line);
    match job.and_then(Job::duration) {
        Some(time) => format!("{job_type}, after {}", duration(time)),
        None => job_type,
    }
}

pub(super) fn says(answer: &ServiceError, words: &str) -> bool {
    answer.message.as_deref().is_some_and(|message| message.to_ascii_lowercase().contains(words))
}

/// HTML, or what comes in place of an answer: a redirect, or a page with status 200.
pub(super) fn is_a_page(answer: &ServiceError) -> bool {
    let is_html = answer.message.as_deref().is_some_and(|message| message.trim_start().starts_with('<'));
    is_html || (300..400).contains(&answer.http_status) || says(answer, "an answer that is not json")
}

pub(super) fn is_wrong_place(error: &Error) -> bool {
    matches!(error, Error::Rejected(answer) if answer.http_status == 404)
}

/// Eight, four, four, four and twelve hex digits.
pub(super) fn is_uuid(id: &str) -> bool {
    let parts: Vec<&str> = id.split('-').collect();
    let hex = parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()));
    hex && parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
}

/// By how much this machine's clock is off, if that matters, and whether it is behind.
pub(super) fn clock_error(service: SystemTime) -> Option<(Duration, bool)> {
    let (off, is_behind) = match service.duration_since(SystemTime::now()) {
        Ok(ahead) => (ahead, true),
        Err(behind) => (behind.duration(), false),
    };
    (off > CLOCK_TOLERANCE).then_some((off, is_behind))
}
