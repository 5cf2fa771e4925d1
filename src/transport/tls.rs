//! TLS 1.3 with keys pinned by the roster.
//!
//! A node's certificate is self-signed and never expires for us: its SHA-256 in the roster is what
//! counts. A client accepts exactly that certificate and checks the handshake's signature with it;
//! names, dates and certificate authorities play no part. The key exchange prefers the hybrid of
//! X25519 and ML-KEM-768, so that recorded traffic stays sealed against later quantum computers.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, PeerIncompatible,
    ServerConfig, SignatureScheme,
};
use sha2::{Digest as _, Sha256};

use crate::identity::Digest;

/// ALPN for HTTP/2.
pub const H2: &[u8] = b"h2";
/// ALPN for HTTP/1.1, the only one under which a connection can be upgraded.
pub const HTTP_1_1: &[u8] = b"http/1.1";

/// A certificate or key that cannot be used.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum TlsError {
    /// The private key is in no form that is known.
    #[error("the TLS private key cannot be read: {form}; make a new one with `gavel init`")]
    Key {
        /// Which forms there are.
        form: &'static str,
    },
    /// They do not belong together, or TLS cannot be set up.
    #[error("the TLS certificate and key don't work: {0}; make new ones with `gavel init`")]
    Setup(#[from] rustls::Error),
}

/// A server showed another certificate than the pinned one.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("certificate {got} instead of {pinned}", got = got.short(), pinned = pinned.short())]
pub struct WrongCertificate {
    /// As the roster says.
    pub pinned: Digest,
    /// What was shown.
    pub got: Digest,
}

/// Make aws-lc-rs the process's provider of cryptography. Can be called any number of times.
pub fn install_provider() {
    // An error says that one is installed already, which is what is wanted.
    let _ = aws_lc_rs::default_provider().install_default();
}

fn provider() -> Arc<CryptoProvider> {
    install_provider();
    CryptoProvider::get_default()
        .map_or_else(|| Arc::new(aws_lc_rs::default_provider()), Arc::clone)
}

/// The fingerprint of a certificate as it stands in the roster: SHA-256 of its DER.
pub fn fingerprint(certificate_der: &[u8]) -> Digest {
    Digest(Sha256::digest(certificate_der).into())
}

/// A server's side: TLS 1.3, HTTP/2 and HTTP/1.1. The key is PKCS#8, SEC1 or PKCS#1.
///
/// # Errors
/// When the key is malformed or does not belong to the certificate.
pub fn server_config(
    certificate_der: &[u8],
    private_key_der: &[u8],
) -> Result<Arc<ServerConfig>, TlsError> {
    // The first random bytes of a process take some tens of milliseconds of its processor. They
    // belong to its start, not to whoever comes first.
    let mut first = [0; 1];
    provider()
        .secure_random
        .fill(&mut first)
        .map_err(|_| TlsError::Setup(rustls::Error::FailedToGetRandomBytes))?;
    let certificate = CertificateDer::from(certificate_der.to_vec());
    let key = PrivateKeyDer::try_from(private_key_der)
        .map_err(|form| TlsError::Key { form })?
        .clone_key();
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    config.alpn_protocols = vec![H2.to_vec(), HTTP_1_1.to_vec()];
    Ok(Arc::new(config))
}

/// A client's side for one server: TLS 1.3 with exactly this certificate.
///
/// # Errors
/// When the provider lacks TLS 1.3, which a complete build does not.
pub fn pinned_client_config(
    fingerprint: Digest,
    alpn: &[&[u8]],
) -> Result<Arc<ClientConfig>, TlsError> {
    client_config(Some(fingerprint), alpn)
}

/// A client's side for a server that proves nothing, with whatever certificate it shows: for what
/// is checked by its content when it has come, and for nothing else.
///
/// # Errors
/// When the provider lacks TLS 1.3, which a complete build does not.
pub fn unproven_client_config(alpn: &[&[u8]]) -> Result<Arc<ClientConfig>, TlsError> {
    client_config(None, alpn)
}

fn client_config(
    fingerprint: Option<Digest>,
    alpn: &[&[u8]],
) -> Result<Arc<ClientConfig>, TlsError> {
    let provider = provider();
    let verifier = Arc::new(Pinned { fingerprint, provider: Arc::clone(&provider) });
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Ok(Arc::new(config))
}

/// Whether an error is or wraps a [`WrongCertificate`].
pub fn wrong_certificate(error: &rustls::Error) -> Option<&WrongCertificate> {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(inner))) => {
            inner.downcast_ref()
        }
        _ => None,
    }
}

