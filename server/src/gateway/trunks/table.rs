//! The carriers as they are at a moment. Pure.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sip::ua::Party;

use super::Trunk;
use super::route::{Route, routes_for};
use crate::gateway::sip::Peer;

/// How long a trunk that was taken away is still known by its sources: nothing of its calls lasts longer, for a call has four
/// hours at most.
const CLOSED_KNOWN_FOR: Duration = Duration::from_secs(5 * 3_600);

/// A trunk in a table.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What it is.
    pub trunk: Arc<Trunk>,
    /// Its number on this node, which stays the same from table to table: dialogs are bound to it.
    pub number: u32,
    /// Since when it takes no new calls, on the monotonic clock; requests of its running calls are taken still.
    closed_since: Option<Duration>,
}

/// All carriers of a moment.
#[derive(Debug, Default)]
pub struct Table {
    entries: Vec<Entry>,
    routes: Vec<Route>,
    next_number: u32,
}

impl Entry {
    /// Whether it takes new calls.
    pub fn is_open(&self) -> bool {
        self.closed_since.is_none()
    }
}

impl Table {
    /// The table that comes after this one: who is known keeps number and calls, who is missing is closed since `now`.
    #[must_use]
    pub fn followed_by(&self, trunks: Vec<Trunk>, now: Duration) -> Self {
        let mut next = Self { next_number: self.next_number, ..Self::default() };
        for mut trunk in trunks {
            let number = match self.entries.iter().find(|entry| entry.trunk.name == trunk.name) {
                Some(former) => {
                    trunk.terms = trunk.terms.following(&former.trunk.terms);
                    former.number
                }
                None => {
                    next.next_number += 1;
                    next.next_number - 1
                }
            };
            let route = Route { trunk: next.entries.len(), prefixes: trunk.prefixes.clone(), priority: trunk.priority };
            next.routes.push(route);
            next.entries.push(Entry { trunk: Arc::new(trunk), number, closed_since: None });
        }
        let is_missing = |entry: &&Entry| next.entries.iter().all(|other| other.number != entry.number);
        let missing: Vec<_> = self.entries.iter().filter(is_missing).cloned().collect();
        for entry in missing {
            let closed_since = entry.closed_since.unwrap_or(now);
            if now.saturating_sub(closed_since) < CLOSED_KNOWN_FOR {
                next.entries.push(Entry { closed_since: Some(closed_since), ..entry });
            }
        }
        next
    }

    /// The trunks for an E.164 number, in the order of trying.
    pub fn for_number(&self, number: &str) -> Vec<&Arc<Trunk>> {
        let order = routes_for(&self.routes, number).into_iter();
        order.filter_map(|index| Some(&self.entries.get(index)?.trunk)).collect()
    }

