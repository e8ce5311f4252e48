//! Where a trunk leg's RTP comes from and goes to: symmetric RTP with a source lock.
//!
//! SDP names an address that NAT may have made wrong, so we send to where packets really come from
//! (RFC 4961 §3, "latching"). Anyone who guesses the port could then steal the stream, so the first
//! source is locked (RFC 7362 §4): others are dropped while it speaks. The pure rule; sockets are in
//! [`super::engine`].

use core::time::Duration;
use std::net::SocketAddr;

/// Silence of the locked source after which another may take over: a NAT that rebinds loses a few
/// packets, while an attacker must wait for a gap this long in a stream of 20 ms packets.
const RELATCH_AFTER: Duration = Duration::from_secs(2);

/// ```text
///            signal()                 accept() of any source
/// Unknown ────────────▶ Signalled ───────────────────────────▶ Locked ─┐
///    │                                                          ▲  ▲    │ locked source silent for
///    └──────────────── accept() of any source ──────────────────┘  └────┘ RELATCH_AFTER, or the
///                                                                          signalled address speaks
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Source {
    /// No SDP of the peer yet: nothing can be sent.
    #[default]
    Unknown,
    /// SDP named an address, nothing was heard.
    Signalled,
    /// Packets come from here, the last at `heard`.
    Locked { source: SocketAddr, heard: Duration },
}

/// The latch of one socket.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Latch {
    signalled: Option<SocketAddr>,
    source: Source,
}

impl Latch {
    /// The peer's SDP names `remote`. A changed address unlocks: the peer said that it moves.
    pub(crate) fn signal(&mut self, remote: SocketAddr) {
        if self.signalled == Some(remote) {
            return;
        }
        // The first SDP after early media keeps the lock; the packets were already this peer's.
        if self.signalled.is_some() || self.source == Source::Unknown {
            self.source = Source::Signalled;
        }
        self.signalled = Some(remote);
    }

    /// Whether a packet from `from` belongs to this leg; locks onto it when it may.
    pub(crate) fn accept(&mut self, now: Duration, from: SocketAddr) -> bool {
        let allowed = match self.source {
            Source::Unknown | Source::Signalled => true,
            Source::Locked { source, heard } => {
                source == from || self.signalled == Some(from) || now.saturating_sub(heard) >= RELATCH_AFTER
            }
        };
        if allowed {
            self.source = Source::Locked { source: from, heard: now };
        }
        allowed
    }

    /// Whether `from` is on the host that this leg talks to: enough for RTCP, whose port SDP rarely names.
    pub(crate) fn is_peer(&self, from: SocketAddr) -> bool {
        self.destination().is_some_and(|peer| peer.ip() == from.ip())
    }

    /// Where to send; `None` before either side spoke.
    pub(crate) fn destination(&self) -> Option<SocketAddr> {
        match self.source {
            Source::Locked { source, .. } => Some(source),
            Source::Unknown | Source::Signalled => self.signalled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }
    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_signalled_address_is_used_until_the_peer_speaks_from_elsewhere() {
        let mut latch = Latch::default();
        assert_eq!(latch.destination(), None);
        latch.signal(address(1));
        assert_eq!(latch.destination(), Some(address(1)));
        assert!(latch.accept(Duration::ZERO, address(2)));
        assert_eq!(latch.destination(), Some(address(2)));
    }

    #[test]
    fn a_stranger_is_dropped_while_the_source_speaks() {
        let mut latch = Latch::default();
        latch.signal(address(1));
        assert!(latch.accept(MS, address(1)));
        assert!(!latch.accept(21 * MS, address(9)));
        assert_eq!(latch.destination(), Some(address(1)));
    }

    #[test]
    fn a_rebound_source_is_taken_after_silence() {
        let mut latch = Latch::default();
        latch.signal(address(1));
        assert!(latch.accept(MS, address(1)));
        assert!(latch.accept(MS + RELATCH_AFTER, address(9)));
    }

    #[test]
    fn the_signalled_address_wins_over_an_earlier_stranger() {
        let mut latch = Latch::default();
        latch.signal(address(1));
        assert!(latch.accept(MS, address(9)));
        assert!(latch.accept(2 * MS, address(1)));
        assert!(!latch.accept(3 * MS, address(9)));
    }

    #[test]
    fn a_re_invite_with_another_address_unlocks() {
        let mut latch = Latch::default();
        latch.signal(address(1));
        assert!(latch.accept(MS, address(1)));
        latch.signal(address(2));
        assert_eq!(latch.destination(), Some(address(2)));
    }

    #[test]
    fn early_media_keeps_its_lock_when_the_answer_arrives() {
        let mut latch = Latch::default();
        assert!(latch.accept(MS, address(2)));
        latch.signal(address(1));
        assert_eq!(latch.destination(), Some(address(2)));
    }
}
