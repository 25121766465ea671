//! How far a server's certificate is checked: libpq's `sslmode`, for rustls.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{self, CryptoProvider};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use crate::backend::tls::{Authorities, certificates};

/// How far a server's certificate is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// Not at all: what is sent is encrypted, for whoever it is.
    Nothing,
    /// That a trusted authority signed it.
    Authority,
    /// That a trusted authority signed it for the host of the URL.
    AuthorityAndHost,
}

/// The files of the certificate, and its key, that a client shows to the server.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

/// What tells rustls to check so far, against these authorities.
pub(super) fn client_config(
    check: Check,
    authorities: &Authorities,
    identity: Option<&Identity>,
) -> Result<ClientConfig, String> {
    let say = |error: Error| format!("TLS cannot be set up: {error}");
    // Ours, whatever provider the program has for itself.
    let provider = Arc::new(crypto::ring::default_provider());
    let verifier = Verifier::new(check, authorities, &provider)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(say)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let Some(identity) = identity else {
        return Ok(builder.with_no_client_auth());
    };
    let key = PrivateKeyDer::from_pem_file(&identity.key)
        .map_err(|error| format!("{} cannot be read: {error}", identity.key.display()))?;
    builder
        .with_client_auth_cert(certificates(&identity.certificate)?, key)
        .map_err(say)
}

/// Checks certificates as far as it was told.
#[derive(Debug)]
struct Verifier {
    check: Check,
    /// `None` where nothing is checked.
    chain: Option<Arc<WebPkiServerVerifier>>,
    /// The certificates of the file: a server that shows one of them itself is the one that is meant.
    named: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    fn new(
        check: Check,
        authorities: &Authorities,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, String> {
        let mut verifier = Self {
            check,
            chain: None,
            named: Vec::new(),
            provider: provider.clone(),
        };
        if check != Check::Nothing {
            let certificates = authorities.load()?;
            let mut roots = RootCertStore::empty();
            let (added, _) = roots.add_parsable_certificates(certificates.iter().cloned());
            if added == 0 {
                return Err("no certificate of an authority can be used".into());
            }
            if matches!(authorities, Authorities::File(_)) {
                verifier.named = certificates;
            }
            let chain =
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
                    .build()
                    .map_err(|error| format!("TLS cannot be set up: {error}"))?;
            verifier.chain = Some(chain);
        }
        Ok(verifier)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        use CertificateError as E;
        let Some(chain) = &self.chain else {
            return Ok(ServerCertVerified::assertion());
        };
        let checked =
            chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match checked {
            // The host is looked at last.
            Err(Error::InvalidCertificate(
                E::NotValidForName | E::NotValidForNameContext { .. },
            )) if self.check != Check::AuthorityAndHost => Ok(ServerCertVerified::assertion()),
            // A certificate that signed itself is refused as a server's, unless it was named. Its time is
            // looked at first.
            Err(Error::InvalidCertificate(E::UnknownIssuer | E::Other(_)))
                if self.named.iter().any(|named| named == end_entity) =>
            {
                if self.check == Check::AuthorityAndHost {
                    let certificate = ParsedCertificate::try_from(end_entity)?;
                    rustls::client::verify_server_name(&certificate, server_name)?;
                }
                Ok(ServerCertVerified::assertion())
            }
            checked => checked,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
