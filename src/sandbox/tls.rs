//! TLS at the sandbox's side.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// From a certificate and its key, both in PEM.
///
/// # Errors
///
/// If one of them is not usable.
pub(super) fn config(certificates: &str, key: &str) -> io::Result<ServerConfig> {
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(certificates.as_bytes()).collect::<Result<_, _>>().map_err(unusable)?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(unusable)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(unusable)?;
    // No session is resumed: every connection is like the first.
    config.send_tls13_tickets = 0;
    Ok(config)
}

fn unusable(error: impl ToString) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error.to_string())
}
