//! What a user could take instead: each one asks once about a job that is over.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use dcs_wait::sandbox::{ACCESS_KEY, PROJECT_ID, SECRET_KEY, Sandbox};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::{JOB, Outcome, Roots};

/// The usual loop, of which one turn is enough here.
const SHELL: &str = r#"
date=$(date -u +%Y%m%dT%H%M%SZ)
host=${ENDPOINT#*://}
path=/v2/$PROJECT/jobs/$JOB
headers="host:$host
x-sdk-date:$date
"
empty=$(printf '' | openssl dgst -sha256 | sed 's/.* //')
request=$(printf 'GET\n%s/\n\n%s\n%s\n%s' "$path" "$headers" 'host;x-sdk-date' "$empty" | openssl dgst -sha256 | sed 's/.* //')
signature=$(printf 'SDK-HMAC-SHA256\n%s\n%s' "$date" "$request" | openssl dgst -sha256 -hmac "$SECRET" | sed 's/.* //')
while :; do
    status=$(curl -sf $CA "$ENDPOINT$path" -H "X-Sdk-Date: $date" \
        -H "Authorization: SDK-HMAC-SHA256 Access=$KEY, SignedHeaders=host;x-sdk-date, Signature=$signature" | jq -r .status)
    [ "$status" = SUCCESS ] && exit 0
    [ "$status" = RUNNING ] || exit 1
    sleep 10
done
"#;

const PYTHON: &str = r#"
import os
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkdcs.v2 import DcsClient, ShowJobInfoRequest
config = HttpConfig.get_default_config()
config.ssl_ca_cert = os.environ.get("SSL_CERT_FILE")
key = BasicCredentials(os.environ["KEY"], os.environ["SECRET"], os.environ["PROJECT"])
client = DcsClient.new_builder().with_http_config(config).with_credentials(key).with_endpoints([os.environ["ENDPOINT"]]).build()
assert client.show_job_info(ShowJobInfoRequest(job_id=os.environ["JOB"])).status == "SUCCESS"
"#;

/// A program without the variables of whoever runs this, roots and proxies among them.
fn bare(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("HOME", env!("CARGO_TARGET_TMPDIR"))
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// A copy, as an installed program is: a linker leaves a file in the system's cache in another way, which costs 0.3 ms.
fn installed(program: &Path, name: &str) -> Outcome<PathBuf> {
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    // Whoever measures once more starts with a new file.
    let _ = std::fs::remove_file(&copy);
    std::fs::copy(program, &copy)?;
    Ok(copy)
}

/// This crate's command first, then its peers.
pub(crate) fn all(sandbox: &Sandbox, roots: &Roots<'_>) -> Outcome<Vec<(&'static str, Command)>> {
    let url = format!("{}/v2/{PROJECT_ID}/jobs/{JOB}", sandbox.endpoint());
    let own = std::env::var_os("DCS_WAIT").map_or_else(|| env!("CARGO_BIN_EXE_dcs-wait").into(), PathBuf::from);
    let mut own = bare(installed(&own, "startup-dcs-wait")?);
    own.arg(JOB).envs(sandbox.env());
    let mut get = bare(installed(&std::env::current_exe()?, "startup-get")?);
    get.args(["get", &url]);
    // Unsigned, and so refused: it is the cost of a process and an exchange.
    let mut curl = bare("curl");
    curl.args(["-s", &url]);
    let mut shell = bare("sh");
    shell.args(["-c", SHELL]);
    match roots {
        Roots::None => drop(get.arg("none")),
        Roots::File(file) => {
            own.arg("--ca-cert").arg(file);
            get.arg(file);
            curl.arg("--cacert").arg(file);
            shell.env("CA", format!("--cacert {}", file.display()));
        }
        Roots::System(bundle) => {
            get.arg(bundle);
            for command in [&mut own, &mut curl, &mut shell] {
                command.env("SSL_CERT_FILE", bundle).env("CURL_CA_BUNDLE", bundle);
            }
        }
    }
    let mut all = vec![("dcs-wait", own), ("a bare GET (reqwest)", get), ("curl", curl), ("curl, jq, openssl", shell)];
    if let (Ok(python), Roots::None | Roots::System(_)) = (std::env::var("PYTHON"), roots) {
        let mut sdk = bare(python);
        sdk.args(["-c", PYTHON]);
        if let Roots::System(bundle) = roots {
            sdk.env("SSL_CERT_FILE", bundle);
        }
        all.push(("the Python SDK", sdk));
    }
    for (_, command) in &mut all[3..] {
        let endpoint = sandbox.endpoint();
        command.envs([
            ("ENDPOINT", &*endpoint),
            ("PROJECT", PROJECT_ID),
            ("JOB", JOB),
            ("KEY", ACCESS_KEY),
            ("SECRET", SECRET_KEY),
        ]);
    }
    Ok(all)
}

/// A program that does nothing else. `roots` is a file of trusted roots, or `none` for http.
pub(crate) fn bare_get(url: &str, roots: &str) -> Outcome<()> {
    let mut store = rustls::RootCertStore::empty();
    if roots != "none" {
        store.add_parsable_certificates(CertificateDer::pem_file_iter(roots)?.flatten());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let tls = tls.with_root_certificates(store).with_no_client_auth();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().tls_backend_preconfigured(tls).build()?;
        let body = client.get(url).send().await?.bytes().await?;
        assert!(!body.is_empty(), "an answer has a body");
        Ok(())
    })
}