/// Accepts one certificate, or any where none is pinned.
struct Pinned {
    fingerprint: Option<Digest>,
    provider: Arc<CryptoProvider>,
}

impl fmt::Debug for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pinned").field(&self.fingerprint).finish()
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let got = fingerprint(end_entity);
        let Some(pinned) = self.fingerprint.filter(|pinned| *pinned != got) else {
            return Ok(ServerCertVerified::assertion());
        };
        let wrong = WrongCertificate { pinned, got };
        Err(CertificateError::Other(OtherError(Arc::new(wrong))).into())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use rustls::server::{ClientHello, ResolvesServerCert};
    use rustls::sign::CertifiedKey;
    use tokio_rustls::{TlsAcceptor, TlsConnector};

    use crate::transport::tls::*;

    fn certificate() -> (Vec<u8>, Vec<u8>) {
        let made = rcgen::generate_simple_self_signed(vec!["node".to_owned()]).unwrap();
        (made.cert.der().to_vec(), made.signing_key.serialize_der())
    }

    /// What client and server make of each other.
    async fn handshake(
        server: Arc<ServerConfig>,
        client: Arc<ClientConfig>,
    ) -> (io::Result<()>, io::Result<()>) {
        let (near, far) = tokio::io::duplex(64 << 10);
        let name = ServerName::try_from("node").unwrap();
        // Both streams live until both are done: the server still sends tickets at the end.
        let (client, server) = tokio::join!(
            TlsConnector::from(client).connect(name, near),
            TlsAcceptor::from(server).accept(far)
        );
        (client.map(drop), server.map(drop))
    }

    fn cause(error: &io::Error) -> &rustls::Error {
        error.get_ref().unwrap().downcast_ref().unwrap()
    }

    #[tokio::test]
    async fn the_pinned_certificate_is_accepted_and_no_other() {
        let (der, key) = certificate();
        let server = server_config(&der, &key).unwrap();
        let pinned = pinned_client_config(fingerprint(&der), &[H2]).unwrap();
        let (client, served) = handshake(Arc::clone(&server), pinned).await;
        client.unwrap();
        served.unwrap();
        let other = pinned_client_config(Digest([1; 32]), &[H2]).unwrap();
        let error = handshake(server, other).await.0.unwrap_err();
        let wrong = wrong_certificate(cause(&error)).unwrap();
        assert_eq!(*wrong, WrongCertificate { pinned: Digest([1; 32]), got: fingerprint(&der) });
    }

    /// Shows a certificate whose key it does not have.
    #[derive(Debug)]
    struct Thief(Arc<CertifiedKey>);

    impl ResolvesServerCert for Thief {
        fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
            Some(Arc::clone(&self.0))
        }
    }

    #[tokio::test]
    async fn the_right_certificate_without_its_key_is_refused() {
        let ((der, _), (_, other_key)) = (certificate(), certificate());
        let key = PrivateKeyDer::try_from(other_key).unwrap();
        let key = aws_lc_rs::sign::any_supported_type(&key).unwrap();
        let shown = CertifiedKey::new(vec![CertificateDer::from(der.clone())], key);
        let mut server = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Thief(Arc::new(shown))));
        server.alpn_protocols = vec![H2.to_vec()];
        let client = pinned_client_config(fingerprint(&der), &[H2]).unwrap();
        let error = handshake(Arc::new(server), client).await.0.unwrap_err();
        let expected = rustls::Error::from(CertificateError::BadSignature);
        assert_eq!(*cause(&error), expected);
    }

    #[tokio::test]
    async fn tls_1_2_is_refused_from_both_sides() {
        let old = &[&rustls::version::TLS12];
        let (der, key) = certificate();
        let verifier = Pinned { fingerprint: Some(fingerprint(&der)), provider: provider() };
        let client = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(old)
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        let served = handshake(server_config(&der, &key).unwrap(), Arc::new(client)).await;
        assert!(served.0.is_err() && served.1.is_err());
        let server = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(old)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from(der.clone())],
                PrivateKeyDer::try_from(key).unwrap(),
            )
            .unwrap();
        let client = pinned_client_config(fingerprint(&der), &[]).unwrap();
        let served = handshake(Arc::new(server), client).await;
        assert!(served.0.is_err() && served.1.is_err());
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let ((der, _), (_, other_key)) = (certificate(), certificate());
        assert!(server_config(&der, &other_key).is_err());
        assert!(server_config(&der, b"no key").is_err());
    }
}
