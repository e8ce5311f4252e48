//! The carriers of this node: where their calls come from and how calls reach them.

pub mod route;
pub mod terms;

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use sip::message::{Host, Uri};
use sip::ua::Credentials;

use crate::config::{Trunk as Settings, TrunkTransport};
use crate::telephone;
use route::{Route, routes_for};
use terms::Terms;

/// The name of the built-in carrier on calls and in logs.
pub const SANDBOX: &str = "sandbox";
/// After every configured trunk.
const SANDBOX_PRIORITY: i64 = i64::MAX;

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
    sources: Vec<IpNet>,
}

/// All carriers.
#[derive(Debug, Default)]
pub struct Trunks {
    trunks: Vec<Trunk>,
    routes: Vec<Route>,
}

impl Trunks {
    /// Reads the configuration's trunks; resolves their names once, at the start.
    pub async fn from_settings(settings: &[Settings]) -> Result<Self, TrunkError> {
        let mut trunks = Self::default();
        for trunk in settings {
            if trunk.transport != TrunkTransport::Udp {
                return Err(TrunkError::Transport { name: trunk.name.clone() });
            }
            let failed = || TrunkError::Address { name: trunk.name.clone(), address: trunk.address.clone() };
            let mut found = tokio::net::lookup_host(&trunk.address).await.map_err(|_| failed())?;
            let address = found.next().ok_or_else(failed)?;
            let mut sources = vec![IpNet::from(address.ip())];
            for entry in &trunk.sources {
                sources.push(
                    network(entry)
                        .ok_or_else(|| TrunkError::Source { name: trunk.name.clone(), entry: entry.clone() })?,
                );
            }
            let auth = trunk.username.as_ref().zip(trunk.password.as_ref());
            let auth = auth.map(|(username, password)| Credentials::Digest {
                username: username.clone(),
                password: password.clone(),
            });
            let terms = Terms::from_settings(&trunk.codecs, trunk.max_calls);
            let terms =
                terms.map_err(|codec| TrunkError::Codec { name: trunk.name.clone(), codec: codec.to_owned() })?;
            if let Some(country) = trunk.country.as_ref().filter(|country| !telephone::is_country(country)) {
                return Err(TrunkError::Country { name: trunk.name.clone(), country: country.clone() });
            }
            let country = trunk.country.clone();
            let entry = Trunk { name: trunk.name.clone(), address, auth, terms, country, sources };
            trunks.add(entry, trunk.prefixes.clone(), i64::from(trunk.priority));
        }
        Ok(trunks)
    }

    /// Adds the built-in carrier: it serves everything nobody else does.
    pub fn add_sandbox(&mut self, address: SocketAddr) {
        let trunk = Trunk {
            name: SANDBOX.to_owned(),
            address,
            auth: None,
            terms: Terms::g711(),
            country: None,
            sources: Vec::new(),
        };
        self.add(trunk, vec!["+".to_owned()], SANDBOX_PRIORITY);
    }

    fn add(&mut self, trunk: Trunk, prefixes: Vec<String>, priority: i64) {
        self.routes.push(Route { trunk: self.trunks.len(), prefixes, priority });
        self.trunks.push(trunk);
    }

    /// The trunks for an E.164 number, in the order of trying.
    pub fn for_number(&self, number: &str) -> Vec<&Trunk> {
        routes_for(&self.routes, number).into_iter().filter_map(|index| self.trunks.get(index)).collect()
    }

    /// The terms of the trunk of this name; none for whatever is no trunk.
    pub fn terms_of(&self, name: &str) -> Terms {
        self.trunks.iter().find(|trunk| trunk.name == name).map(|trunk| trunk.terms.clone()).unwrap_or_default()
    }

    /// The country of the trunk of this name, if it has one.
    pub fn country_of(&self, name: &str) -> Option<&str> {
        self.trunks.iter().find(|trunk| trunk.name == name)?.country.as_deref()
    }

    /// The trunk whose calls come from this address; the most specific source wins. The sandbox is known by its socket.
    pub fn by_source(&self, source: SocketAddr) -> Option<&Trunk> {
        self.trunks.get(usize::try_from(self.index_by_source(source)?).ok()?)
    }

    /// [`Self::by_source`], as the trunk's number on this node.
    pub fn index_by_source(&self, source: SocketAddr) -> Option<u32> {
        let numbered = || (0_u32..).zip(&self.trunks);
        if let Some((exact, _)) = numbered().find(|(_, trunk)| trunk.address == source) {
            return Some(exact);
        }
        let matching = numbered().flat_map(|(index, trunk)| trunk.sources.iter().map(move |network| (network, index)));
        let best = matching
            .filter(|(network, _)| network.contains(&source.ip()))
            .max_by_key(|(network, _)| network.prefix_len());
        best.map(|(_, index)| index)
    }

    /// Whether any carrier but the sandbox is known.
    pub fn has_real_ones(&self) -> bool {
        self.trunks.iter().any(|trunk| trunk.name != SANDBOX)
    }
}

impl Trunk {
    /// The Request-URI of a number at this trunk.
    pub fn uri_of(&self, number: &str) -> Uri {
        let host = match self.address.ip() {
            IpAddr::V4(address) => Host::V4(address),
            IpAddr::V6(address) => Host::V6(address),
        };
        Uri::sip(Some(number), host, Some(self.address.port()))
    }
}

/// A network, or one address as a network of its own.
fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse().ok().map(IpAddr::into))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_network_or_an_address() {
        assert!(network("192.0.2.0/24").unwrap().contains(&"192.0.2.77".parse::<IpAddr>().unwrap()));
        assert_eq!(network("2001:db8::7").unwrap().prefix_len(), 128);
        assert_eq!(network("192.0.2.0/33"), None);
        assert_eq!(network("carrier.example"), None);
    }

    #[test]
    fn the_most_specific_source_wins() {
        let mut trunks = Trunks::default();
        let trunk = |name: &str, source: &str| Trunk {
            name: name.into(),
            address: "203.0.113.1:5060".parse().unwrap(),
            auth: None,
            terms: Terms::default(),
            country: None,
            sources: vec![network(source).unwrap()],
        };
        trunks.add(trunk("wide", "192.0.2.0/24"), vec![], 1);
        trunks.add(trunk("narrow", "192.0.2.7"), vec![], 1);
        assert_eq!(trunks.by_source("192.0.2.7:5060".parse().unwrap()).unwrap().name, "narrow");
        assert_eq!(trunks.by_source("192.0.2.8:5060".parse().unwrap()).unwrap().name, "wide");
        assert!(trunks.by_source("198.51.100.1:5060".parse().unwrap()).is_none());
    }
}
