//! The carriers of this node: where their calls come from and how calls reach them.
//!
//! ```text
//! configuration file ─┐                                  ┌─► party_of, judge (each packet)
//!                     ├─► refresh ──► Table ──► Trunks ──┤
//! operators' API ─────┘   (a change, or names looked up) └─► routes, terms (each call)
//! ```
//! A table is read as a whole and never changed; another takes its place. Trunks keep their number and count their calls on
//! from table to table.

pub mod refresh;
pub mod route;
mod table;
pub mod terms;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use parking_lot::RwLock;
use sip::message::{Host, Uri};
use sip::ua::Credentials;
use tokio::time::timeout;

use crate::config::{Trunk as Settings, TrunkTransport};
use crate::telephone;
use crate::trunks::{LiveTrunks, Standing, source_network};
use terms::Terms;

pub use table::{Entry, Table};

/// The name of the built-in carrier on calls and in logs.
pub const SANDBOX: &str = "sandbox";
/// After every other trunk.
const SANDBOX_PRIORITY: i64 = i64::MAX;

/// Longest wait for a name: a resolver that is away delays no other trunk's change.
const LOOKUP_WITHIN: Duration = Duration::from_secs(2);

/// Why a trunk can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TrunkError {
    /// The address has no usable host and port.
    #[error("trunk {name}: `{address}` does not resolve")]
    Address {
        /// Which trunk.
        name: String,
        /// Its address.
        address: String,
    },
    /// The transport is not offered yet.
    #[error("trunk {name}: only transport \"udp\" is served")]
    Transport {
        /// Which trunk.
        name: String,
    },
    /// A codec is none that legs speak.
    #[error("trunk {name}: codec `{codec}` is not one of PCMA, PCMU, G722, opus")]
    Codec {
        /// Which trunk.
        name: String,
        /// The entry.
        codec: String,
    },
    /// A country is none that numbers are known of.
    #[error("trunk {name}: country `{country}` is not an ISO 3166-1 code of two letters, such as \"KE\"")]
    Country {
        /// Which trunk.
        name: String,
        /// The entry.
        country: String,
    },
    /// A source is neither an address nor a network.
    #[error("trunk {name}: source `{entry}` is neither an address nor a network such as 192.0.2.0/24")]
    Source {
        /// Which trunk.
        name: String,
        /// The entry.
        entry: String,
    },
}

/// One carrier.
#[derive(Debug, Clone)]
pub struct Trunk {
    /// Shown in logs and on calls.
    pub name: String,
    /// Where INVITEs go.
    pub address: SocketAddr,
    /// For a trunk that challenges.
    pub auth: Option<Credentials>,
    /// Its codecs and how many calls it takes.
    pub terms: Terms,
    /// ISO 3166-1 alpha-2: where its national numbers belong.
    pub country: Option<String>,
    /// Destinations that it serves, for instance `+254`; `+` serves all.
    pub prefixes: Vec<String>,
    /// The lower is tried first.
    pub priority: i64,
    sources: Vec<IpNet>,
}

/// All carriers as they are now.
#[derive(Debug, Default)]
pub struct Trunks(RwLock<Arc<Table>>);

impl Trunks {
    /// The carriers of a first table.
    pub fn new(table: Table) -> Self {
        Self(RwLock::new(Arc::new(table)))
    }

    /// What is in force now.
    pub fn table(&self) -> Arc<Table> {
        self.0.read().clone()
    }

    fn replace(&self, table: Table) {
        *self.0.write() = Arc::new(table);
    }
}

impl LiveTrunks for Trunks {
    fn standing(&self, name: &str) -> Option<Standing> {
        let table = self.table();
        let entry = table.named(name)?;
        Some(Standing { address: Some(entry.trunk.address), calls: entry.trunk.terms.calls() })
    }
}

impl Trunk {
    /// Reads what the configuration or the API says of a trunk, and looks its name up; of several addresses it keeps the
    /// `former` one.
    ///
    /// # Errors
    /// Why it can't be used.
    pub async fn from_settings(settings: &Settings, former: Option<SocketAddr>) -> Result<Self, TrunkError> {
        let name = || settings.name.clone();
        if settings.transport != TrunkTransport::Udp {
            return Err(TrunkError::Transport { name: name() });
        }
        let failed = || TrunkError::Address { name: name(), address: settings.address.clone() };
        let found = timeout(LOOKUP_WITHIN, tokio::net::lookup_host(&settings.address)).await.map_err(|_| failed())?;
        let found: Vec<_> = found.map_err(|_| failed())?.collect();
        // A carrier of several hosts is one trunk, and calls go on to the host that they went to.
        let known = former.filter(|former| found.contains(former));
        let address = known.or_else(|| found.first().copied()).ok_or_else(failed)?;
        let mut sources: Vec<_> = found.iter().map(|address| IpNet::from(address.ip())).collect();
        for entry in &settings.sources {
            let network = source_network(entry);
            sources.push(network.ok_or_else(|| TrunkError::Source { name: name(), entry: entry.clone() })?);
        }
        let auth = settings.username.as_ref().zip(settings.password.as_ref());
        let auth = auth
            .map(|(username, password)| Credentials::Digest { username: username.clone(), password: password.clone() });
        let terms = Terms::from_settings(&settings.codecs, settings.max_calls);
        let terms = terms.map_err(|codec| TrunkError::Codec { name: name(), codec: codec.to_owned() })?;
        if let Some(country) = settings.country.as_ref().filter(|country| !telephone::is_country(country)) {
            return Err(TrunkError::Country { name: name(), country: country.clone() });
        }
        Ok(Self {
            name: name(),
            address,
            auth,
            terms,
            country: settings.country.clone(),
            prefixes: settings.prefixes.clone(),
            priority: i64::from(settings.priority),
            sources,
        })
    }

    /// The built-in carrier: it serves everything nobody else does.
    pub fn sandbox(address: SocketAddr) -> Self {
        Self {
            name: SANDBOX.to_owned(),
            address,
            auth: None,
            terms: Terms::g711(),
            country: None,
            prefixes: vec!["+".to_owned()],
            priority: SANDBOX_PRIORITY,
            sources: Vec::new(),
        }
    }

    /// The Request-URI of a number at this trunk.
    pub fn uri_of(&self, number: &str) -> Uri {
        let host = match self.address.ip() {
            IpAddr::V4(address) => Host::V4(address),
            IpAddr::V6(address) => Host::V6(address),
        };
        Uri::sip(Some(number), host, Some(self.address.port()))
    }
}
