//! The verifier against the official SDK's signatures, and against ours for any request.

use hyper::Request;
use proptest::prelude::*;
use secrecy::SecretString;

use super::*;
use crate::sign;

const DATE: &str = "20260102T030405Z";

fn key(access_key: &str, secret_key: &str, token: Option<&str>) -> Credentials {
    let security_token = token.map(SecretString::from);
    Credentials(Kind::Key { access_key: access_key.to_owned(), secret_key: secret_key.into(), security_token })
}

fn parts(path_and_query: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::get(path_and_query);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

/// A vector of `tests/vectors` as a request.
fn vector(name: &str) -> (Parts, Credentials) {
    let path = format!("{}/tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let vector: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let text = |name: &str| vector[name].as_str().unwrap().to_owned();
    let mut headers: Vec<(String, String)> =
        serde_json::from_value::<std::collections::BTreeMap<_, _>>(vector["headers"].clone())
            .unwrap()
            .into_iter()
            .collect();
    headers.push(("Authorization".to_owned(), text("authorization")));
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    let path = text("url").splitn(4, '/').nth(3).unwrap().to_owned();
    let token = vector["headers"]["X-Security-Token"].as_str();
    (parts(&format!("/{path}"), &headers), key(&text("access_key"), &text("secret_key"), token))
}

#[test]
fn signatures_of_the_official_sdk_are_accepted() {
    for name in [
        "job-get-plain",
        "job-get-as-sdk",
        "job-get-security-token",
        "list-with-query",
        "header-blanks",
        "path-escapes",
        "path-utf8",
        "query-escapes",
        "query-sorted-decoded",
        "query-unsorted-repeated",
        "query-empty-values",
    ] {
        let (request, credentials) = vector(name);
        assert_eq!(verify(&request, &credentials, seconds(DATE).unwrap()), Ok(()), "{name}");
    }
}

#[test]
fn anything_that_is_wrong_is_refused() {
    let (request, credentials) = vector("job-get-security-token");
    let now = seconds(DATE).unwrap();
    let refused = |change: &dyn Fn(&mut Parts)| {
        let mut request = request.clone();
        change(&mut request);
        verify(&request, &credentials, now).is_err()
    };
    assert!(!refused(&|_| {}));
    let set = |name: &'static str, value: &'static str| {
        move |it: &mut Parts| drop(it.headers.insert(name, value.parse().unwrap()))
    };
    assert!(refused(&|it| it.uri = "/v2/another/jobs/id".parse().unwrap()));
    assert!(refused(&|it| it.method = "POST".parse().unwrap()));
    assert!(refused(&set("x-project-id", "another")));
    assert!(refused(&set("x-security-token", "another")));
    assert!(refused(&set("host", "another")));
    assert!(refused(&set("authorization", "SDK-HMAC-SHA256 Access=x, SignedHeaders=host;x-sdk-date, Signature=0")));
    assert!(refused(&set("authorization", "Basic abc")));
    for name in ["authorization", "x-sdk-date", "x-security-token", "host"] {
        assert!(refused(&|it| drop(it.headers.remove(name))), "without {name}");
    }
    let late = verify(&request, &credentials, now + 901);
    assert_eq!(late, Err("Incorrect IAM authentication information: x-sdk-date is more than 15 minutes off"));
    assert!(verify(&request, &credentials, now - 901).is_err());
    assert!(verify(&request, &credentials, now + 900).is_ok());
    assert!(verify(&request, &key("another", "key", None), now).is_err());
}

#[test]
fn a_token_is_compared() {
    let token = Credentials(Kind::Token("right".into()));
    let with = |value| parts("/", &[("x-auth-token", value)]);
    assert!(verify(&with("right"), &token, 0).is_ok());
    assert!(verify(&with("wrong"), &token, 0).is_err());
    assert!(verify(&parts("/", &[]), &token, 0).is_err());
}

fn assert_verified(path: &str, query: &str, value: &str) {
    let uri = format!("{path}?{query}");
    let headers = [("Host", "127.0.0.1:8080"), ("X-Sdk-Date", DATE), ("X-Project-Id", value)];
    let request = sign::Request { method: "GET", path, query, headers: &headers, body: b"" };
    let authorization = request.authorization("AK", &"SK".into(), DATE);
    let mut headers = headers.to_vec();
    headers.push(("Authorization", &authorization));
    let verified = verify(&parts(&uri, &headers), &key("AK", "SK", None), seconds(DATE).unwrap());
    assert_eq!(verified, Ok(()), "{uri} {value:?}");
}

proptest! {
    /// Two programs from one guide: they agree on every request that HTTP can carry.
    #[test]
    fn our_signature_is_verified_for_any_path_query_and_header(
        path in "(/([a-zA-Z0-9_.~!$&'()*+,;=:@-]|%[0-9a-fA-F]{2}){0,8}){1,5}",
        query in "([a-c~%+=&/?!-]|%[0-9a-fA-F]{2}){0,24}",
        value in "[ -~]{0,20}",
    ) {
        prop_assume!(format!("{path}?{query}").parse::<hyper::Uri>().is_ok());
        assert_verified(&path, &query, &value);
    }
}

#[test]
fn what_a_fuzzer_has_kept_is_verified_too() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz/corpus/canonical");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    let mut sent = 0;
    for file in files {
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        let mut lines = text.splitn(3, '\n').map(str::to_owned).chain(std::iter::repeat(String::new()));
        let [path, query, value] = std::array::from_fn(|_| lines.next().unwrap());
        let can_be_sent = value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if let (Ok(uri), true) = (format!("/{path}?{query}").parse::<hyper::Uri>(), can_be_sent) {
            assert_verified(uri.path(), uri.query().unwrap_or_default(), &value);
            sent += 1;
        }
    }
    // The two others cannot be sent.
    assert_eq!(sent, 40);
}
