//! `[nodes]`: how the nodes of one installation reach each other.

use std::net::SocketAddr;

use serde::Deserialize;

use super::{Config, ConfigError};

/// `[nodes]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nodes {
    /// Where this node takes what others pass on to it; empty is off.
    pub listen: String,
    /// How others reach that, as `ADDRESS:PORT`; empty is the address that it listens at.
    pub address: String,
}

impl Nodes {
    /// Whether nodes pass anything on to each other.
    pub fn is_on(&self) -> bool {
        !self.listen.is_empty()
    }

    /// What others are told who reach a listener at `bound`.
    pub fn told(&self, bound: SocketAddr) -> String {
        if self.address.is_empty() { bound.to_string() } else { self.address.clone() }
    }
}

pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    let Nodes { listen, address } = &config.nodes;
    if !config.nodes.is_on() {
        return Ok(());
    }
    let Ok(bound) = listen.parse::<SocketAddr>() else {
        return Err(ConfigError::wrong("nodes.listen", format!("`{listen}` is not ADDRESS:PORT")));
    };
    if config.is_development() && !bound.ip().is_loopback() {
        let message = "development mode listens on loopback only; set env = \"production\"";
        return Err(ConfigError::wrong("nodes.listen", message));
    }
    let has_port = |text: &str| {
        text.rsplit_once(':')
            .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0))
    };
    if address.is_empty() && bound.ip().is_unspecified() {
        let message = "where `nodes.listen` is every address, say by which one other nodes come";
        return Err(ConfigError::wrong("nodes.address", message));
    }
    if !address.is_empty() && !has_port(address) {
        return Err(ConfigError::wrong("nodes.address", format!("`{address}` is not ADDRESS:PORT")));
    }
    Ok(())
}
