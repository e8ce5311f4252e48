//! Rules across keys: what development and production refuse.

use std::collections::HashSet;
use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Config, ConfigError, Environment, PbxSource, SandboxSwitch};
use crate::secrets::MASTER_KEY_BYTES;

pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    everywhere(config)?;
    match config.env {
        Environment::Development => development(config),
        Environment::Production => production(config),
    }
}

fn everywhere(config: &Config) -> Result<(), ConfigError> {
    let url = &config.database.url;
    if !["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(ConfigError::wrong("database.url", "give sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME"));
    }
    if config.database.max_connections < 2 {
        return Err(ConfigError::wrong("database.max_connections", "at least 2 are needed"));
    }
    if !config.metrics.listen.is_empty() && config.metrics.listen.parse::<SocketAddr>().is_err() {
        return Err(ConfigError::wrong("metrics.listen", format!("`{}` is not ADDRESS:PORT", config.metrics.listen)));
    }
    if config.mail.from.parse::<lettre::message::Mailbox>().is_err() {
        return Err(ConfigError::wrong("mail.from", format!("`{}` is not a mail address", config.mail.from)));
    }
    if !config.http.public_url.is_empty() {
        let origin = url::Url::parse(&config.http.public_url).ok().filter(|url| url.path() == "/" && url.has_host());
        if !origin.is_some_and(|url| matches!(url.scheme(), "http" | "https")) {
            return Err(ConfigError::wrong("http.public_url", "give an origin such as https://voice.example"));
        }
    }
    google(config)?;
    super::payments::check(config)?;
    super::limits::check(config)?;
    super::nodes::check(config)?;
    super::speech::check(config)?;
    super::storage::check(config)?;
    super::tax::check(config)?;
    super::tls::check(config)?;
    if config.numbers.release_after_days <= config.numbers.suspend_after_days {
        return Err(ConfigError::wrong("numbers.release_after_days", "it comes after `numbers.suspend_after_days`"));
    }
    let key = &config.secrets.master_key;
    let key_bytes = STANDARD.decode(key.trim()).map(|bytes| bytes.len());
    if !key.is_empty() && !key_bytes.is_ok_and(|length| length == MASTER_KEY_BYTES) {
        return Err(ConfigError::wrong(
            "secrets.master_key",
            "32 bytes in base64 are needed (openssl rand -base64 32)",
        ));
    }
    let mut names = HashSet::new();
    let mut sources = HashSet::new();
    for (index, source) in config.pbx_source.iter().enumerate() {
        if source.name.is_empty() || !sources.insert(source.name.as_str()) {
            return Err(ConfigError::wrong(&format!("pbx_source[{index}].name"), "names must be present and unique"));
        }
        if source.secret.chars().count() < PbxSource::SECRET_MIN_CHARS {
            let message = "32 characters at least are needed (openssl rand -base64 32)";
            return Err(ConfigError::wrong(&format!("pbx_source[{index}].secret"), message));
        }
    }
    for (index, trunk) in config.trunk.iter().enumerate() {
        if trunk.name.is_empty() || !names.insert(trunk.name.as_str()) {
            return Err(ConfigError::wrong(&format!("trunk[{index}].name"), "names must be present and unique"));
        }
        if trunk.prefixes.iter().any(|prefix| !prefix.starts_with('+')) {
            return Err(ConfigError::wrong(&format!("trunk[{index}].prefixes"), "prefixes begin with +"));
        }
    }
    Ok(())
}

fn google(config: &Config) -> Result<(), ConfigError> {
    if config.google.client_id.is_empty() != config.google.client_secret.is_empty() {
        return Err(ConfigError::wrong("google.client_secret", "give both client id and client secret, or neither"));
    }
    if is_safe_url(&config.google.issuer, config.is_development()) {
        Ok(())
    } else {
        Err(ConfigError::wrong("google.issuer", "give an https URL"))
    }
}

/// Whether secrets may be sent there: https, or http to this machine in development.
pub(super) fn is_safe_url(text: &str, development: bool) -> bool {
    let is_loopback = |url: &url::Url| match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    url::Url::parse(text).is_ok_and(|url| url.scheme() == "https" || (development && is_loopback(&url)))
}

/// An exposed `/dev/mail` would be an account takeover, so nothing listens beyond loopback.
fn development(config: &Config) -> Result<(), ConfigError> {
    let listeners = [
        ("http.listen", config.http.listen),
        ("sip.listen", config.sip.listen),
        ("sip.tls_listen", config.sip.tls_listen),
        ("media.listen", config.media.listen),
    ];
    match listeners.into_iter().find(|(_, address)| !address.ip().is_loopback()) {
        Some((key, _)) => {
            Err(ConfigError::wrong(key, "development mode listens on loopback only; set env = \"production\""))
        }
        None => Ok(()),
    }
}

fn production(config: &Config) -> Result<(), ConfigError> {
    if config.secrets.master_key.is_empty() {
        return Err(ConfigError::wrong("secrets.master_key", "production needs one (openssl rand -base64 32)"));
    }
    if !config.http.public_url.starts_with("https://") {
        return Err(ConfigError::wrong("http.public_url", "production needs an https origin"));
    }
    if config.sandbox.enabled == SandboxSwitch::On {
        let message = "production runs no simulators; leave it at \"auto\" or set it to false";
        return Err(ConfigError::wrong("sandbox.enabled", message));
    }
    if config.mail.smtp_url.is_empty() {
        return Err(ConfigError::wrong("mail.smtp_url", "production needs a mail relay"));
    }
    Ok(())
}
