//! The connections by where they lead, and who waits for one. Pure.
//!
//! One connection serves all calls by it, in both directions (RFC 5923): those that we opened, and those on which the peer
//! has offered it. Who asks while one is being opened waits for the same one.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use sip::ua::FlowId;

use super::Hop;

/// How long a peer that took no connection is not asked for one that could be done without.
const PASSED_OVER_FOR: Duration = Duration::from_secs(600);
/// A connection that stood for less was only taken to be closed.
const STANDS_FOR: Duration = Duration::from_secs(5);
/// Connections in a row that may be of that kind and are still opened again for the calls on them.
const CLOSED_YOUNG_MOST: u8 = 3;
/// Peers that are remembered for either: carriers are few.
const REMEMBERED_MOST: usize = 1_024;

/// The connections; `W` waits for one.
#[derive(Debug)]
pub(in crate::gateway::sip) struct Pool<W> {
    open: HashMap<Hop, FlowId>,
    dialling: HashMap<Hop, Vec<W>>,
    passed_over: HashMap<SocketAddr, Duration>,
    /// Since when those stand that we opened.
    since: HashMap<FlowId, Duration>,
    /// How many in a row were closed soon after they had been opened.
    closed_young: HashMap<Hop, u8>,
}

/// What becomes of a wish.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::gateway::sip) enum Wanted<W> {
    /// There is one.
    Open(FlowId, W),
    /// Open one; who waits is told by [`Pool::opened`] or [`Pool::failed`].
    Dial,
    /// One is being opened.
    Wait,
}

impl<W> Default for Pool<W> {
    fn default() -> Self {
        Self {
            open: HashMap::new(),
            dialling: HashMap::new(),
            passed_over: HashMap::new(),
            since: HashMap::new(),
            closed_young: HashMap::new(),
        }
    }
}

impl<W> Pool<W> {
    /// `who` wants to reach `hop`.
    pub(in crate::gateway::sip) fn want(&mut self, hop: &Hop, who: W) -> Wanted<W> {
        if let Some(flow) = self.open.get(hop) {
            return Wanted::Open(*flow, who);
        }
        let waiting = self.dialling.entry(hop.clone()).or_default();
        waiting.push(who);
        if waiting.len() == 1 { Wanted::Dial } else { Wanted::Wait }
    }

    /// Whether asking this peer for a connection has come to nothing lately.
    pub(in crate::gateway::sip) fn is_passed_over(&self, now: Duration, remote: SocketAddr) -> bool {
        self.passed_over.get(&remote).is_some_and(|until| now < *until)
    }

    /// A connection of ours stands. Gives who waited for it.
    pub(in crate::gateway::sip) fn opened(&mut self, now: Duration, hop: &Hop, flow: FlowId) -> Vec<W> {
        self.open.insert(hop.clone(), flow);
        self.since.insert(flow, now);
        self.passed_over.remove(&hop.remote);
        self.dialling.remove(hop).unwrap_or_default()
    }

    /// It could not be opened. Gives who waited for it.
    pub(in crate::gateway::sip) fn failed(&mut self, now: Duration, hop: &Hop) -> Vec<W> {
        if self.passed_over.len() >= REMEMBERED_MOST {
            self.passed_over.retain(|_, until| now < *until);
        }
        if self.passed_over.len() < REMEMBERED_MOST {
            self.passed_over.insert(hop.remote, now + PASSED_OVER_FOR);
        }
        self.dialling.remove(hop).unwrap_or_default()
    }

    /// A peer offers its connection for what we send to `hop` (RFC 5923 §5); one that is there already stays.
    pub(in crate::gateway::sip) fn offered(&mut self, hop: Hop, flow: FlowId) {
        self.open.entry(hop).or_insert(flow);
    }

