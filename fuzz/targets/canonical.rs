//! What is signed is verified, by code that was written apart, for any path, query and header that HTTP can carry.

#![no_main]

use hyper::Request;

#[path = "../../src/sign.rs"]
mod sign;
#[path = "../../src/sandbox/verify.rs"]
#[allow(dead_code, reason = "only signatures are verified here")]
mod verify;

/// As the verifier knows them.
mod credentials {
    use secrecy::SecretString;

    pub(crate) struct Credentials(pub(crate) Kind);

    #[allow(dead_code, reason = "only keys are needed here")]
    pub(crate) enum Kind {
        Token(SecretString),
        Key { access_key: String, secret_key: SecretString, security_token: Option<SecretString> },
    }
}

const DATE: &str = "20260102T030405Z";
/// The same time, in seconds since the epoch.
const CLOCK: i64 = 1_767_323_045;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.splitn(3, '\n');
    let mut next = || lines.next().unwrap_or_default();
    let (path, query, value) = (next(), next(), next());
    let uri = format!("/{path}?{query}");
    let mut request = Request::get(&uri).header("Host", "h").header("X-Sdk-Date", DATE).header("X-Project-Id", value);
    // What HTTP cannot carry cannot be sent.
    let Some(parsed) = request.uri_ref().cloned() else { return };
    let Some(carried) = request.headers_ref().and_then(|it| it.get("x-project-id")).and_then(|it| it.to_str().ok()) else {
        return;
    };
    let headers = [("Host", "h"), ("X-Sdk-Date", DATE), ("X-Project-Id", carried)];
    let query = parsed.query().unwrap_or_default();
    let signed = sign::Request { method: "GET", path: parsed.path(), query, headers: &headers, body: b"" };
    let authorization = signed.authorization("AK", &"SK".into(), DATE);
    request = request.header("Authorization", authorization);
    let parts = request.body(()).expect("a request").into_parts().0;
    let kind = credentials::Kind::Key { access_key: "AK".into(), secret_key: "SK".into(), security_token: None };
    assert_eq!(verify::verify(&parts, &credentials::Credentials(kind), CLOCK), Ok(()), "{uri} {value:?}");
});
