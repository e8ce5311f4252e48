//! Host names in Route and Contact: asked for when a dialog of a known party gets one, followed once the shell has looked
//! them up. Until then, and where there is no such name, requests go where the peer was heard.
//!
//! Only a name with a port, which is looked up as an address (RFC 3263 §4.2). One without would need SRV records first, and
//! guessing its port is worse than answering where the peer speaks from.

use core::time::Duration;
use std::net::IpAddr;

use crate::message::{Host, Uri};
use std::collections::HashMap;

use super::Ua;
use super::io::{Event, Party, SessionId};

/// How long an answer stands before the next dialog with that name asks again.
const FRESH: Duration = Duration::from_secs(60);
/// Names that are remembered: those of carriers are few.
const MAX_NAMES: usize = 1_024;
/// What nobody resolves (RFC 6761 §6.4), and what clients of RFC 7118 and others that know no address of theirs write.
const NOBODYS: &str = ".invalid";

/// The names that were asked for.
#[derive(Debug, Default)]
pub(crate) struct Names(HashMap<String, Name>);

#[derive(Debug)]
struct Name {
    address: Option<IpAddr>,
    asked_at: Duration,
}

impl Names {
    /// The address of this name, as far as it is known.
    pub(crate) fn address_of(&self, host: &str) -> Option<IpAddr> {
        self.0.get(&host.to_ascii_lowercase())?.address
    }

    /// Whether this name is to be looked up now.
    fn ask(&mut self, now: Duration, host: &str) -> bool {
        let is_fresh = |name: &Name| now.saturating_sub(name.asked_at) < FRESH;
        if self.0.get(host).is_some_and(is_fresh) {
            return false;
        }
        if self.0.len() >= MAX_NAMES {
            self.0.retain(|_, name| is_fresh(name));
        }
        if self.0.len() >= MAX_NAMES {
            return false;
        }
        match self.0.get_mut(host) {
            Some(name) => name.asked_at = now,
            None => {
                self.0.insert(host.to_owned(), Name { address: None, asked_at: now });
            }
        }
        true
    }
}

impl Ua {
    /// Tells the answer to [`Event::NameWanted`]. Without an address the last one stands.
    pub fn resolved(&mut self, host: &str, address: Option<IpAddr>) {
        if let (Some(name), Some(address)) = (self.names.0.get_mut(host), address) {
            name.address = Some(address);
        }
    }

    /// Asks for the address of the session's next hop where that is a name. Not for strangers, who would have us ask for
    /// anything.
    pub(crate) fn ask_for_next_hop(&mut self, now: Duration, session: SessionId) {
        let Some(state) = self.sessions.get(&session) else { return };
        if state.party == Party::Stranger || self.is_reliable(state.path) {
            return;
        }
        let Some(host) = state.dialog.as_ref().and_then(|dialog| name_of(dialog.next_hop().0)) else { return };
        let host = host.to_ascii_lowercase();
        if !host.ends_with(NOBODYS) && self.names.ask(now, &host) {
            self.emit(Event::NameWanted { host });
        }
    }
}

/// The name that can be looked up as an address.
pub(crate) fn name_of(uri: &Uri) -> Option<&str> {
    match &uri.host {
        Host::Name(name) if uri.port.is_some() => Some(name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_asked_for_once_a_minute_and_no_more_than_fit() {
        let mut names = Names::default();
        let at = Duration::from_secs;
        assert!(
            names.ask(at(0), "sbc.example") && !names.ask(at(59), "sbc.example") && names.ask(at(60), "sbc.example")
        );
        for number in 0..2 * MAX_NAMES {
            names.ask(at(61), &format!("{number}.example"));
        }
        assert_eq!(names.0.len(), MAX_NAMES);
        assert!(!names.ask(at(61), "another.example"));
        assert!(names.ask(at(121), "another.example") && names.0.len() < MAX_NAMES);
    }
}
