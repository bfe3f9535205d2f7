//! Whether a request is signed as the guide asks: written from it on its own, so that a mistake in the signing code cannot
//! cancel out here.

use hmac::{Hmac, KeyInit as _, Mac as _};
use hyper::HeaderMap;
use hyper::http::request::Parts;
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use time::{Date, Month, PrimitiveDateTime, Time};

use crate::credentials::{Credentials, Kind};

/// The gateway's tolerance for a date, in seconds.
const TOLERANCE: i64 = 15 * 60;

/// Checks a request without a body. `clock` is the service's, in seconds since the epoch.
///
/// # Errors
///
/// The message of the service's answer 401.
pub(super) fn verify(request: &Parts, credentials: &Credentials, clock: i64) -> Result<(), &'static str> {
    let header = |name: &str| header(&request.headers, name);
    let (access_key, secret_key, security_token) = match &credentials.0 {
        Kind::Token(token) => {
            return match header("x-auth-token") {
                Some(given) if given == token.expose_secret() => Ok(()),
                _ => Err("Incorrect IAM authentication information: decrypt token fail"),
            };
        }
        Kind::Key { access_key, secret_key, security_token } => (access_key, secret_key, security_token),
    };
    let authorization =
        header("authorization").ok_or("Incorrect IAM authentication information: x-auth-token not found")?;
    let mut parts = authorization.strip_prefix("SDK-HMAC-SHA256 ").ok_or("unknown algorithm")?.split(", ");
    let mut part = |name: &str| parts.next().and_then(|part| part.strip_prefix(name)?.strip_prefix('='));
    let given_key = part("Access").ok_or("no access key in Authorization")?;
    let names = part("SignedHeaders").ok_or("no signed headers in Authorization")?;
    let signature = part("Signature").ok_or("no signature in Authorization")?;
    if given_key != access_key {
        return Err("Incorrect IAM authentication information: verify aksk signature fail");
    }

    let signed: Vec<&str> = names.split(';').collect();
    if !signed.is_sorted() || !["host", "x-sdk-date"].iter().all(|needed| signed.contains(needed)) {
        return Err("host and x-sdk-date must be signed, names in order");
    }
    if let Some(token) = security_token
        && (header("x-security-token") != Some(token.expose_secret()) || !signed.contains(&"x-security-token"))
    {
        return Err("Incorrect IAM authentication information: security token missing, wrong or not signed");
    }
    let date = header("x-sdk-date").ok_or("no x-sdk-date")?;
    let at = seconds(date).ok_or("x-sdk-date is not YYYYMMDDTHHMMSSZ")?;
    if (at - clock).abs() > TOLERANCE {
        return Err("Incorrect IAM authentication information: x-sdk-date is more than 15 minutes off");
    }

    let mut canonical = format!("{}\n{}\n{}\n", request.method, uri(request.uri.path()), query(request.uri.query()));
    for name in &signed {
        let value = header(name).ok_or("a signed header is missing")?;
        canonical += &format!("{name}:{}\n", value.trim());
    }
    canonical += &format!("\n{names}\n{}", hex(&Sha256::digest(b"")));
    let to_sign = format!("SDK-HMAC-SHA256\n{date}\n{}", hex(&Sha256::digest(canonical)));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret_key.expose_secret().as_bytes()).map_err(|_| "no such key")?;
    mac.update(to_sign.as_bytes());
    if hex(&mac.finalize().into_bytes()) == signature {
        Ok(())
    } else {
        Err("Incorrect IAM authentication information: verify aksk signature fail")
    }
}

/// The access key that a request says it is signed with.
pub(super) fn access_key(headers: &HeaderMap) -> Option<&str> {
    header(headers, "authorization")?.split_once("Access=")?.1.split(',').next()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The canonical URI: every byte of the decoded path but slashes and unreserved characters escaped, and a slash at its end.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len() + 1);
    for byte in unescape(path) {
        if byte == b'/' { uri.push('/') } else { escape(byte, &mut uri) }
    }
    if !uri.ends_with('/') {
        uri.push('/');
    }
    uri
}

fn query(query: Option<&str>) -> String {
    let mut pairs: Vec<[Vec<u8>; 2]> = Vec::new();
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let mut halves = pair.splitn(2, '=').map(|half| unescape(&half.replace('+', "%20")));
        pairs.push([halves.next().unwrap_or_default(), halves.next().unwrap_or_default()]);
    }
    pairs.sort_unstable();
    let text = |bytes: Vec<u8>| {
        bytes.into_iter().fold(String::new(), |mut text, byte| {
            escape(byte, &mut text);
            text
        })
    };
    pairs.into_iter().map(|pair| pair.map(text).join("=")).collect::<Vec<_>>().join("&")
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digit = |at: usize| tail.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        match (digit(0).filter(|_| *first == b'%'), digit(1)) {
            (Some(high), Some(low)) => {
                bytes.push((high << 4 | low) as u8);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    bytes
}

fn escape(byte: u8, text: &mut String) {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => text.push(char::from(byte)),
        _ => text.push_str(&format!("%{byte:02X}")),
    }
}

/// Digit by digit: with `format!` this would take longer than everything else here.
fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// Reads `YYYYMMDDTHHMMSSZ`.
fn seconds(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let number = |text: &str, at: std::ops::Range<usize>| text.get(at)?.parse::<u8>().ok();
    let month = Month::try_from(number(date, 4..6)?).ok()?;
    let date = Date::from_calendar_date(date.get(..4)?.parse().ok()?, month, number(date, 6..8)?).ok()?;
    let time = Time::from_hms(number(time, 0..2)?, number(time, 2..4)?, number(time, 4..6)?).ok()?;
    Some(PrimitiveDateTime::new(date, time).assume_utc().unix_timestamp())
}

#[cfg(test)]
mod tests;
