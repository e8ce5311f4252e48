//! The carriers of this node: where their calls come from and how calls reach them.
//!
//! ```text
//! configuration file ─┐                                  ┌─► party_of, judge (each packet)
//!                     ├─► refresh ──► Table ──► Trunks ──┤
//! operators' API ─────┘   (a change, or names looked up) └─► routes, terms (each call)
//! ```
//! A table is read as a whole and never changed; another takes its place. Trunks keep their number and count their calls on
//! from table to table.

pub mod preview;
pub mod refresh;
pub mod route;
pub mod shape;
mod table;
pub mod terms;
pub mod upkeep;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ipnet::IpNet;
use parking_lot::RwLock;
use sip::ua::Credentials;
use tokio::time::timeout;

use super::dns::{self, NameServers, Wanted};
use super::figures::{Attempt, TrunkFigures};
use super::sip::{Hop, StreamTransport};
use crate::config::{Trunk as Settings, TrunkTransport};
use crate::entropy::Entropy;
use crate::telephone;
use crate::trunks::{Figures, Health, LiveTrunks, Standing, source_network};
use preview::Previewer;
use shape::Shape;
use terms::Terms;

pub use table::{Entry, Table};
pub use upkeep::TellUnregistered;

/// The name of the built-in carrier on calls and in logs.
pub const SANDBOX: &str = "sandbox";
/// After every other trunk.
const SANDBOX_PRIORITY: i64 = i64::MAX;

/// Addresses of a trunk that are tried after its first: each may take four seconds, and a caller waits.
const MOST_OTHERS: usize = 2;
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
    /// A header that is never handed on.
    #[error("trunk {name}: `{header}` is no header that can be handed on, such as `X-Account` or `Identity`")]
    Header {
        /// Which trunk.
        name: String,
        /// The entry.
        header: String,
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
    /// Where they go next when it fails: what else its name leads to, in the order of trying.
    pub others: Vec<SocketAddr>,
    /// The connection by which they go there; none: datagrams.
    pub hop: Option<Hop>,
    /// For a trunk that challenges.
    pub auth: Option<Credentials>,
    /// The name in the certificate by which it is known on connections, from wherever.
    pub certificate_name: Option<String>,
    /// Its codecs and how many calls it takes.
    pub terms: Terms,
    /// How it is spoken to.
    pub shape: Shape,
    /// What keeps it up: registration, and questions whether it is there.
    pub upkeep: Upkeep,
    /// ISO 3166-1 alpha-2: where its national numbers belong.
    pub country: Option<String>,
    /// Destinations that it serves, for instance `+254`; `+` serves all.
    pub prefixes: Vec<String>,
    /// The lower is tried first.
    pub priority: i64,
    sources: Vec<IpNet>,
}

/// What we do for a trunk without a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Upkeep {
    /// Whether we register with it.
    pub register: bool,
    /// Between two OPTIONS.
    pub options_every: Option<Duration>,
}

/// All carriers as they are now.
#[derive(Default)]
pub struct Trunks {
    table: RwLock<Arc<Table>>,
    /// Makes INVITEs to look at; none before the endpoint is there.
    previewer: OnceLock<Previewer>,
    /// How many tables there have been.
    revision: AtomicU64,
    /// Of those that are kept up, by name.
    health: RwLock<HashMap<String, Health>>,
}

impl Trunks {
    /// The carriers of a first table.
    pub fn new(table: Table) -> Self {
        Self {
            table: RwLock::new(Arc::new(table)),
            previewer: OnceLock::new(),
            revision: AtomicU64::new(0),
            health: RwLock::default(),
        }
    }

    /// Lets INVITEs be looked at. A second one is ignored.
    pub fn preview_by(&self, previewer: Previewer) {
        let _ = self.previewer.set(previewer);
    }

    /// How the trunk of that name is.
    pub fn health(&self, name: &str) -> Health {
        self.health.read().get(name).copied().unwrap_or_default()
    }

    fn set_health(&self, health: HashMap<String, Health>) {
        *self.health.write() = health;
    }

    /// The trunks for an E.164 number in the order of trying: those that are not well after those that are.
    pub fn for_number(&self, number: &str) -> Vec<Arc<Trunk>> {
        let table = self.table();
        let mut trunks: Vec<_> = table.for_number(number).into_iter().cloned().collect();
        let health = self.health.read();
        trunks.sort_by_key(|trunk| health.get(&trunk.name).is_some_and(|health| !health.is_well()));
        trunks
    }

    /// What is in force now.
    pub fn table(&self) -> Arc<Table> {
        self.table.read().clone()
    }

    /// Another number with every table: whoever goes by what one said looks again.
    pub fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    fn replace(&self, table: Table) {
        *self.table.write() = Arc::new(table);
        self.revision.fetch_add(1, Ordering::Release);
    }
}

impl Trunks {
    fn standing_of(&self, entry: &Entry) -> Standing {
        let terms = &entry.trunk.terms;
        let figures = terms.figures().map(figures_of).unwrap_or_default();
        let health = self.health(&entry.trunk.name);
        Standing { address: Some(entry.trunk.address), calls: terms.calls(), health, figures }
    }
}

impl LiveTrunks for Trunks {
    fn standing(&self, name: &str) -> Option<Standing> {
        self.table().named(name).map(|entry| self.standing_of(entry))
    }

    fn standings(&self) -> Vec<(String, Standing)> {
        self.table().open_entries().map(|entry| (entry.trunk.name.clone(), self.standing_of(entry))).collect()
    }

    fn preview(&self, name: &str, number: &str, caller_id: &str) -> Option<String> {
        let table = self.table();
        self.previewer.get()?.invite(&table.named(name)?.trunk, number, caller_id)
    }
}

