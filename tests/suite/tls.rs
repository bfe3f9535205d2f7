//! https, with CAs that are made here.

mod handshakes;
mod tunnels;
mod untrusted;

use std::path::PathBuf;

use dcs_wait::sandbox::{Sandbox, Story};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PKCS_ED25519};

use crate::support::{client, command, finish, kind, quick, run};

/// A certificate of a CA that is made for it, all in PEM.
pub(crate) struct Certificate {
    pub(crate) ca: String,
    pub(crate) chain: String,
    pub(crate) key: String,
}

impl Certificate {
    /// For a host. Its signatures are always of the same length.
    pub(crate) fn of(name: &str) -> Self {
        Self::with(name, 0, |_| {}, |_| {})
    }

    /// With so many authorities between the CA and the host; `authority` and `host` say what is odd about them.
    fn with(name: &str, count: usize, authority: fn(&mut CertificateParams), host: fn(&mut CertificateParams)) -> Self {
        let key = || KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let ca_params = |name: String| {
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.distinguished_name.push(DnType::CommonName, name);
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params
        };
        let (root, root_key) = (ca_params("root".to_owned()), key());
        let ca = root.self_signed(&root_key).unwrap().pem();
        let (mut issuer, mut chain) = (Issuer::new(root, root_key), String::new());
        for number in 0..count {
            let (mut params, next_key) = (ca_params(format!("authority {number}")), key());
            authority(&mut params);
            chain.insert_str(0, &params.signed_by(&next_key, &issuer).unwrap().pem());
            issuer = Issuer::new(params, next_key);
        }
        let (mut params, key) = (CertificateParams::new(vec![name.to_owned()]).unwrap(), key());
        host(&mut params);
        chain.insert_str(0, &params.signed_by(&key, &issuer).unwrap().pem());
        Self { ca, chain, key: key.serialize_pem() }
    }
}

/// A CA's certificate in PEM, and a sandbox with a certificate of that CA for `name`.
async fn sandbox(name: &str) -> (String, Sandbox) {
    let Certificate { ca, chain, key } = Certificate::of(name);
    let sandbox = Sandbox::start_tls(&chain, &key).await.unwrap();
    sandbox.add_job("job", Story::new().running().succeeds());
    sandbox.add_job("bad", Story::new().fails("no memory"));
    (ca, sandbox)
}

fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn a_root_that_is_given_is_trusted() {
    let (ca, sandbox) = sandbox("127.0.0.1").await;
    let client = client(&sandbox).ca_cert(ca.clone()).build().unwrap();
    assert_eq!(kind(&quick(client.wait_for_job("job")).await), "succeeded");
    let path = file("trusted.pem", &ca);
    let run = run(&sandbox, &format!("bad job --ca-cert {}", path.display())).await;
    assert_eq!((run.status, run.stdout.lines().count()), (1, 2), "{}", run.stderr);
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_ends_the_wait_at_once() {
    let (_, sandbox) = sandbox("127.0.0.1").await;
    let run = run(&sandbox, "job -o json").await;
    assert_eq!((run.status, run.json().len()), (5, 1), "{}", run.stderr);
    assert_eq!((&run.json()[0]["outcome"], &run.json()[0]["polls"]), (&"unreachable".into(), &1.into()));
    assert!(run.stderr.contains("certificate not trusted: "), "{}", run.stderr);
    assert_eq!(sandbox.requests().len(), 0);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_not_trusted() {
    let (ca, sandbox) = sandbox("dcs.example.com").await;
    let client = client(&sandbox).ca_cert(ca).build().unwrap();
    let error = quick(client.wait_for_job("job")).await.unwrap_err();
    assert!(!error.is_transient() && error.to_string().starts_with("certificate not trusted: "), "{error}");
}

#[tokio::test]
async fn what_the_system_trusts_is_trusted_beside_any_root_that_is_given() {
    let (certificate, alike) = (Certificate::of("127.0.0.1"), Certificate::of("127.0.0.1"));
    let sandbox = Sandbox::start_tls(&certificate.chain, &certificate.key).await.unwrap();
    sandbox.add_job("job", Story::new().succeeds());
    let system = file("system.pem", &certificate.ca);
    // Another authority of the same name: a key that was replaced.
    let given = file("alike.pem", &alike.ca);
    let mut command = command(&sandbox, &format!("job --ca-cert {}", given.display()));
    let run = finish(command.env("SSL_CERT_FILE", system)).await;
    assert_eq!(run.status, 0, "{}", run.stderr);
}
