//! Settings that are refused before anything is sent, and the small pure parts.

use std::time::Duration;

use super::*;
use crate::credentials::Credentials;

fn builder() -> ClientBuilder {
    Client::builder(Credentials::key("EXAMPLEAK0000000WXYZ", "secretsecret").unwrap())
        .endpoint("http://127.0.0.1:1")
        .project_id("project")
}

fn problem(builder: ClientBuilder) -> String {
    builder.build().unwrap_err().to_string()
}

#[test]
fn an_endpoint_is_scheme_host_and_port_and_https_off_loopback() {
    for fine in [
        "https://dcs.eu-de.otc.t-systems.com",
        "dcs.example.com",
        "example.com:8443",
        "https://[2001:db8::1]:444/",
        "http://127.0.0.1:80",
        "http://127.9.9.9",
        "http://localhost:8080",
        "http://[::1]:8080",
    ] {
        assert!(builder().endpoint(fine).build().is_ok(), "{fine}");
    }
    for (bad, problem_) in [
        ("https://", "not a URL"),
        ("not a url", "not a URL"),
        ("", "not a URL"),
        ("https://example.com/v2", "has more than scheme, host and port"),
        ("https://example.com?a=b", "has more than scheme, host and port"),
        ("https://example.com/#x", "has more than scheme, host and port"),
        ("https://me:passwort@example.com", "must not have a user name in it"),
        ("http://example.com", "is http, which is refused except on loopback"),
        ("http://127.0.0.1.example.com", "is http, which is refused except on loopback"),
        ("http://10.0.0.1", "is http, which is refused except on loopback"),
        ("ftp://example.com", "is neither https nor http"),
    ] {
        let text = problem(builder().endpoint(bad));
        assert!(text.starts_with("endpoint: ") && text.contains(problem_), "{bad}: {text}");
        assert!(!text.contains("passwort"), "{text}");
    }
}

#[test]
fn a_region_gives_the_endpoint_and_an_unknown_one_is_no_error() {
    let client =
        |region: &str| Client::builder(Credentials::token("t").unwrap()).region(region).project_id("project").build();
    for region in ["cn-north-4", "xx-nowhere-7"] {
        let endpoint = client(region).unwrap().0.endpoint.to_string();
        assert_eq!(endpoint, format!("https://dcs.{region}.myhuaweicloud.com/"));
    }
    for bad in ["", "cn north", "cn-north-4.evil.com", "CN-NORTH-4", "a/b"] {
        let text = client(bad).unwrap_err().to_string();
        assert!(text.starts_with("region: "), "{text}");
    }
    let no_project = Client::builder(Credentials::token("t").unwrap()).endpoint("example.com");
    assert!(problem(no_project).starts_with("project-id: not given, and cannot be looked up without a region"));
    let neither = Client::builder(Credentials::token("t").unwrap()).project_id("project");
    assert!(problem(neither).starts_with("region: not given"));
}

#[test]
fn bad_settings_are_refused_by_name() {
    assert!(problem(builder().project_id("a/b")).starts_with("project-id: \"a/b\" is no project id (1 to 64 of"));
    assert!(problem(builder().project_id("")).starts_with("project-id: "));
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(problem(builder().max_rate(rate)).starts_with("max-rate: "), "{rate}");
    }
    for limit in [Duration::ZERO, Duration::from_secs(400 * 24 * 3600)] {
        assert!(problem(builder().request_timeout(limit)).starts_with("request-timeout: "), "{limit:?}");
    }
    for pem in ["", "no certificate", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"] {
        assert!(problem(builder().ca_cert(pem)).starts_with("ca-cert: "), "{pem}");
    }
    let text = builder().ca_cert_file("/nonexistent/ca.pem").unwrap_err().to_string();
    assert!(text.starts_with("ca-cert: /nonexistent/ca.pem: no such file"), "{text}");
}

#[test]
fn bad_options_of_a_wait_are_refused_by_name() {
    let client = builder().build().unwrap();
    let wait = || client.wait_for_job("swap");
    let year = Duration::from_secs(400 * 24 * 3600);
    for (name, wait) in [
        ("job-id", client.wait_for_job("a/b")),
        ("timeout", wait().timeout(year)),
        ("initial-interval", wait().initial_interval(Duration::ZERO)),
        ("max-interval", wait().max_interval(Duration::ZERO)),
        ("max-outage", wait().max_outage(year)),
        ("not-found-grace", wait().not_found_grace(year)),
        ("multiplier", wait().multiplier(0.99)),
        ("multiplier", wait().multiplier(f64::NAN)),
        ("multiplier", wait().multiplier(f64::INFINITY)),
        ("jitter", wait().jitter(-0.1)),
        ("jitter", wait().jitter(1.1)),
        ("jitter", wait().jitter(f64::NAN)),
    ] {
        let text = wait.check().unwrap_err().to_string();
        assert!(text.starts_with(&format!("{name}: ")), "{text}");
    }
    assert!(wait().timeout(Duration::ZERO).max_outage(Duration::ZERO).jitter(0.0).check().is_ok());
}

#[test]
fn an_id_is_never_more_than_one_path_segment() {
    for fine in ["a", "ff8080818822bbf70188235afc24141a", "A-Z_09", "-", &"x".repeat(64)] {
        assert!(check::path_segment("job-id", fine).is_ok(), "{fine}");
    }
    for bad in ["", ".", "..", "a/b", "a%2fb", "a b", "a\n", "é", "a?b", "a#b", "a;b", &"x".repeat(65)] {
        assert!(check::path_segment("job-id", bad).is_err(), "{bad:?}");
    }
}

#[test]
fn the_debug_text_shows_no_secret() {
    let builder = builder();
    assert_eq!(
        format!("{builder:?}"),
        "ClientBuilder { region: None, project_id: Some(\"project\"), request_timeout: 10s, max_rate: 5.0, .. }"
    );
    assert_eq!(
        format!("{:?}", builder.build().unwrap()),
        "Client { endpoint: \"http://127.0.0.1:1/\", project_id: Some(\"project\"), .. }"
    );
}

#[tokio::test(start_paused = true)]
async fn a_last_poll_ends_five_seconds_after_the_deadline_even_if_it_starts_a_little_late() {
    let client = builder().build().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    let limit = |start: f64| client.limit(deadline + Duration::from_secs_f64(start), Some(deadline)) - deadline;
    assert_eq!(limit(0.0), Duration::from_secs(5));
    assert_eq!(limit(0.9), Duration::from_secs(5));
    assert_eq!(limit(2.0), Duration::from_secs(7), "a first look that the rate carries past the deadline");
    let start = deadline - Duration::from_secs(60);
    assert_eq!(client.limit(start, Some(deadline)) - start, Duration::from_secs(10));
    assert_eq!(client.limit(start, None) - start, Duration::from_secs(10));
}
