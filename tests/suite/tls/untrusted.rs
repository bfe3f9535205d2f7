//! Certificates that must not be trusted: each ends the wait at once, before anything is sent.

use dcs_wait::sandbox::{Sandbox, Story};
use futures_util::future::join_all;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd};

use super::{Certificate, file};
use crate::support::{Run, run};

const HERE: &str = "127.0.0.1";

fn for_clients(params: &mut CertificateParams) {
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
}

fn for_servers(params: &mut CertificateParams) {
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
}

fn as_it_is(_: &mut CertificateParams) {}

fn self_signed() -> Certificate {
    let key = KeyPair::generate().unwrap();
    let chain = CertificateParams::new(vec![HERE.to_owned()]).unwrap().self_signed(&key).unwrap().pem();
    Certificate { chain, key: key.serialize_pem(), ..Certificate::of(HERE) }
}

/// How the command ends that meets this certificate, its CA being trusted; and how many requests there were.
async fn end_with(number: usize, certificate: Certificate) -> (Run, usize) {
    let sandbox = Sandbox::start_tls(&certificate.chain, &certificate.key).await.unwrap();
    sandbox.add_job("job", Story::new().succeeds());
    let ca = file(&format!("untrusted-{number}.pem"), &certificate.ca);
    let run = run(&sandbox, &format!("job -o json --ca-cert {}", ca.display())).await;
    (run, sandbox.requests().len())
}

#[tokio::test]
async fn whatever_is_wrong_with_a_certificate_ends_the_wait_at_once() {
    let rows = [
        ("expired", Certificate::with(HERE, 0, as_it_is, |it| it.not_after = date_time_ymd(2020, 1, 1))),
        ("not yet valid", Certificate::with(HERE, 0, as_it_is, |it| it.not_before = date_time_ymd(2090, 1, 1))),
        ("of another host", Certificate::of("dcs.example.invalid")),
        ("of another address", Certificate::of("127.0.0.2")),
        ("self-signed", self_signed()),
        ("of another CA", Certificate { ca: Certificate::of(HERE).ca, ..Certificate::of(HERE) }),
        ("for clients", Certificate::with(HERE, 0, as_it_is, for_clients)),
        ("by an authority for clients", Certificate::with(HERE, 1, for_clients, for_servers)),
        ("by an authority that is none", Certificate::with(HERE, 1, |it| it.is_ca = IsCa::ExplicitNoCa, as_it_is)),
        (
            "by an expired authority",
            Certificate::with(HERE, 1, |it| it.not_after = date_time_ymd(2020, 1, 1), as_it_is),
        ),
        ("of a chain of 50", Certificate::with(HERE, 48, as_it_is, as_it_is)),
    ];
    let ends = rows
        .into_iter()
        .enumerate()
        .map(|(number, (name, certificate))| async move { (name, end_with(number, certificate).await) });
    for (name, (run, requests)) in join_all(ends).await {
        assert_eq!((run.status, run.json().len(), requests), (5, 1, 0), "{name}: {}", run.stderr);
        let outcome = &run.json()[0];
        // At once: what is borne is asked again.
        assert_eq!((&outcome["outcome"], &outcome["polls"]), (&"unreachable".into(), &1.into()), "{name}");
        assert!(run.stderr.contains("certificate not trusted: "), "{name}: {}", run.stderr);
    }
}

#[tokio::test]
async fn an_authority_between_is_trusted_if_it_may_sign_for_servers() {
    for certificate in
        [Certificate::with(HERE, 1, for_servers, for_servers), Certificate::with(HERE, 3, as_it_is, as_it_is)]
    {
        let (run, requests) = end_with(usize::MAX, certificate).await;
        assert_eq!((run.status, requests), (0, 1), "{}", run.stderr);
    }
}
