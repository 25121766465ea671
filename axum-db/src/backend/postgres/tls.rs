//! tokio-postgres over rustls.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::TryFutureExt;
use futures_util::future::{Either, MapOk, Ready, ready};
use ring::digest;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect};
use tokio_rustls::client::TlsStream;

/// Makes TLS connections; without settings for them it refuses to.
#[derive(Debug, Clone)]
pub(super) struct Tls(Option<Arc<ClientConfig>>);

impl<S: AsyncRead + AsyncWrite + Unpin> MakeTlsConnect<S> for Tls {
    type Stream = Stream<S>;
    type TlsConnect = TlsForHost;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<TlsForHost> {
        Ok(TlsForHost {
            tls: self.clone(),
            host: host.to_owned(),
        })
    }
}

impl Tls {
    /// No TLS.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// TLS as configured.
    pub(super) fn with(mut config: ClientConfig) -> Self {
        // As IANA has it; sslnegotiation=direct needs it.
        config.alpn_protocols = vec![b"postgresql".to_vec()];
        Self(Some(Arc::new(config)))
    }
}

/// Makes a TLS connection to one host.
pub(super) struct TlsForHost {
    tls: Tls,
    host: String,
}

type Handshake<S> = MapOk<tokio_rustls::Connect<S>, fn(TlsStream<S>) -> Stream<S>>;

impl<S: AsyncRead + AsyncWrite + Unpin> TlsConnect<S> for TlsForHost {
    type Stream = Stream<S>;
    type Error = io::Error;
    type Future = Either<Ready<io::Result<Stream<S>>>, Handshake<S>>;

    fn connect(self, stream: S) -> Self::Future {
        let refused = |reason: String| Either::Left(ready(Err(io::Error::other(reason))));
        let Some(config) = self.tls.0 else {
            return refused("no TLS was asked for".into());
        };
        let Ok(name) = ServerName::try_from(self.host) else {
            return refused("the host's name is none that a certificate could have".into());
        };
        let handshake = tokio_rustls::TlsConnector::from(config).connect(name, stream);
        Either::Right(handshake.map_ok(Stream as fn(TlsStream<S>) -> Stream<S>))
    }
}

/// A connection inside TLS.
pub(super) struct Stream<S>(TlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> tokio_postgres::tls::TlsStream for Stream<S> {
    fn channel_binding(&self) -> ChannelBinding {
        let (_, session) = self.0.get_ref();
        session
            .peer_certificates()
            .and_then(|chain| server_end_point(chain.first()?))
            .map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}

/// RFC 5929: the certificate's digest, by the function of its own signature; SHA-256 in place of weaker ones.
fn server_end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    // In DER: 1.2.840.113549.1.1.x (RSA) and 1.2.840.10045.4.x (ECDSA).
    const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
    const ECDSA_WITH_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];
    const ECDSA_WITH_SHA2: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];
    let algorithm = signature_algorithm(certificate)?;
    let (&last, family) = algorithm.split_last()?;
    let function = match (family, last) {
        (RSA, 4 | 5 | 11) | (ECDSA_WITH_SHA2, 2) => &digest::SHA256,
        (RSA, 12) | (ECDSA_WITH_SHA2, 3) => &digest::SHA384,
        (RSA, 13) | (ECDSA_WITH_SHA2, 4) => &digest::SHA512,
        _ if algorithm == ECDSA_WITH_SHA1 => &digest::SHA256,
        // Ed25519 has none, and that of RSASSA-PSS is among its parameters: no channel binding, then.
        _ => return None,
    };
    Some(digest::digest(function, certificate).as_ref().to_vec())
}

/// The object identifier of a certificate's signature, in DER.
fn signature_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    const SEQUENCE: u8 = 0x30;
    const OBJECT_IDENTIFIER: u8 = 0x06;
    let (fields, _) = element(certificate, SEQUENCE)?;
    let (_to_be_signed, rest) = element(fields, SEQUENCE)?;
    let (algorithm, _signature) = element(rest, SEQUENCE)?;
    let (identifier, _parameters) = element(algorithm, OBJECT_IDENTIFIER)?;
    Some(identifier)
}

/// The content of the element of DER that `bytes` begin with, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let (&short, rest) = rest.split_first()?;
    if first != tag {
        return None;
    }
    if short < 0x80 {
        return rest.split_at_checked(short.into());
    }
    let (length, rest) = rest.split_at_checked((short & 0x7f).into())?;
    let length = length.iter().try_fold(0_usize, |sum, byte| {
        Some(sum.checked_mul(256)? + usize::from(*byte))
    })?;
    rest.split_at_checked(length)
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_certificates_have_no_digest() {
        let certificate: Vec<u8> = [
            &[0x30, 0x81, 0x12][..],                           // the certificate
            &[0x30, 0x01, 0xff],                               // what is signed
            &[0x30, 0x0a, 0x06, 0x08],                         // the algorithm
            &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03], // ecdsa-with-SHA384
        ]
        .concat();
        assert_eq!(
            server_end_point(&certificate).map(|digest| digest.len()),
            None,
            "its length is beyond its end"
        );
        let mut whole = certificate.clone();
        whole[2] = 15;
        assert_eq!(
            server_end_point(&whole).map(|digest| digest.len()),
            Some(48)
        );
        for cut in 0..whole.len() {
            assert_eq!(server_end_point(&whole[..cut]), None, "{cut}");
        }
        assert_eq!(
            server_end_point(&[0x30, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
            None
        );
    }
}
