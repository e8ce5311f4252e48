//! Configuration: one typed struct per section, layered from four sources.
//!
//! `config.default.toml` is both the documentation and the source of the defaults; a key that does not stand in it is an
//! error, so a misspelt key never goes unnoticed. Production's stricter rules are in [`checks`].

mod checks;
mod contact;
mod customers;
mod layers;
mod limits;
mod media;
mod nodes;
mod payments;
mod pbx_source;
mod speech;
mod storage;
mod tax;
mod tls;
mod trunk;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use contact::Contact;
pub use customers::Customers;
pub use limits::{CallLimits, DaySpend, EVERY_COUNTRY, Fraud};
pub use media::{Media, PortRange, TcpPort};
pub use nodes::Nodes;
pub use payments::{Mpesa, Payments, Paystack, TransactionType};
pub use pbx_source::PbxSource;
pub use speech::{Dialect as SpeechDialect, Speech};
pub use storage::Storage;
pub use tax::Tax;
pub use tls::Tls;
pub use trunk::{IdentityHeader, NumberFormat, SrtpPolicy, Trunk, TrunkTransport};

/// The commented default file, as `sautikit config print` shows it.
pub const DEFAULT_FILE: &str = include_str!("config.default.toml");

/// The file that is read from the working directory when `--config` is absent and it exists.
pub const DEFAULT_PATH: &str = "sautikit.toml";

/// Why the server does not start. Each message names the key and the source.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("{path}: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{path} is not valid TOML: {message}")]
    Malformed {
        /// The file.
        path: String,
        /// Where and why.
        message: String,
    },
    /// A key that does not exist.
    #[error("unknown key `{key}` in {origin}; `sautikit config print` lists all keys")]
    UnknownKey {
        /// The dotted key.
        key: String,
        /// The file or variable.
        origin: String,
    },
    /// A value of the wrong kind or outside its range.
    #[error("wrong value for `{key}`: {message}")]
    WrongValue {
        /// The dotted key.
        key: String,
        /// What is wrong and what would be right.
        message: String,
    },
}

impl ConfigError {
    fn wrong(key: &str, message: impl Into<String>) -> Self {
        Self::WrongValue { key: key.to_owned(), message: message.into() }
    }
}

/// Development (loopback, simulators) or production.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// One machine, simulators, mails shown at `/dev/mail`.
    Development,
    /// The real thing: refuses development secrets, plain-http public URLs and simulators.
    Production,
}

/// All settings, as the server uses them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Development or production.
    pub env: Environment,
    /// Folder of the embedded database, the master key and the node's identity.
    pub data_dir: PathBuf,
    /// Console, API, SIP WebSocket.
    pub http: Http,
    /// Requests per second.
    pub limits: Limits,
    /// The request log.
    pub requests: Requests,
    /// SIP over UDP, TCP and TLS.
    pub sip: Sip,
    /// Certificates.
    pub tls: Tls,
    /// WebRTC and RTP.
    pub media: Media,
    /// Prometheus.
    pub metrics: Metrics,
    /// Other nodes.
    pub nodes: Nodes,
    /// SQLite or PostgreSQL.
    pub database: Database,
    /// Outgoing mail.
    pub mail: Mail,
    /// Sign-in with Google.
    pub google: Google,
    /// What calls may cost that nobody can ask the wallet for.
    pub billing: Billing,
    /// Rentals of numbers.
    pub numbers: Numbers,
    /// Who speaks texts.
    pub speech: Speech,
    /// Tax beside prices.
    pub tax: Tax,
    /// Payments into wallets.
    pub payments: Payments,
    /// M-Pesa, by Safaricom's Daraja.
    pub mpesa: Mpesa,
    /// Paystack.
    pub paystack: Paystack,
    /// Where recordings are kept.
    pub storage: Storage,
    /// Calls of this node.
    pub calls: Calls,
    /// What workspaces may call.
    pub call_limits: CallLimits,
    /// From when on calls look like an attack.
    pub fraud: Fraud,
    /// How customers reach whoever runs this server.
    pub contact: Contact,
    /// Where customers' URLs may lead.
    pub customers: Customers,
    /// Simulators.
    pub sandbox: Sandbox,
    /// The master key.
    pub secrets: SecretKeys,
    /// Logs.
    pub log: Log,
    /// Carriers of the configuration file.
    #[serde(default)]
    pub trunk: Vec<Trunk>,
    /// External PBXs that tell of their calls.
    #[serde(default)]
    pub pbx_source: Vec<PbxSource>,
}

/// `[http]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Whether it speaks HTTPS, with the certificates of `[tls]`.
    pub tls: bool,
    /// The origin that browsers see; empty means made from the listening address.
    pub public_url: String,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Folder that `xtask build` wrote; empty means the copy inside the binary, or `site` near the executable.
    pub site_dir: PathBuf,
}

