//! One request and its answer: dates it, signs it, and takes secrets out of what comes back.

use std::time::SystemTime;

use secrecy::ExposeSecret as _;
use time::UtcDateTime;
use tokio::time::Instant;
use url::Position;

use super::Question;
use crate::answer::Answer;
use crate::auth::Pass;
use crate::credentials::Kind;
use crate::error::Result;
use crate::sign;
use crate::text::one_line;

impl<T> Question<'_, T> {
    /// Asks once, until `limit` at the latest.
    pub(super) async fn send(&self, pass: &Pass, limit: Instant) -> Result<(Answer, Result<T>)> {
        let Self { transport, url, project_id, read } = self;
        let date = sdk_date(unix_now().saturating_add(pass.offset));
        // As the HTTP library sends it: the scheme's own port is left out.
        let mut headers = vec![("Host", &url[Position::BeforeHost..Position::AfterPort])];
        headers.extend(project_id.map(|id| ("X-Project-Id", id)));
        let mut secrets = pass.credentials.secrets();
        let authorization;
        match &pass.credentials.0 {
            Kind::Key { access_key, secret_key, security_token } => {
                headers.push(("X-Sdk-Date", &date));
                if let Some(token) = security_token {
                    headers.push(("X-Security-Token", token.expose_secret()));
                }
                let query = url.query().unwrap_or_default();
                let request = sign::Request { method: "GET", path: url.path(), query, headers: &headers, body: b"" };
                authorization = request.authorization(access_key, secret_key, &date);
                headers.push(("Authorization", &authorization));
                secrets.extend(authorization.rsplit('=').next());
            }
            Kind::Token(token) => headers.push(("X-Auth-Token", token.expose_secret())),
        }
        let answer = transport.get(url.clone(), &headers, limit).await?;
        let request_id = answer.request_id.as_deref().map(|id| one_line(&hide(id.to_owned(), &secrets)));
        tracing::debug!(path = url.path(), status = answer.status, request_id, "answered");
        let result = read(&answer, &|text| hide(text, &secrets));
        Ok((answer, result))
    }
}

/// The service's clock less the one that the request was signed with, in seconds; `None` if the service did not tell its
/// time, or the request was not signed.
pub(super) fn skew(answer: &Answer, pass: &Pass) -> Option<i64> {
    match &pass.credentials.0 {
        Kind::Key { .. } => Some(answer.clock()?.saturating_sub(unix_now()).saturating_sub(pass.offset)),
        Kind::Token(_) => None,
    }
}

/// Takes secrets out of a text. What is shorter than eight characters is none, and might be a part of any word.
fn hide(text: String, secrets: &[&str]) -> String {
    secrets
        .iter()
        .filter(|secret| secret.len() >= 8)
        .fold(text, |text, secret| if text.contains(secret) { text.replace(secret, "[hidden]") } else { text })
}

fn unix_now() -> i64 {
    UtcDateTime::from(SystemTime::now()).unix_timestamp()
}

fn sdk_date(unix: i64) -> String {
    let at = UtcDateTime::from_unix_timestamp(unix).unwrap_or(UtcDateTime::UNIX_EPOCH);
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", at.hour(), at.minute(), at.second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_of_a_signature_is_utc_to_the_second() {
        assert_eq!(sdk_date(1_573_789_015), "20191115T033655Z");
        assert_eq!(sdk_date(0), "19700101T000000Z");
        assert_eq!(sdk_date(i64::MAX), "19700101T000000Z", "no date at all is no reason to panic");
    }

    #[test]
    fn secrets_are_taken_out_of_a_text() {
        assert_eq!(hide("it said abcdefgh, abcdefgh".to_owned(), &["abcdefgh", "it"]), "it said [hidden], [hidden]");
    }
}
