//! The self-signed certificate by which a node or coordinator is known on the network.
//!
//! The roster pins the SHA-256 of the certificate, so its names and its validity add nothing; they
//! are there for clients that insist on them. ECDSA over P-256, which every TLS 1.3 stack has.

use std::fmt;

use rcgen::{CertificateParams, DnType, date_time_ymd};
use rustls::pki_types::ServerName;
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

use super::Digest;

/// A certificate with its private key; the key is wiped when dropped.
#[derive(Clone)]
pub struct TlsIdentity {
    certificate_der: Vec<u8>,
    private_key_der: Zeroizing<Vec<u8>>,
}

/// Why no certificate was made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TlsIdentityError {
    /// The host is neither a DNS name nor an IP address.
    #[error(
        "{host:?} is not a host name or IP address; give the name under which others reach this machine, without port"
    )]
    Host {
        /// The host that is no name or address.
        host: String,
    },
    /// The certificate could not be made.
    #[error("no certificate could be made: {0}")]
    Certificate(#[from] rcgen::Error),
}

impl TlsIdentity {
    /// A fresh certificate for a host name or IP address, and for this machine by itself
    /// (`localhost`, 127.0.0.1, `::1`).
    ///
    /// # Errors
    /// When the host is not a name that a certificate can carry.
    pub fn generate(host: &str) -> Result<Self, TlsIdentityError> {
        if ServerName::try_from(host).is_err() {
            return Err(TlsIdentityError::Host { host: host.to_owned() });
        }
        let mut names = vec![host.to_owned()];
        for local in ["localhost", "127.0.0.1", "::1"] {
            if host != local {
                names.push(local.to_owned());
            }
        }
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name.push(DnType::CommonName, host);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2999, 12, 31);
        let mut keys = rcgen::KeyPair::generate()?;
        let certificate = params.self_signed(&keys)?;
        let private_key_der = Zeroizing::new(keys.serialize_der());
        keys.zeroize();
        Ok(Self { certificate_der: certificate.der().to_vec(), private_key_der })
    }

    /// A certificate and key as they were kept. Whether they belong together is found when a
    /// server is set up with them.
    pub const fn from_der(certificate_der: Vec<u8>, private_key_der: Zeroizing<Vec<u8>>) -> Self {
        Self { certificate_der, private_key_der }
    }

    /// The certificate (DER); its SHA-256 is what the roster pins.
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate_der
    }

    /// The private key (PKCS #8 DER), for the TLS server and the key file and nothing else.
    pub fn private_key_der(&self) -> &[u8] {
        &self.private_key_der
    }

    /// SHA-256 of the certificate, as node card and roster carry it.
    pub fn fingerprint(&self) -> Digest {
        fingerprint(&self.certificate_der)
    }
}

/// SHA-256 of a certificate (DER), to compare with the one that the roster pins.
pub fn fingerprint(certificate_der: &[u8]) -> Digest {
    Digest(Sha256::digest(certificate_der).into())
}

impl fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsIdentity({})", self.fingerprint())
    }
}

#[cfg(test)]
mod tests {
    use crate::identity::tls::*;
    use rustls::{
        ServerConfig,
        crypto::aws_lc_rs::default_provider,
        pki_types::{CertificateDer, PrivateKeyDer},
    };
    use std::sync::Arc;

    #[test]
    fn a_tls_server_takes_it() {
        for host in ["node1.example.org", "localhost", "192.0.2.7", "2001:db8::1"] {
            let tls = TlsIdentity::generate(host).unwrap();
            let key = PrivateKeyDer::try_from(tls.private_key_der()).unwrap().clone_key();
            ServerConfig::builder_with_provider(Arc::new(default_provider()))
                .with_protocol_versions(&[&rustls::version::TLS13])
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![CertificateDer::from(tls.certificate_der().to_vec())], key)
                .unwrap();
            assert!(tls.private_key_der().len() < 200);
            assert_eq!(format!("{tls:?}"), format!("TlsIdentity({})", tls.fingerprint()));
        }
    }

    #[test]
    fn hosts_that_are_none_are_named() {
        for host in ["", "two words", "host:443", "a/b", "\u{1b}[2J"] {
            let error = TlsIdentity::generate(host).unwrap_err();
            assert_eq!(error, TlsIdentityError::Host { host: host.to_owned() });
        }
        let error = TlsIdentity::generate("host:443").unwrap_err().to_string();
        assert!(error.contains("without port"), "{error}");
    }

    #[test]
    fn every_certificate_is_another() {
        let prints = [(); 2].map(|()| TlsIdentity::generate("localhost").unwrap().fingerprint());
        assert_ne!(prints[0], prints[1]);
    }
}
