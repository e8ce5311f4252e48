//! Where a trunk leg's RTP comes from and goes to: symmetric RTP with a source lock.
//!
//! SDP names an address that NAT may have made wrong, so we send to where packets really come from (RFC 4961 §3,
//! "latching"). Anyone who guesses the port could then steal the stream, so a source must be on the host that SDP names, is
//! locked (RFC 7362 §4), and moves to another port of its host only after silence, which hold is not: held legs are silent
//! by agreement. To another host a stream moves by SDP alone. The pure rule; sockets are in [`super::sockets`].

use core::time::Duration;
use std::net::{IpAddr, SocketAddr};

/// Silence of the locked source after which another port of its host may take over: a NAT that rebinds loses a few packets,
/// while an attacker behind the same NAT must wait for a gap this long in a stream of 20 ms packets.
const RELATCH_AFTER: Duration = Duration::from_secs(2);

/// ```text
///         accept() of a source that may begin
/// Silent ────────────────────────────────────▶ Locked ─┐ the signalled address speaks, or another port of the host
///    ▲                                          │  ▲   │ after RELATCH_AFTER and not while held
///    └──────── signal() of another address ─────┘  └───┘
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Source {
    /// Nothing was heard, or nothing since the peer said that it moves.
    #[default]
    Silent,
    /// Packets come from here, the last at `heard`.
    Locked { source: SocketAddr, heard: Duration },
}

/// The latch of one socket.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Latch {
    signalled: Option<SocketAddr>,
    source: Source,
    /// Where the peer was, by its SDP and by its packets, before it said that it moves. Packets from there are late ones.
    left: [Option<SocketAddr>; 2],
    held: bool,
}

impl Latch {
    /// The peer's SDP names `remote`. A changed address unlocks: the peer said that it moves.
    pub(crate) fn signal(&mut self, remote: SocketAddr) {
        let before = self.signalled.replace(remote);
        if before == Some(remote) {
            return;
        }
        let locked = match self.source {
            Source::Locked { source, .. } => Some(source),
            Source::Silent => None,
        };
        // Early media came before the first SDP: of the host that it names they were this peer's.
        if before.is_none() && locked.is_none_or(|source| self.may_begin(source)) {
            return;
        }
        self.source = Source::Silent;
        self.left = [before, locked].map(|left| left.filter(|left| *left != remote));
    }

    /// Both sides are silent by agreement, so that silence says nothing about the peer.
    pub(crate) fn hold(&mut self, held: bool) {
        self.held = held;
    }

    /// Whether a packet from `from` belongs to this leg, if it proves to be what it seems.
    pub(crate) fn allows(&self, now: Duration, from: SocketAddr) -> bool {
        self.signalled == Some(from)
            || !self.has_left(from)
                && match self.source {
                    Source::Silent => self.may_begin(from),
                    Source::Locked { source, heard } => {
                        source == from || self.may_follow(source, from) && now.saturating_sub(heard) >= RELATCH_AFTER
                    }
                }
    }

    /// Whether a packet from `from` belongs to this leg; locks onto it when it may.
    pub(crate) fn accept(&mut self, now: Duration, from: SocketAddr) -> bool {
        let allowed = self.allows(now, from);
        if allowed {
            self.source = Source::Locked { source: from, heard: now };
        }
        allowed
    }

    /// The source that nobody outranks while it speaks: the one that was signalled. Others may be dropped unread.
    pub(crate) fn sure(&self) -> Option<SocketAddr> {
        match self.source {
            Source::Locked { source, .. } => self.signalled.filter(|signalled| *signalled == source),
            Source::Silent => None,
        }
    }

    /// Whether `from` is on the host that this leg talks to: enough for RTCP, whose port SDP rarely names.
    pub(crate) fn is_peer(&self, from: SocketAddr) -> bool {
        self.destination().is_some_and(|peer| peer.ip() == from.ip())
    }

    /// Where to send; `None` before either side spoke.
    pub(crate) fn destination(&self) -> Option<SocketAddr> {
        match self.source {
            Source::Locked { source, .. } => Some(source),
            Source::Silent => self.signalled,
        }
    }

    /// Whether a stream may begin to come from there.
    fn may_begin(&self, from: SocketAddr) -> bool {
        let Some(signalled) = self.signalled else { return true };
        let moved = self.left.iter().flatten().count() > 0;
        // An address of a private network is that of a peer behind a NAT, whose other side nobody can name. Once heard, it
        // moves on the host where it was.
        signalled.ip() == from.ip()
            || self.left.iter().flatten().any(|left| left.ip() == from.ip())
            || !moved && is_private(signalled.ip())
    }

    /// Whether a silent stream may go on from there.
    fn may_follow(&self, source: SocketAddr, from: SocketAddr) -> bool {
        let named = self.signalled.is_some_and(|signalled| signalled.ip() == from.ip());
        !self.held && (source.ip() == from.ip() || named)
    }

    fn has_left(&self, from: SocketAddr) -> bool {
        self.left.contains(&Some(from))
    }
}

