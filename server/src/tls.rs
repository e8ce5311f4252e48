//! TLS: the certificates of this host, which SIP and the web port share, and what is believed of others'.
//!
//! Certificates come from files and are read again when these change, so that a renewal needs no restart: connections that
//! stand keep what they began with. A client's certificate is asked for on SIP connections and never demanded, because phones
//! show their makers', which nobody here can check; what it proves is asked afterwards ([`Certificates::proven`]).

mod chosen;
mod clients;
mod files;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use rustls::client::verify_server_name;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::time::sleep;

use self::chosen::Chosen;
use self::clients::AnyClient;
use self::files::Stamp;
use crate::config;
use crate::state::{AppState, Part};

/// How late a renewed certificate is seen.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Why there is no TLS as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read, or holds something else.
    #[error("`tls.{key}`: {path}: {message}")]
    File {
        /// The setting.
        key: &'static str,
        /// The file.
        path: String,
        /// What is wrong.
        message: String,
    },
    /// The library refuses them together.
    #[error("TLS can't be set up: {0}")]
    Library(#[from] rustls::Error),
}

impl TlsError {
    fn file(key: &'static str, path: &std::path::Path, message: impl ToString) -> Self {
        Self::File { key, path: path.display().to_string(), message: message.to_string() }
    }
}

/// What TLS is made of on this host.
pub struct Certificates {
    /// Certificate and key, a pair for each.
    files: Vec<(PathBuf, PathBuf)>,
    ca_file: PathBuf,
    current: RwLock<Loaded>,
}

impl Part for Certificates {}

/// What the files held when they were read.
struct Loaded {
    stamps: Vec<Stamp>,
    chosen: Arc<Chosen>,
    server: Option<Servers>,
    client: Arc<ClientConfig>,
    verifier: Arc<dyn ClientCertVerifier>,
}

/// Where we are asked.
#[derive(Clone)]
struct Servers {
    sip: Arc<ServerConfig>,
    web: Arc<ServerConfig>,
}

/// A client's certificate that an authority vouches for.
pub struct Proven(CertificateDer<'static>);

impl Certificates {
    /// Reads the files of the configuration.
    ///
    /// # Errors
    /// One of them can't be used.
    pub fn from_config(settings: &config::Tls) -> Result<Self, TlsError> {
        let files: Vec<_> =
            settings.certificate_files.iter().cloned().zip(settings.key_files.iter().cloned()).collect();
        let current = RwLock::new(load(&files, &settings.ca_file)?);
        Ok(Self { files, ca_file: settings.ca_file.clone(), current })
    }

    /// For connections to the SIP port; none without certificates.
    pub fn sip_server(&self) -> Option<Arc<ServerConfig>> {
        self.current.read().server.as_ref().map(|servers| servers.sip.clone())
    }

    /// For connections to the web port; none without certificates.
    pub fn web_server(&self) -> Option<Arc<ServerConfig>> {
        self.current.read().server.as_ref().map(|servers| servers.web.clone())
    }

    /// Our certificates, each without its chain.
    pub fn own(&self) -> Vec<CertificateDer<'static>> {
        self.current.read().chosen.certificates()
    }

    /// For connections to others: who is asked must be who it says, and is shown our first certificate if it asks.
    pub fn client(&self) -> Arc<ClientConfig> {
        self.current.read().client.clone()
    }

    /// A certificate that a client showed, if an authority vouches for it at `now_us`, microseconds UTC.
    pub fn proven(&self, chain: &[CertificateDer<'static>], now_us: i64) -> Option<Proven> {
        let (own, others) = chain.split_first()?;
        let now = UnixTime::since_unix_epoch(Duration::from_micros(u64::try_from(now_us).ok()?));
        let verifier = self.current.read().verifier.clone();
        verifier.verify_client_cert(own, others, now).ok().map(|_| Proven(own.clone()))
    }

    /// Reads the files again if they are others than before. What can't be used leaves what was there.
    fn look(&self) {
        let stamps = files::stamps(&self.files, &self.ca_file);
        if stamps == self.current.read().stamps {
            return;
        }
        match load(&self.files, &self.ca_file) {
            Ok(loaded) => {
                *self.current.write() = loaded;
                tracing::info!("the TLS certificates were read again");
            }
            Err(error) => {
                // Said once for each change.
                self.current.write().stamps = stamps;
                tracing::error!(%error, "changed TLS certificates can't be used; the former ones stay");
            }
        }
    }
}

impl Proven {
    /// Whether it was issued to this host name.
    pub fn is_of(&self, name: &str) -> bool {
        let (Ok(certificate), Ok(name)) = (ParsedCertificate::try_from(&self.0), ServerName::try_from(name)) else {
            return false;
        };
        verify_server_name(&certificate, &name).is_ok()
    }
}

/// Follows changes of the files until the server stops.
pub async fn watch(app: AppState) {
    let certificates = app.part::<Certificates>();
    loop {
        tokio::select! {
            () = app.stopping.cancelled() => return,
            () = sleep(LOOK_EVERY) => certificates.look(),
        }
    }
}

fn load(files: &[(PathBuf, PathBuf)], ca_file: &std::path::Path) -> Result<Loaded, TlsError> {
    // First: what changes while we read is read again.
    let stamps = files::stamps(files, ca_file);
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if !ca_file.as_os_str().is_empty() {
        for authority in files::certificates("ca_file", ca_file)? {
            roots.add(authority).map_err(|error| TlsError::file("ca_file", ca_file, error))?;
        }
    }
    let roots = Arc::new(roots);
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone());
    let verifier = verifier.build().map_err(|error| TlsError::file("ca_file", ca_file, error))?;
    let chosen = Arc::new(Chosen::read(files, &provider)?);
    let client = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_cert_resolver(chosen.clone());
    let server = if files.is_empty() { None } else { Some(Servers::new(&provider, chosen.clone())?) };
    Ok(Loaded { stamps, chosen, server, client: Arc::new(client), verifier })
}

impl Servers {
    fn new(provider: &Arc<rustls::crypto::CryptoProvider>, chosen: Arc<Chosen>) -> Result<Self, TlsError> {
        let versions = || ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
        let sip = versions()?
            .with_client_cert_verifier(Arc::new(AnyClient(provider.signature_verification_algorithms)))
            .with_cert_resolver(chosen.clone());
        let mut web = versions()?.with_no_client_auth().with_cert_resolver(chosen);
        web.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { sip: Arc::new(sip), web: Arc::new(web) })
    }
}

#[cfg(test)]
mod tests;
