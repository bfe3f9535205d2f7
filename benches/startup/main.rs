//! What a finished job costs a pipeline: the whole process, from its start to its exit, beside what a user could take instead.
//!
//! `cargo bench --bench startup` runs all of them in turn, many rounds, against a sandbox in this process, and prints medians
//! and, as the figures, medians of the ratios within a round. The command that Cargo builds for benchmarks has the sandbox in
//! it; `DCS_WAIT` names another one, such as `cargo build --release --target-dir target/alone` makes. The official SDK's row needs `PYTHON` to name an interpreter
//! that has `huaweicloudsdkdcs`; curl, jq and openssl have to be there.

mod peers;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use dcs_wait::sandbox::{Sandbox, Story};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

const JOB: &str = "ff8080818822bbf70188235afc24141a";

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words[..] {
        ["get", url, roots] => peers::bare_get(url, roots),
        ["--quick"] => compare(10),
        _ => compare(60),
    }
}

/// One way to find out how a job ended.
struct Case {
    name: &'static str,
    command: Command,
    /// Its peers are those of the same group.
    group: &'static str,
}

fn compare(rounds: usize) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let (ca_file, bundle, leaf, key) = certificates(&folder)?;
    let (plain, tls) = runtime.block_on(async {
        Ok::<_, std::io::Error>((Sandbox::start().await?, Sandbox::start_tls(&leaf, &key).await?))
    })?;
    for sandbox in [&plain, &tls] {
        sandbox.add_job(JOB, Story::new().succeeds());
        sandbox.record_headers(false);
    }

    let mut cases = Vec::new();
    for (group, sandbox, roots) in [
        ("http", &plain, Roots::None),
        ("https, one CA file", &tls, Roots::File(&ca_file)),
        ("https, the system's roots", &tls, Roots::System(&bundle)),
    ] {
        cases.extend(peers::all(sandbox, &roots)?.into_iter().map(|(name, command)| Case { name, command, group }));
    }
    // What is read for the first time comes from the disk.
    for case in &mut cases {
        run(&mut case.command)?;
    }
    let mut times = vec![Vec::new(); cases.len()];
    for _ in 0..rounds {
        for (case, times) in cases.iter_mut().zip(&mut times) {
            times.push(run(&mut case.command)?);
        }
    }

    println!(
        "{:<27} {:<22} {:>9} {:>9}   dcs-wait to this",
        format!("whole process, {rounds} rounds"),
        "",
        "median",
        "least"
    );
    for (case, own) in cases.iter().zip(&times) {
        let first = cases.iter().position(|it| it.group == case.group).ok_or("no such group")?;
        let ratio = median(times[first].iter().zip(own).map(|(ours, theirs)| ours / theirs));
        let least = own.iter().copied().reduce(f64::min).unwrap_or_default();
        let (group, name) = (case.group, case.name);
        println!("{group:<27} {name:<22} {:>6.1} ms {least:>6.1} ms   {ratio:.2}", median(own.iter().copied()));
    }
    Ok(())
}

enum Roots<'a> {
    None,
    /// One more authority, by an option.
    File(&'a Path),
    /// This bundle instead of the system's, by a variable.
    System(&'a Path),
}

/// An authority and the system's roots with it, as files; a certificate of it for loopback, and its key.
fn certificates(folder: &Path) -> Outcome<(PathBuf, PathBuf, String, String)> {
    let ca_key = KeyPair::generate()?;
    let mut ca = CertificateParams::new(Vec::new())?;
    // Not the leaf's name: OpenSSL would take that for its own issuer.
    ca.distinguished_name.push(DnType::CommonName, "an authority for a benchmark");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_pem = ca.self_signed(&ca_key)?.pem();
    let key = KeyPair::generate()?;
    let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()])?;
    let leaf = leaf.signed_by(&key, &Issuer::new(ca, ca_key))?.pem();
    let system = std::fs::read_to_string("/etc/ssl/certs/ca-certificates.crt")?;
    let (ca_file, bundle) = (folder.join("startup-ca.pem"), folder.join("startup-bundle.pem"));
    std::fs::write(&ca_file, &ca_pem)?;
    std::fs::write(&bundle, format!("{system}\n{ca_pem}"))?;
    Ok((ca_file, bundle, leaf, key.serialize_pem()))
}

/// Milliseconds.
fn run(command: &mut Command) -> Outcome<f64> {
    let start = Instant::now();
    let output = command.stdin(Stdio::null()).output()?;
    let time = start.elapsed().as_secs_f64() * 1000.0;
    if output.status.success() {
        return Ok(time);
    }
    Err(format!("{command:?}: {}{}", output.status, String::from_utf8_lossy(&output.stderr)).into())
}

fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