/// `[limits]`. A rate of 0 is no limit.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Requests per second of one API key, on average.
    pub key_requests_per_second: u32,
    /// Requests of one API key at once.
    pub key_burst: u32,
    /// Requests per second of one address, on average.
    pub ip_requests_per_second: u32,
    /// Requests of one address at once.
    pub ip_burst: u32,
}

/// `[requests]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requests {
    /// Days that the request log goes back; 0 keeps none.
    pub keep_days: u32,
}

/// `[calls]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calls {
    /// How long running calls may go on after the signal to stop, in seconds.
    pub drain_limit_seconds: u64,
    /// Days that the SIP messages and the quality of calls are kept; 0 keeps none.
    pub trace_days: u32,
}

/// `[billing]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Billing {
    /// How long running calls go on while this node can't reach the database, in seconds from its last tick; 0: as far as they
    /// hold money.
    pub outage_credit_seconds: u32,
}

/// `[numbers]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Numbers {
    /// Days after which a number whose rental is not paid is suspended.
    pub suspend_after_days: u32,
    /// Days after which it is given back.
    pub release_after_days: u32,
    /// Days for which a number that was given back is kept for its last workspace; 0 frees it at once.
    pub cooling_off_days: u32,
}

/// `[sip]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sip {
    /// UDP and TCP; port 0 takes a free one.
    pub listen: SocketAddr,
    /// TLS, where there are certificates; port 0 takes a free one.
    pub tls_listen: SocketAddr,
    /// Domain of SIP identities.
    pub domain: String,
    /// Whether `dial` calls SIP addresses of other domains, free of charge: those at public addresses, in development loopback
    /// too.
    pub external_targets: bool,
}

/// `[metrics]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Where to listen; empty is off.
    pub listen: String,
}

/// `[database]`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite://…` or `postgres://…`; [`Config::load`] fills the embedded default in.
    pub url: String,
    /// Connections of this node, at least 2: one waits for locks while another works.
    pub max_connections: u32,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL can hold a password.
        f.debug_struct("Database").field("max_connections", &self.max_connections).finish_non_exhaustive()
    }
}

/// `[mail]`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// The relay; empty in development.
    pub smtp_url: String,
    /// The sender.
    pub from: String,
    /// Certificate authorities of the relay, in PEM; empty means those of the web.
    pub tls_ca_file: PathBuf,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL can hold a password.
        f.debug_struct("Mail").field("from", &self.from).finish_non_exhaustive()
    }
}

/// `[google]`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Google {
    /// Of the OAuth client at Google; empty is off.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Where discovery begins.
    pub issuer: String,
}

impl std::fmt::Debug for Google {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Google").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// `[sandbox]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sandbox {
    /// Whether the simulated carrier serves.
    pub enabled: SandboxSwitch,
}

/// The positions of `sandbox.enabled`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SandboxSwitch {
    /// On in development until a trunk exists.
    Auto,
    /// On, tried after every trunk.
    #[serde(rename = "true")]
    On,
    /// Off.
    #[serde(rename = "false")]
    Off,
}

/// `[secrets]`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretKeys {
    /// 32 bytes in base64; empty in development.
    pub master_key: String,
}

impl std::fmt::Debug for SecretKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKeys(redacted)")
    }
}

/// `[log]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// A tracing-subscriber filter.
    pub filter: String,
    /// Text or JSON.
    pub format: LogFormat,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For collectors.
    Json,
}

impl Config {
    /// Reads all sources. `file` is `--config`; `environment` the process's variables; `flags` dotted keys with values.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: &[(&str, String)],
    ) -> Result<Self, ConfigError> {
        let table = layers::merged(file, environment, flags)?;
        let mut config = layers::typed(table)?;
        if config.database.url.is_empty() {
            config.database.url = format!("sqlite://{}", config.data_dir.join("sautikit.db").display());
        }
        checks::check(&config)?;
        Ok(config)
    }

    /// The defaults with no file and no environment.
    pub fn defaults() -> Result<Self, ConfigError> {
        Self::load(Some(Path::new("/dev/null")), [], &[])
    }

    /// Whether the simulated carrier serves.
    pub fn has_sandbox(&self) -> bool {
        self.has_sandbox_beside(self.trunk.len())
    }

    /// Whether the simulated carrier serves where there are so many trunks.
    pub fn has_sandbox_beside(&self, trunks: usize) -> bool {
        match self.sandbox.enabled {
            SandboxSwitch::Auto => self.is_development() && trunks == 0,
            SandboxSwitch::On => true,
            SandboxSwitch::Off => false,
        }
    }

    /// Whether no call can reach a real telephone: API keys say so.
    pub fn is_sandbox_only(&self) -> bool {
        self.has_sandbox() && self.trunk.is_empty()
    }

    /// Whether this is development mode.
    pub fn is_development(&self) -> bool {
        self.env == Environment::Development
    }
}

#[cfg(test)]
mod tests;
