//! TLS, against servers of the tests' own with certificates made here.

use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};

#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;

/// An authority that signs certificates.
struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM format.
struct Certified {
    certificate: String,
    key: String,
}

fn parameters(host: &str) -> CertificateParams {
    let mut parameters = CertificateParams::new([host.to_owned()]).expect("a name");
    parameters.distinguished_name.push(DnType::CommonName, host);
    parameters
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut parameters = parameters(name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(parameters, key()).expect("an authority"))
    }

    /// Its own certificate.
    fn certificate(&self) -> String {
        self.0.pem()
    }

    /// A certificate for a host, or a user.
    fn sign(&self, host: &str) -> Certified {
        let key = key();
        let certificate = parameters(host).signed_by(&key, &self.0);
        Certified {
            certificate: certificate.expect("a certificate").pem(),
            key: key.serialize_pem(),
        }
    }
}

/// A certificate that signed itself, as `openssl req -x509` makes them: it is an authority, too.
fn self_signed(host: &str, last_year: i32) -> Certified {
    let mut parameters = parameters(host);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.not_before = date_time_ymd(2020, 1, 1);
    parameters.not_after = date_time_ymd(last_year, 12, 31);
    let key = key();
    Certified {
        certificate: parameters.self_signed(&key).expect("a certificate").pem(),
        key: key.serialize_pem(),
    }
}

/// What a connection is expected to be: encrypted or not, or refused with these words.
type Expected = Result<bool, &'static str>;

/// Compares what a connection is with what it should be.
fn compare(url: &str, is: Result<bool, String>, expected: Expected) {
    match (is, expected) {
        (Ok(is), Ok(expected)) => assert_eq!(is, expected, "{url}"),
        (Err(is), Err(expected)) => assert!(is.contains(expected), "{url}: {is}"),
        (is, expected) => panic!("{url}: {is:?} instead of {expected:?}"),
    }
}

fn write(folder: &Path, name: &str, content: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, content).expect("a file");
    path.display().to_string()
}
