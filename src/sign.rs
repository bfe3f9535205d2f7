//! SDK-HMAC-SHA256, the request signature of Huawei Cloud's API gateway. A pure function of the request, the key and
//! the time: no clock, no I/O, and no knowledge of what is asked.
//!
//! Source: Huawei's signing guide (devg-apisign), chapter "signature algorithm".

use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

/// Name of the algorithm: how the `Authorization` value and the string to sign begin.
const ALGORITHM: &str = "SDK-HMAC-SHA256";

/// All but RFC 3986's unreserved characters is escaped.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What of a request goes into its signature.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    /// As it is sent, escapes and all.
    pub(crate) path: &'a str,
    /// As it is sent, without the question mark.
    pub(crate) query: &'a str,
    /// The headers to sign, in any order and spelling; one of them is `X-Sdk-Date`.
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a [u8],
}

impl Request<'_> {
    /// The value of the `Authorization` header. `date` is that of the `X-Sdk-Date` header.
    pub(crate) fn authorization(&self, access_key: &str, secret_key: &SecretString, date: &str) -> String {
        let signature = signature(secret_key, &string_to_sign(date, &self.canonical()));
        format!("{ALGORITHM} Access={access_key}, SignedHeaders={}, Signature={signature}", self.signed_headers())
    }

    /// The canonical request: what the service rebuilds from what it received.
    fn canonical(&self) -> String {
        let mut headers = String::new();
        for (name, value) in self.sorted_headers() {
            headers.extend([&name, ":", value, "\n"]);
        }
        [
            self.method,
            &canonical_uri(self.path),
            &canonical_query(self.query),
            &headers,
            &self.signed_headers(),
            &hex(&Sha256::digest(self.body)),
        ]
        .join("\n")
    }

    fn signed_headers(&self) -> String {
        let names: Vec<String> = self.sorted_headers().into_iter().map(|(name, _)| name).collect();
        names.join(";")
    }

    fn sorted_headers(&self) -> Vec<(String, &str)> {
        let mut headers: Vec<_> =
            self.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.trim())).collect();
        headers.sort();
        headers
    }
}

/// Decoded before it is split, as the official SDKs do: an escaped slash separates segments too.
fn canonical_uri(path: &str) -> String {
    let decoded: Vec<u8> = percent_decode_str(path).collect();
    let segments: Vec<String> = decoded.split(|byte| *byte == b'/').map(escape).collect();
    let mut uri = segments.join("/");
    if !uri.ends_with('/') {
        uri.push('/');
    }
    uri
}

fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (form_decode(key), form_decode(value)))
        .collect();
    // Sorted as decoded text: escapes would order some characters otherwise.
    pairs.sort();
    let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{}={}", escape(key), escape(value))).collect();
    pairs.join("&")
}

fn form_decode(text: &str) -> Vec<u8> {
    percent_decode_str(&text.replace('+', " ")).collect()
}

fn escape(bytes: &[u8]) -> String {
    percent_encode(bytes, RESERVED).to_string()
}

fn string_to_sign(date: &str, canonical_request: &str) -> String {
    format!("{ALGORITHM}\n{date}\n{}", hex(&Sha256::digest(canonical_request)))
}

fn signature(secret_key: &SecretString, string_to_sign: &str) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret_key.expose_secret().as_bytes()).expect("any length is a key");
    mac.update(string_to_sign.as_bytes());
    hex(&mac.finalize().into_bytes())
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests;