    /// A connection is no more. Whether it is worth opening it again: a peer that takes connections only to close them would be
    /// asked for ever.
    pub(in crate::gateway::sip) fn closed(&mut self, now: Duration, flow: FlowId) -> bool {
        let hop = self.open.extract_if(|_, open| *open == flow).map(|(hop, _)| hop).last();
        // Those of the peer's are its own to close.
        let (Some(hop), Some(since)) = (hop, self.since.remove(&flow)) else { return true };
        if now.saturating_sub(since) >= STANDS_FOR {
            self.closed_young.remove(&hop);
            return true;
        }
        if self.closed_young.len() >= REMEMBERED_MOST && !self.closed_young.contains_key(&hop) {
            return false;
        }
        let in_a_row = self.closed_young.entry(hop).or_default();
        *in_a_row = in_a_row.saturating_add(1);
        *in_a_row < CLOSED_YOUNG_MOST
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::sip::stream::StreamTransport;

    const SECOND: Duration = Duration::from_secs(1);

    fn hop(port: u16) -> Hop {
        Hop { transport: StreamTransport::Tcp, remote: ([192, 0, 2, 1], port).into(), name: None }
    }

    #[test]
    fn one_connection_is_opened_for_all_who_wait_and_serves_those_who_come_later() {
        let mut pool = Pool::default();
        assert_eq!(pool.want(&hop(5060), 'a'), Wanted::Dial);
        assert_eq!(pool.want(&hop(5060), 'b'), Wanted::Wait);
        assert_eq!(pool.want(&hop(5070), 'c'), Wanted::Dial);
        assert_eq!(pool.opened(SECOND, &hop(5060), FlowId(7)), ['a', 'b']);
        assert_eq!(pool.want(&hop(5060), 'd'), Wanted::Open(FlowId(7), 'd'));
        assert!(pool.closed(SECOND * 60, FlowId(7)));
        assert_eq!(pool.want(&hop(5060), 'e'), Wanted::Dial);
    }

    #[test]
    fn who_takes_no_connection_is_passed_over_for_a_while() {
        let mut pool = Pool::default();
        let _ = pool.want(&hop(5060), 'a');
        assert_eq!(pool.failed(SECOND, &hop(5060)), ['a']);
        assert!(pool.is_passed_over(SECOND * 600, hop(5060).remote));
        assert!(!pool.is_passed_over(SECOND * 601, hop(5060).remote));
        let _ = pool.want(&hop(5060), 'b');
        pool.opened(SECOND, &hop(5060), FlowId(1));
        assert!(!pool.is_passed_over(SECOND, hop(5060).remote));
    }

    #[test]
    fn what_a_peer_offers_does_not_take_the_place_of_what_is_there() {
        let mut pool = Pool::default();
        pool.offered(hop(5060), FlowId(1));
        pool.offered(hop(5060), FlowId(2));
        assert_eq!(pool.want(&hop(5060), 'a'), Wanted::Open(FlowId(1), 'a'));
        pool.closed(SECOND, FlowId(2));
        assert_eq!(pool.want(&hop(5060), 'a'), Wanted::Open(FlowId(1), 'a'));
    }

    #[test]
    fn a_connection_that_is_always_closed_at_once_is_opened_again_only_twice() {
        let mut pool = Pool::<()>::default();
        let mut closes_after = |flow, seconds: u32| {
            let _ = pool.want(&hop(5060), ());
            pool.opened(SECOND, &hop(5060), FlowId(flow));
            pool.closed(SECOND * (1 + seconds), FlowId(flow))
        };
        assert_eq!([1, 2, 3, 4].map(|flow| closes_after(flow, 4)), [true, true, false, false]);
        assert!(closes_after(5, 5), "it has stood");
        assert!(closes_after(6, 0), "so that it starts anew");
        assert!(pool.closed(SECOND, FlowId(7)), "one of the peer's");
    }

    #[test]
    fn those_passed_over_are_bounded() {
        let mut pool = Pool::<()>::default();
        for port in 1..=4_000 {
            pool.failed(SECOND, &hop(port));
        }
        assert_eq!(pool.passed_over.len(), REMEMBERED_MOST);
        for port in 1..=4_000 {
            pool.opened(SECOND, &hop(port), FlowId(port.into()));
            assert_eq!(pool.closed(SECOND, FlowId(port.into())), usize::from(port) <= REMEMBERED_MOST);
        }
        assert_eq!(pool.closed_young.len(), REMEMBERED_MOST);
    }
}
