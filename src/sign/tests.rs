//! The vectors in `tests/vectors`, one file a case, each asserted stage by stage: a failure names its stage.

use std::collections::BTreeMap;
use std::fs;

use super::*;

#[derive(Debug, serde::Deserialize)]
struct Vector {
    method: String,
    url: String,
    headers: BTreeMap<String, String>,
    body: Option<String>,
    access_key: String,
    secret_key: String,
    canonical_request: String,
    canonical_request_sha256: String,
    string_to_sign: String,
    signature: String,
    authorization: String,
}

fn assert_every_stage(name: &str, vector: &Vector) {
    let after_host = vector.url.splitn(4, '/').nth(3).unwrap_or_default();
    let (path, query) = after_host.split_once('?').unwrap_or((after_host, ""));
    let headers: Vec<(&str, &str)> = vector.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    let request = Request {
        method: &vector.method,
        path: &format!("/{path}"),
        query,
        headers: &headers,
        body: vector.body.as_deref().unwrap_or_default().as_bytes(),
    };
    let date = &vector.headers["X-Sdk-Date"];
    let secret_key = SecretString::from(vector.secret_key.as_str());

    let canonical = request.canonical();
    assert_eq!(canonical, vector.canonical_request, "canonical request of {name}");
    assert_eq!(
        hex(&Sha256::digest(&canonical)),
        vector.canonical_request_sha256,
        "hash of the canonical request of {name}"
    );
    let to_sign = string_to_sign(date, &canonical);
    assert_eq!(to_sign, vector.string_to_sign, "string to sign of {name}");
    assert_eq!(signature(&secret_key, &to_sign), vector.signature, "signature of {name}");
    assert_eq!(
        request.authorization(&vector.access_key, &secret_key, date),
        vector.authorization,
        "authorization of {name}"
    );
}

#[test]
fn every_stage_is_that_of_the_official_sdks_and_of_the_published_examples() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors");
    let mut cases = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let vector: Vector = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_every_stage(&path.display().to_string(), &vector);
        cases += 1;
    }
    assert_eq!(cases, 17, "a vector is missing, or not counted here");
}

#[test]
fn bytes_that_are_not_utf8_are_escaped_as_they_are() {
    assert_eq!(canonical_uri("/a%FFb"), "/a%FFb/");
    assert_eq!(canonical_query("k=%FE"), "k=%FE");
}

#[test]
fn an_escape_that_is_none_is_text() {
    assert_eq!(canonical_uri("/100%/x%2"), "/100%25/x%252/");
}
