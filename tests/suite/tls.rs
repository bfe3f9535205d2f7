//! https, with a CA that is made here.

use std::path::PathBuf;

use dcs_wait::sandbox::{Sandbox, Story};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::support::{client, kind, quick, run};

/// A CA's certificate in PEM, and a sandbox with a certificate of that CA for `name`.
async fn sandbox(name: &str) -> (String, Sandbox) {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
    let sandbox = Sandbox::start_tls(&leaf.pem(), &key.serialize_pem()).await.unwrap();
    sandbox.add_job("job", Story::new().running().succeeds());
    sandbox.add_job("bad", Story::new().fails("no memory"));
    (ca_pem, sandbox)
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