    /// Those that take new calls, in the table's order.
    pub fn open_entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.is_open())
    }

    /// The open trunk of this name.
    pub fn named(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.is_open() && entry.trunk.name == name)
    }

    /// The trunk that a peer is, by its address or, on a connection, by what that was found to be when it came.
    pub fn of_peer(&self, peer: &Peer) -> Option<&Entry> {
        match peer {
            Peer::Datagram(source) => self.by_source(*source),
            Peer::Stream(_, Party::Trunk(number)) => self.entries.iter().find(|entry| entry.number == *number),
            Peer::Stream(source, _) => self.by_source(*source),
            Peer::Web(_) => None,
        }
    }

    /// The open trunk that shows a certificate; `is_of` says whether that is for a name.
    pub fn by_certificate(&self, is_of: &dyn Fn(&str) -> bool) -> Option<&Entry> {
        let has_shown = |entry: &&Entry| entry.trunk.certificate_name.as_deref().is_some_and(is_of);
        self.entries.iter().filter(|entry| entry.is_open()).find(has_shown)
    }

    /// The open trunks.
    pub fn open(&self) -> impl Iterator<Item = &Arc<Trunk>> {
        self.open_entries().map(|entry| &entry.trunk)
    }

    /// The trunk whose packets come from this address: exactly its own, else that of the most specific source; one that takes
    /// calls before one that does not. The sandbox is known by its socket.
    pub fn by_source(&self, source: SocketAddr) -> Option<&Entry> {
        let rank = |entry: &Entry| {
            let specific = if entry.trunk.address == source {
                u8::MAX
            } else {
                let matching = entry.trunk.sources.iter().filter(|network| network.contains(&source.ip()));
                matching.map(ipnet::IpNet::prefix_len).max()?
            };
            Some((entry.is_open(), specific))
        };
        // Among equals the first one.
        let ranked = self.entries.iter().rev().filter_map(|entry| Some((rank(entry)?, entry)));
        ranked.max_by_key(|(rank, _)| *rank).map(|(_, entry)| entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::trunks::terms::Terms;
    use crate::trunks::source_network;

    fn trunk(name: &str, sources: &[&str]) -> Trunk {
        Trunk {
            name: name.into(),
            address: "203.0.113.1:5060".parse().unwrap(),
            others: Vec::new(),
            hop: None,
            auth: None,
            certificate_name: None,
            terms: Terms::default(),
            shape: Default::default(),
            upkeep: Default::default(),
            country: None,
            prefixes: vec!["+".to_owned()],
            priority: 1,
            sources: sources.iter().map(|source| source_network(source).unwrap()).collect(),
        }
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn source<'a>(table: &'a Table, address: &str) -> Option<(&'a str, u32, bool)> {
        let entry = table.by_source(address.parse().unwrap())?;
        Some((entry.trunk.name.as_str(), entry.number, entry.is_open()))
    }

    #[test]
    fn the_most_specific_source_wins() {
        let trunks = vec![trunk("wide", &["192.0.2.0/24"]), trunk("narrow", &["192.0.2.7"])];
        let table = Table::default().followed_by(trunks, at(0));
        assert_eq!(source(&table, "192.0.2.7:5060").unwrap().0, "narrow");
        assert_eq!(source(&table, "192.0.2.8:5060").unwrap().0, "wide");
        assert_eq!(source(&table, "203.0.113.1:5060").unwrap().0, "wide");
        assert!(source(&table, "198.51.100.1:5060").is_none());
    }

    #[test]
    fn a_trunk_keeps_its_number_and_its_calls_whatever_else_changes() {
        let first = Table::default().followed_by(vec![trunk("a", &[]), trunk("b", &["192.0.2.2"])], at(0));
        let place = first.named("b").unwrap().trunk.terms.enter().unwrap();
        let mut b = trunk("b", &["192.0.2.2"]);
        b.terms = Terms::from_settings(&[], Some(1)).unwrap();
        let second = first.followed_by(vec![trunk("c", &["192.0.2.3"]), b], at(1));
        assert_eq!(source(&second, "192.0.2.2:1"), Some(("b", 1, true)));
        assert_eq!(source(&second, "192.0.2.3:1"), Some(("c", 2, true)));
        assert!(second.named("b").unwrap().trunk.terms.enter().is_err());
        drop(place);
        assert!(second.named("b").unwrap().trunk.terms.enter().is_ok());
    }

    #[test]
    fn what_is_taken_away_gets_no_calls_and_is_known_until_its_calls_are_over() {
        let first = Table::default().followed_by(vec![trunk("a", &["192.0.2.1"])], at(0));
        let second = first.followed_by(Vec::new(), at(10));
        assert_eq!(source(&second, "192.0.2.1:1"), Some(("a", 0, false)));
        assert!(second.for_number("+254722000001").is_empty() && second.named("a").is_none());
        // Its address belongs to another now.
        let third = second.followed_by(vec![trunk("b", &["192.0.2.0/24"])], at(20));
        assert_eq!(source(&third, "192.0.2.1:1"), Some(("b", 1, true)));
        let back = second.followed_by(vec![trunk("a", &["192.0.2.1"])], at(30));
        assert_eq!(source(&back, "192.0.2.1:1"), Some(("a", 0, true)));
        let late = second.followed_by(Vec::new(), at(10) + CLOSED_KNOWN_FOR);
        assert_eq!(source(&late, "192.0.2.1:1"), None);
    }
}
