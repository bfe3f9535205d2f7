//! Which authorities are trusted: the system's, and those that are given besides. Reading the system's takes longer than a whole
//! request: if others are given, they are read only once those do not do.

use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;

use crate::error::{Error, Result};

/// The authorities in a file's text.
///
/// # Errors
///
/// [`Error::Invalid`] if there is none, or one that is not usable.
pub(super) fn read(pem: &[u8]) -> Result<RootCertStore> {
    let unusable = |problem: String| Error::invalid("ca-cert", problem);
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(pem) {
        let root = root.map_err(|error| unusable(format!("not a PEM file of certificates: {error}")))?;
        roots.add(root).map_err(|error| unusable(format!("not a certificate to trust: {error}")))?;
    }
    if roots.is_empty() {
        return Err(unusable("no certificate in it; it must be a PEM file".to_owned()));
    }
    Ok(roots)
}

/// Trusts the system's authorities, and those that are given.
///
/// # Errors
///
/// [`Error::Invalid`] if none is given and the system has none.
pub(super) fn verifier(
    given: Option<RootCertStore>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>> {
    let unusable =
        |error: String| Error::invalid("ca-cert", format!("no trusted roots: {error}; give a PEM file of roots"));
    let Some(roots) = given else {
        return Ok(Arc::new(Verifier::new(provider).map_err(|error| unusable(error.to_string()))?));
    };
    let given = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let given = given.build().map_err(|error| unusable(error.to_string()))?;
    Ok(Arc::new(Given { given, system: OnceLock::new(), provider }))
}

/// Trusts what is given, and else what the system trusts.
#[derive(Debug)]
struct Given {
    given: Arc<WebPkiServerVerifier>,
    system: OnceLock<Option<Verifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Given {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let by = |it: &dyn ServerCertVerifier| {
            it.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        let by_given = by(&*self.given);
        if by_given.is_ok() {
            return by_given;
        }
        // Whatever those say: of several paths to an authority they name what is wrong with one. A system that has none
        // trusts what is given.
        match self.system.get_or_init(|| Verifier::new(Arc::clone(&self.provider)).ok()).as_ref().map(|it| by(it)) {
            None | Some(Err(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer))) => by_given,
            Some(by_system) => by_system,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.given.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.given.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.given.supported_verify_schemes()
    }
}
