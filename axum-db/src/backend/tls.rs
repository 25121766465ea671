//! Whom to trust in TLS.

use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Whose signatures are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Authorities {
    /// Those that the operating system trusts.
    System,
    /// Those of a file in PEM format.
    File(PathBuf),
}

impl Authorities {
    /// The authorities' certificates.
    pub(super) fn load(&self) -> Result<Vec<CertificateDer<'static>>, String> {
        let certificates = match self {
            Self::System => rustls_native_certs::load_native_certs().certs,
            Self::File(path) => certificates(path)?,
        };
        if certificates.is_empty() {
            return Err(match self {
                Self::System => "the system has no certificates of authorities; install them (Debian: ca-certificates), or name a file".into(),
                Self::File(path) => format!("{} holds no certificate in PEM format", path.display()),
            });
        }
        Ok(certificates)
    }
}

/// The certificates of a file in PEM format.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))
}
