//! What else a client may ask: IAM for the project, and the instance's metadata service for temporary keys.

use std::time::Duration;

use hyper::http::request::Parts;
use secrecy::ExposeSecret as _;
use serde_json::json;
use time::UtcDateTime;

use super::answer::{Answer, error};
use crate::credentials::{Credentials, Kind};

/// What the metadata service hands out as its session token.
const METADATA_TOKEN: &str = "sandbox-metadata-token";

/// The agency that is attached to the instance.
#[derive(Debug, Clone)]
pub(super) struct Agency {
    pub(super) credentials: Credentials,
    pub(super) lifetime: Duration,
}

/// IAM's list of the projects with the name that is asked for.
pub(super) fn projects(request: &Parts, projects: &[(String, String)]) -> (Answer, Vec<u8>) {
    let name = request.uri.query().and_then(|query| query.strip_prefix("name="));
    let named = projects.iter().filter(|(_, project)| Some(project.as_str()) == name);
    let list: Vec<_> = named.map(|(id, name)| json!({"id": id, "name": name, "enabled": true})).collect();
    let body = json!({"projects": list, "links": {}}).to_string();
    (Answer::http(200).header("Content-Type", "application/json"), body.into_bytes())
}

/// The metadata service, version 2: a token first, then the key.
pub(super) fn metadata(request: &Parts, agency: Option<&Agency>, needs_token: bool) -> Option<(Answer, Vec<u8>)> {
    let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
    Some(match (request.method.as_str(), request.uri.path()) {
        ("PUT", "/meta-data/latest/api/token") => match header("x-metadata-token-ttl-seconds") {
            Some(_) => (Answer::http(200), METADATA_TOKEN.as_bytes().to_vec()),
            None => error(400, "400", "X-Metadata-Token-Ttl-Seconds is missing"),
        },
        ("GET", "/openstack/latest/securitykey")
            if needs_token && header("x-metadata-token") != Some(METADATA_TOKEN) =>
        {
            error(401, "401", "X-Metadata-Token is missing or wrong")
        }
        ("GET", "/openstack/latest/securitykey") => match agency {
            None => error(404, "404", "no agency"),
            Some(agency) => (Answer::http(200), key(agency).into_bytes()),
        },
        _ => return None,
    })
}

fn key(agency: &Agency) -> String {
    let Kind::Key { access_key, secret_key, security_token } = &agency.credentials.0 else { return String::new() };
    let end = UtcDateTime::now() + agency.lifetime;
    let expires_at = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
        end.year(),
        u8::from(end.month()),
        end.day(),
        end.hour(),
        end.minute(),
        end.second(),
        end.microsecond()
    );
    json!({"credential": {
        "access": access_key,
        "secret": secret_key.expose_secret(),
        "securitytoken": security_token.as_ref().map(|token| token.expose_secret()),
        "expires_at": expires_at,
    }})
    .to_string()
}