/// Not routed on the Internet: RFC 1918, RFC 6598, RFC 3927; RFC 4193, RFC 4291 §2.5.6.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            v4.is_private() || v4.is_link_local() || (first == 100 && second & 0xc0 == 64)
        }
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// A port of the host that SDP names.
    fn peer(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    fn stranger(port: u16) -> SocketAddr {
        SocketAddr::from(([198, 51, 100, 9], port))
    }

    /// Behind a NAT.
    fn hidden(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 168, 1, 7], port))
    }

    fn talking_to(port: u16) -> Latch {
        let mut latch = Latch::default();
        latch.signal(peer(port));
        assert!(latch.accept(MS, peer(port)));
        latch
    }

    #[test]
    fn the_signalled_address_is_used_until_the_peer_speaks_from_another_port() {
        let mut latch = Latch::default();
        assert_eq!(latch.destination(), None);
        latch.signal(peer(1));
        assert_eq!(latch.destination(), Some(peer(1)));
        assert!(latch.accept(Duration::ZERO, peer(2)));
        assert_eq!(latch.destination(), Some(peer(2)));
    }

    #[test]
    fn only_the_signalled_address_that_speaks_is_sure() {
        let mut latch = Latch::default();
        latch.signal(peer(1));
        assert_eq!(latch.sure(), None);
        assert!(latch.accept(MS, peer(2)));
        assert_eq!(latch.sure(), None, "the signalled address may still take over");
        assert!(latch.accept(2 * MS, peer(1)));
        assert_eq!(latch.sure(), Some(peer(1)));
        latch.signal(peer(3));
        assert_eq!(latch.sure(), None);
    }

    #[test]
    fn another_host_never_gets_the_stream() {
        let mut latch = Latch::default();
        latch.signal(peer(1));
        assert!(!latch.accept(MS, stranger(1)), "not even before the peer speaks");
        assert!(latch.accept(2 * MS, peer(1)));
        for at in [21 * MS, RELATCH_AFTER * 2, RELATCH_AFTER * 1_000] {
            assert!(!latch.accept(at, stranger(9)), "{at:?}");
            assert_eq!(latch.destination(), Some(peer(1)));
        }
    }

    #[test]
    fn a_rebound_port_is_taken_after_silence_and_not_before() {
        let mut latch = talking_to(1);
        assert!(!latch.accept(21 * MS, peer(9)));
        assert!(latch.accept(MS + RELATCH_AFTER, peer(9)));
        assert_eq!(latch.destination(), Some(peer(9)));
    }

    #[test]
    fn silence_of_a_held_leg_moves_nothing() {
        let mut latch = talking_to(1);
        latch.hold(true);
        assert!(!latch.accept(RELATCH_AFTER * 10, peer(9)) && !latch.accept(RELATCH_AFTER * 10, stranger(1)));
        latch.hold(false);
        assert_eq!(latch.destination(), Some(peer(1)));
    }

    #[test]
    fn the_signalled_address_wins_over_another_port() {
        let mut latch = Latch::default();
        latch.signal(peer(1));
        assert!(latch.accept(MS, peer(9)));
        assert!(latch.accept(2 * MS, peer(1)));
        assert!(!latch.accept(3 * MS, peer(9)));
    }

    #[test]
    fn a_move_by_signalling_holds_against_late_packets_from_the_old_place() {
        let mut latch = talking_to(1);
        latch.signal(peer(2));
        assert_eq!(latch.destination(), Some(peer(2)));
        assert!(!latch.accept(3 * MS, peer(1)), "late");
        assert_eq!(latch.destination(), Some(peer(2)));
        assert!(latch.accept(4 * MS, peer(2)) && !latch.accept(RELATCH_AFTER * 2, peer(1)));
        // A place that was named but never heard is left as well.
        latch.signal(peer(3));
        latch.signal(peer(4));
        assert!(!latch.accept(RELATCH_AFTER * 3, peer(3)) && latch.accept(RELATCH_AFTER * 3, peer(4)));
        // Until it is named again.
        latch.signal(peer(3));
        assert!(latch.accept(RELATCH_AFTER * 4, peer(3)));
    }

    #[test]
    fn a_move_to_another_host_is_taken_from_signalling() {
        let mut latch = talking_to(1);
        latch.signal(stranger(5));
        assert_eq!(latch.destination(), Some(stranger(5)));
        assert!(latch.accept(3 * MS, stranger(5)) && !latch.accept(RELATCH_AFTER * 9, peer(1)));
    }

    #[test]
    fn a_peer_behind_a_nat_is_found_once_and_stays_on_its_host() {
        let mut latch = Latch::default();
        latch.signal(hidden(1));
        assert!(latch.accept(MS, peer(40_000)));
        assert!(!latch.accept(RELATCH_AFTER * 9, stranger(1)));
        // Its re-INVITE names another port of its own network; the NAT makes another one of it.
        latch.signal(hidden(2));
        assert!(!latch.accept(RELATCH_AFTER * 9, stranger(1)) && latch.accept(RELATCH_AFTER * 9, peer(40_002)));
        assert_eq!(latch.destination(), Some(peer(40_002)));
    }

    #[test]
    fn early_media_keep_their_lock_when_the_answer_names_their_host() {
        let mut latch = Latch::default();
        assert!(latch.accept(MS, peer(2)));
        latch.signal(peer(1));
        assert_eq!(latch.destination(), Some(peer(2)));
        let mut latch = Latch::default();
        assert!(latch.accept(MS, stranger(2)));
        latch.signal(peer(1));
        assert_eq!(latch.destination(), Some(peer(1)));
        assert!(!latch.accept(2 * MS, stranger(2)));
    }

    #[test]
    fn what_is_private_can_not_be_named_from_outside() {
        for address in ["10.1.2.3", "172.16.0.1", "192.168.0.1", "100.64.0.1", "169.254.1.1", "fd00::1", "fe80::1"] {
            assert!(is_private(address.parse().unwrap()), "{address}");
        }
        for address in ["127.0.0.2", "172.32.0.1", "100.128.0.1", "192.0.2.1", "2001:db8::1"] {
            assert!(!is_private(address.parse().unwrap()), "{address}");
        }
    }
}