impl Trunk {
    /// Reads what the configuration or the API says of a trunk, and looks its name up: by SRV where it names no port (RFC 3263).
    /// Of several addresses that are equally good it keeps the `former` one.
    ///
    /// # Errors
    /// Why it can't be used.
    pub async fn from_settings(
        settings: &Settings,
        former: Option<SocketAddr>,
        entropy: &Entropy,
    ) -> Result<Self, TrunkError> {
        let name = || settings.name.clone();
        let place = settings.outbound_proxy.as_ref().unwrap_or(&settings.address);
        let failed = || TrunkError::Address { name: name(), address: place.clone() };
        let (host, port) = dns::host_and_port(place).ok_or_else(failed)?;
        let transport = stream_of(settings.transport);
        let draw = dns::draw_from(entropy);
        let located = dns::locate(&NameServers, (host, port), Wanted::By(transport), &draw);
        let found = timeout(LOOKUP_WITHIN, located).await.map_err(|_| failed())?;
        // A carrier of several hosts is one trunk, and calls go on to the host that they went to, unless a better one is there.
        let best = found.first().ok_or_else(failed)?;
        let is_kept = |server: &&dns::Server| Some(server.address) == former && server.priority == best.priority;
        let address = found.iter().find(is_kept).unwrap_or(best).address;
        let others = found.iter().map(|server| server.address).filter(|other| *other != address).take(MOST_OTHERS);
        let mut sources: Vec<_> = found.iter().map(|server| IpNet::from(server.address.ip())).collect();
        for entry in &settings.sources {
            let network = source_network(entry);
            sources.push(network.ok_or_else(|| TrunkError::Source { name: name(), entry: entry.clone() })?);
        }
        let auth = settings.username.as_ref().zip(settings.password.as_ref());
        let auth = auth
            .map(|(username, password)| Credentials::Digest { username: username.clone(), password: password.clone() });
        let terms = Terms::from_settings(&settings.codecs, settings.max_calls);
        let terms = terms
            .map_err(|codec| TrunkError::Codec { name: name(), codec: codec.to_owned() })?
            .paced(settings.calls_per_second)
            .following_redirects(settings.follow_redirects)
            .secured(settings.srtp);
        if let Some(country) = settings.country.as_ref().filter(|country| !telephone::is_country(country)) {
            return Err(TrunkError::Country { name: name(), country: country.clone() });
        }
        if let Some(header) = settings.pass_headers.iter().find(|header| !Settings::may_pass(header)) {
            return Err(TrunkError::Header { name: name(), header: header.clone() });
        }
        let hop = hop_of(transport, host, address);
        // Behind a proxy the URIs go on to name the carrier itself, as they do where SRV records say which of its hosts is asked.
        let is_named = settings.outbound_proxy.is_some() || port.is_none();
        let shape = Shape {
            domain: settings.domain.clone(),
            host: is_named.then(|| settings.address.clone()),
            from_user: settings.from_user.clone(),
            identity: settings.identity,
            number_format: settings.number_format,
            transport: settings.transport,
            pass_headers: settings.pass_headers.clone(),
        };
        let options_every = settings.options_every_seconds.map(|seconds| Duration::from_secs(seconds.into()));
        Ok(Self {
            name: name(),
            address,
            others: others.collect(),
            hop,
            auth,
            certificate_name: settings.certificate_name.clone(),
            terms,
            shape,
            upkeep: Upkeep { register: settings.register, options_every },
            country: settings.country.clone(),
            prefixes: settings.prefixes.clone(),
            priority: i64::from(settings.priority),
            sources,
        })
    }

    /// The user by which the carrier knows us where we register.
    pub fn account(&self) -> Option<&str> {
        match &self.auth {
            Some(Credentials::Digest { username, .. }) if self.upkeep.register => Some(username),
            _ => None,
        }
    }

    /// The built-in carrier: it serves everything nobody else does.
    pub fn sandbox(address: SocketAddr) -> Self {
        Self {
            name: SANDBOX.to_owned(),
            address,
            others: Vec::new(),
            hop: None,
            auth: None,
            certificate_name: None,
            terms: Terms::g711(),
            shape: Shape::default(),
            upkeep: Upkeep::default(),
            country: None,
            prefixes: vec!["+".to_owned()],
            priority: SANDBOX_PRIORITY,
            sources: Vec::new(),
        }
    }
}

fn figures_of(figures: &TrunkFigures) -> Figures {
    let millis = |seconds: f64| (seconds * 1_000.0).round() as u32;
    Figures {
        answered: figures.attempts(Attempt::Answered),
        ended: figures.attempts(Attempt::Ended),
        failed: figures.attempts(Attempt::Failed),
        post_dial_mean_ms: figures.post_dial.mean().map(millis),
        post_dial_p95_ms: figures.post_dial.quantile(0.95).map(millis),
    }
}

/// The connections that carry this; none for datagrams.
fn stream_of(transport: TrunkTransport) -> Option<StreamTransport> {
    match transport {
        TrunkTransport::Udp => None,
        TrunkTransport::Tcp => Some(StreamTransport::Tcp),
        TrunkTransport::Tls => Some(StreamTransport::Tls),
    }
}

/// The connection to an address of this host; its certificate must be for the host, whatever name SRV records gave (RFC 5922 §4).
fn hop_of(transport: Option<StreamTransport>, host: &str, address: SocketAddr) -> Option<Hop> {
    let transport = transport?;
    let is_number = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let is_named = transport == StreamTransport::Tls && !is_number;
    Some(Hop { transport, remote: address, name: is_named.then(|| host.to_owned()) })
}
