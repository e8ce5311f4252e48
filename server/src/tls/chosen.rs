//! Our certificates, and which of them a peer is shown.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::client::{ResolvesClientCert, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::{TlsError, files};

/// All of them, in the order of the configuration.
#[derive(Debug)]
pub(super) struct Chosen(Vec<Arc<CertifiedKey>>);

impl Chosen {
    pub(super) fn read(files: &[(PathBuf, PathBuf)], provider: &CryptoProvider) -> Result<Self, TlsError> {
        let read = |(certificate, key): &(PathBuf, PathBuf)| {
            let chain = files::certificates("certificate_files", certificate)?;
            let signer = provider.key_provider.load_private_key(files::key(key)?);
            let signer = signer.map_err(|error| TlsError::file("key_files", key, error))?;
            let pair = CertifiedKey::new(chain, signer);
            pair.keys_match().map_err(|error| TlsError::file("key_files", key, error))?;
            Ok(Arc::new(pair))
        };
        files.iter().map(read).collect::<Result<Vec<_>, TlsError>>().map(Self)
    }

    /// All of them, each without its chain.
    pub(super) fn certificates(&self) -> Vec<CertificateDer<'static>> {
        self.0.iter().filter_map(|pair| Some(pair.end_entity_cert().ok()?.clone().into_owned())).collect()
    }

    /// The first that was issued to the name that is asked for (SNI), else the first of all: phones often ask for none.
    pub(super) fn for_name(&self, name: Option<&str>) -> Option<Arc<CertifiedKey>> {
        let wanted = name.and_then(|name| ServerName::try_from(name).ok());
        let is_wanted = |pair: &&Arc<CertifiedKey>| {
            let own = pair.end_entity_cert().ok().and_then(|own| ParsedCertificate::try_from(own).ok());
            let both = own.as_ref().zip(wanted.as_ref());
            both.is_some_and(|(own, wanted)| verify_server_name(own, wanted).is_ok())
        };
        self.0.iter().find(is_wanted).or_else(|| self.0.first()).cloned()
    }
}

impl ResolvesServerCert for Chosen {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.for_name(hello.server_name())
    }
}

impl ResolvesClientCert for Chosen {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.for_name(None)
    }

    fn has_certs(&self) -> bool {
        !self.0.is_empty()
    }
}
