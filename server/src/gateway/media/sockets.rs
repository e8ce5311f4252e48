//! The RTP and RTCP socket of one leg.
//!
//! While the leg speaks from where its SDP says, the RTP socket is connected to it: the kernel then finds the route once
//! and drops strangers before they cost a wake. It is let go as soon as the leg falls silent or moves, because a connected
//! socket is deaf to every other address. Who may speak is [`Latch`]'s rule alone; this file never widens it.

use core::time::Duration;
use std::{
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::Arc,
};

use rustix::net::connect_unspec;

use super::{
    latch::Latch,
    poller::Poller,
    ports::{PortLease, PortPair},
    srtp::{Guard, Kind, SecuredBy, Security},
};

/// Silence after which a connected socket listens to all addresses again. Shorter than the silence after which the latch
/// lets a leg move, so that it can.
const DEAF_FOR: Duration = Duration::from_secs(1);

/// The sockets and what is known of the peer.
#[derive(Debug)]
pub(super) struct Sockets {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    latch: Latch,
    /// To whom the RTP socket is connected.
    connected: Option<SocketAddr>,
    /// Connecting a socket that listens on all addresses of this host narrows it to the one that the route to the peer
    /// begins at. Where our SDP names another, the peer would no longer be heard, so such a socket is never connected.
    connects: Connects,
    heard: Duration,
    /// Where the peer's reports came from last.
    rtcp_peer: Option<SocketAddr>,
    /// When our next report is due; none before the leg has a codec.
    pub(super) report_at: Option<Duration>,
    guard: Guard,
    /// RTCP goes by the RTP socket, in both directions (RFC 5761).
    is_muxed: bool,
    _lease: Arc<PortLease>,
}

/// What was read of the RTP socket, by its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    Rtp(usize),
    Rtcp(usize),
}

/// Whether the RTP socket may be connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Connects {
    Always,
    /// If that leaves it on this address.
    Staying(IpAddr),
    Never,
}

impl Sockets {
    /// `named` is the address that our SDP names.
    pub(super) fn new(pair: PortPair, named: IpAddr) -> Self {
        Self {
            rtp: pair.rtp,
            rtcp: pair.rtcp,
            latch: Latch::default(),
            connected: None,
            connects: if pair.local.ip().is_unspecified() { Connects::Staying(named) } else { Connects::Always },
            heard: Duration::ZERO,
            rtcp_peer: None,
            report_at: None,
            guard: Guard::default(),
            is_muxed: false,
            _lease: pair.lease,
        }
    }

    /// Has both told by the poller under these tokens.
    pub(super) fn watch(&self, poller: &Poller, rtp: u64, rtcp: u64) -> io::Result<()> {
        poller.watch(&self.rtp, rtp)?;
        poller.watch(&self.rtcp, rtcp)
    }

    pub(super) fn forget(&self, poller: &Poller) {
        poller.forget(&self.rtp);
        poller.forget(&self.rtcp);
    }

    /// The peer's SDP names this address.
    pub(super) fn signal(&mut self, address: SocketAddr) {
        self.latch.signal(address);
        self.settle();
    }

    /// Both sides are silent by agreement, or not any more.
    pub(super) fn hold(&mut self, held: bool) {
        self.latch.hold(held);
    }

    /// How packets are secured from now on.
    pub(super) fn secure(&mut self, security: Security) {
        self.guard.set(security);
    }

    /// What secures the leg; none while nothing passes.
    pub(super) fn secured_by(&self) -> Option<SecuredBy> {
        self.guard.secured_by()
    }

    /// Packets that did not prove true since this was last asked.
    pub(super) fn take_unproven(&mut self) -> u64 {
        self.guard.take_unproven()
    }

    /// Whether RTCP goes by the RTP socket.
    pub(super) fn mux(&mut self, is_muxed: bool) {
        self.is_muxed = is_muxed;
    }

    /// Reads one datagram of the RTP socket; nothing when there is none or it is not the leg's.
    pub(super) fn read_rtp(&mut self, now: Duration, buffer: &mut [u8]) -> Option<Heard> {
        // An error is ICMP's about an earlier packet: the socket itself is fine.
        let (length, from) = self.rtp.recv_from(buffer).ok()?;
        let datagram = buffer.get(..length)?;
        if self.guard.takes_handshake(datagram) {
            if self.latch.accept(now, from) {
                self.guard.hand_over(datagram);
            }
            return None;
        }
        if self.is_muxed && is_rtcp(datagram) {
            return self.take_rtcp(from, buffer, length).map(Heard::Rtcp);
        }
        let length = if self.guard.is_keyed() {
            self.latch.allows(now, from).then(|| self.guard.open(Kind::Rtp, buffer, length)).flatten()?
        } else {
            length
        };
        // Only RTP may lock the source, or any probe could steal the stream before the peer speaks.
        let is_rtp = media::rtp::Packet::parse(buffer.get(..length)?).is_ok();
        if !is_rtp || self.guard.secured_by().is_none() || !self.latch.accept(now, from) {
            return None;
        }
        self.heard = now;
        self.settle();
        Some(Heard::Rtp(length))
    }

    /// Whether what is read was opened by keys.
    pub(super) fn is_keyed(&self) -> bool {
        self.guard.is_keyed()
    }

    /// Opens what was read before it was known by which keys; gives its length.
    pub(super) fn open_early(&mut self, packet: &mut [u8]) -> Option<usize> {
        self.guard.open(Kind::Rtp, packet, packet.len())
    }

    /// Reads one datagram of RTCP; nothing when there is none or it is not the leg's.
    pub(super) fn read_rtcp(&mut self, buffer: &mut [u8]) -> Option<usize> {
        let (length, from) = self.rtcp.recv_from(buffer).ok()?;
        let length = self.take_rtcp(from, buffer, length)?;
        self.rtcp_peer = Some(from);
        Some(length)
    }

    fn take_rtcp(&mut self, from: SocketAddr, buffer: &mut [u8], length: usize) -> Option<usize> {
        // The port is open to all of the peer's host: what is no RTCP is not the leg's fault.
        let length = self.latch.is_peer(from).then(|| self.guard.open(Kind::Rtcp, buffer, length)).flatten()?;
        media::rtcp::parse(buffer.get(..length)?).ok().map(|_| length)
    }

    /// Sends RTP; false when it is lost. Without anybody to send to nothing is lost.
    pub(super) fn send(&mut self, packet: &[u8]) -> bool {
        let (rtp, connected) = (&self.rtp, self.connected);
        let Some(to) = self.latch.destination() else { return true };
        self.guard.seal(Kind::Rtp, packet, |packet| send_to(rtp, connected, to, packet))
    }

    /// Sends a datagram of a handshake; a lost one is sent again.
    pub(super) fn send_handshake(&self, datagram: &[u8]) {
        if let Some(to) = self.latch.destination() {
            send_to(&self.rtp, self.connected, to, datagram);
        }
    }

    /// Sends a report. A lost one is made up for by the next.
    pub(super) fn send_report(&mut self, report: &[u8]) {
        let (rtp, rtcp, connected) = (&self.rtp, &self.rtcp, self.connected);
        let to = if self.is_muxed { self.latch.destination() } else { self.rtcp_destination() };
        let Some(to) = to else { return };
        let is_muxed = self.is_muxed;
        self.guard.seal(Kind::Rtcp, report, |report| {
            if is_muxed { send_to(rtp, connected, to, report) } else { rtcp.send_to(report, to).is_ok() }
        });
    }

    /// Where reports go: where the peer's come from, else beside its RTP (RFC 3550 §11).
    pub(super) fn rtcp_destination(&self) -> Option<SocketAddr> {
        let beside = || {
            let rtp = self.latch.destination()?;
            Some(SocketAddr::new(rtp.ip(), rtp.port().checked_add(1)?))
        };
        self.rtcp_peer.or_else(beside)
    }

    /// Listens to all addresses again when the peer has been silent for a while. To be called several times a second.
    pub(super) fn listen_around(&mut self, now: Duration) {
        if self.connected.is_some() && now.saturating_sub(self.heard) >= DEAF_FOR {
            self.disconnect();
        }
    }

    /// Connects to the source that the latch is sure of, and to no other.
    fn settle(&mut self) {
        let sure = self.latch.sure();
        if sure == self.connected {
            return;
        }
        self.disconnect();
        let Some(peer) = sure.filter(|_| self.connects != Connects::Never) else { return };
        if self.rtp.connect(peer).is_err() {
            return;
        }
        self.connected = Some(peer);
        if let Connects::Staying(named) = self.connects
            && self.rtp.local_addr().is_ok_and(|local| local.ip() != named)
        {
            self.connects = Connects::Never;
            self.disconnect();
        }
    }

    fn disconnect(&mut self) {
        if self.connected.take().is_some()
            && let Err(error) = connect_unspec(&self.rtp)
        {
            // The leg hears its peer as before; only a peer that moves would not be heard.
            tracing::warn!(%error, "an RTP socket stays bound to its peer");
        }
    }
}

fn send_to(rtp: &UdpSocket, connected: Option<SocketAddr>, to: SocketAddr, packet: &[u8]) -> bool {
    if connected != Some(to) {
        return rtp.send_to(packet, to).is_ok();
    }
    match rtp.send(packet) {
        // That was ICMP's answer to an earlier packet, told instead of sending this one.
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => rtp.send(packet).is_ok(),
        sent => sent.is_ok(),
    }
}

/// By its second octet (RFC 5761 §4).
fn is_rtcp(datagram: &[u8]) -> bool {
    matches!(datagram.get(1), Some(192..=223))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::gateway::media::ports::RtpPorts;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const MS: fn(u64) -> Duration = Duration::from_millis;
    const RTP: [u8; 12] = [0x80, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7];

    fn phone() -> (UdpSocket, SocketAddr) {
        let socket = UdpSocket::bind((LOOPBACK, 0)).unwrap();
        let address = socket.local_addr().unwrap();
        (socket, address)
    }

    fn open(listen: IpAddr, named: IpAddr) -> (Sockets, SocketAddr) {
        let pair = RtpPorts::new(listen, None).take().unwrap();
        let at = SocketAddr::new(LOOPBACK, pair.local.port());
        (Sockets::new(pair, named), at)
    }

    /// Whether a packet from the phone is taken; loopback has delivered it when the sending returns.
    fn hears(sockets: &mut Sockets, at: SocketAddr, now: Duration, phone: &UdpSocket) -> bool {
        phone.send_to(&RTP, at).unwrap();
        sockets.read_rtp(now, &mut [0; 64]).is_some()
    }

    #[test]
    fn a_leg_that_speaks_from_where_it_said_is_connected_and_strangers_are_not_read() {
        let (mut sockets, at) = open(LOOPBACK, LOOPBACK);
        let ((phone, address), (stranger, _)) = (phone(), phone());
        sockets.signal(address);
        assert_eq!(sockets.connected, None, "nothing was heard yet");
        assert!(hears(&mut sockets, at, MS(0), &phone));
        assert_eq!(sockets.connected, Some(address));
        assert!(stranger.send_to(&RTP, at).is_ok());
        assert_eq!(sockets.rtp.recv_from(&mut [0; 64]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert!(sockets.send(&RTP));
        assert_eq!(phone.recv(&mut [0; 64]).unwrap(), RTP.len());
    }

    #[test]
    fn a_leg_that_speaks_from_elsewhere_stays_unconnected_so_that_the_address_it_said_can_take_over() {
        let (mut sockets, at) = open(LOOPBACK, LOOPBACK);
        let ((phone, address), (elsewhere, _)) = (phone(), phone());
        sockets.signal(address);
        assert!(hears(&mut sockets, at, MS(0), &elsewhere));
        assert_eq!(sockets.connected, None);
        assert!(hears(&mut sockets, at, MS(20), &phone));
        assert_eq!(sockets.connected, Some(address));
    }

    #[test]
    fn a_re_invite_to_another_address_is_heard_and_answered_there_at_once() {
        let (mut sockets, at) = open(LOOPBACK, LOOPBACK);
        let ((before, first), (after, second)) = (phone(), phone());
        sockets.signal(first);
        assert!(hears(&mut sockets, at, MS(0), &before));
        sockets.signal(second);
        assert_eq!(sockets.connected, None);
        assert!(sockets.send(&RTP));
        assert_eq!(after.recv(&mut [0; 64]).unwrap(), RTP.len());
        assert!(hears(&mut sockets, at, MS(20), &after));
        assert_eq!(sockets.connected, Some(second));
    }

    #[test]
    fn after_silence_every_address_can_be_heard_again_and_the_port_stays() {
        for listen in [LOOPBACK, IpAddr::V4(Ipv4Addr::UNSPECIFIED)] {
            let (mut sockets, at) = open(listen, LOOPBACK);
            let ((phone, address), (other, _)) = (phone(), phone());
            sockets.signal(address);
            assert!(hears(&mut sockets, at, MS(0), &phone));
            sockets.listen_around(MS(900));
            assert_eq!(sockets.connected, Some(address));
            sockets.listen_around(MS(1_000));
            assert_eq!(sockets.connected, None);
            assert_eq!(sockets.rtp.local_addr().unwrap(), SocketAddr::new(listen, at.port()));
            other.send_to(&RTP, at).unwrap();
            assert!(sockets.rtp.recv_from(&mut [0; 64]).is_ok(), "the latch decides, not the kernel");
            assert!(hears(&mut sockets, at, MS(1_020), &phone));
            assert_eq!(sockets.connected, Some(address));
        }
    }

    #[test]
    fn a_socket_on_all_addresses_is_not_narrowed_to_one_that_our_sdp_does_not_name() {
        let (mut sockets, at) = open(IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9)));
        let (phone, address) = phone();
        sockets.signal(address);
        for n in 0..3 {
            assert!(hears(&mut sockets, at, MS(n * 20), &phone));
            assert_eq!((sockets.connected, sockets.connects), (None, Connects::Never));
        }
        assert!(sockets.send(&RTP));
        assert_eq!(phone.recv(&mut [0; 64]).unwrap(), RTP.len());
    }

    #[test]
    fn reports_beside_rtp_are_told_apart_and_answered_there() {
        let (mut sockets, at) = open(LOOPBACK, LOOPBACK);
        let (phone, address) = phone();
        sockets.signal(address);
        let report = [0x80, 201, 0, 1, 0, 0, 0, 7];
        let read = |sockets: &mut Sockets| {
            phone.send_to(&report, at).unwrap();
            sockets.read_rtp(MS(0), &mut [0; 64])
        };
        assert_eq!(read(&mut sockets), None, "nobody agreed on it");
        sockets.mux(true);
        assert_eq!(read(&mut sockets), Some(Heard::Rtcp(report.len())));
        sockets.send_report(&report);
        assert_eq!(phone.recv(&mut [0; 64]).unwrap(), report.len());
    }

    #[test]
    fn only_what_proves_true_locks_a_secured_leg() {
        use crate::entropy::Entropy;
        use crate::gateway::media::srtp::{Keys, KeysBy, MasterKey, Suite};
        let (mut sockets, at) = open(LOOPBACK, LOOPBACK);
        let ((phone, address), (stranger, elsewhere)) = (phone(), phone());
        sockets.signal(address);
        let [ours, theirs] = [1, 2].map(|seed| MasterKey::draw(Suite::AesCm80, &Entropy::seeded(seed)));
        let keys = |send: &MasterKey, receive: &MasterKey| {
            Security::Keyed(Box::new(Keys {
                by: KeysBy::Sdes,
                send: send.clone(),
                receive: receive.clone(),
                mki_length: 0,
            }))
        };
        sockets.secure(keys(&ours, &theirs));
        assert!(!hears(&mut sockets, at, MS(0), &stranger) && !hears(&mut sockets, at, MS(0), &phone));
        assert_eq!((sockets.take_unproven(), sockets.take_unproven()), (2, 0));
        assert_eq!((sockets.latch.destination(), sockets.connected), (Some(address), None));
        let mut peer = Guard::default();
        peer.set(keys(&theirs, &ours));
        // From another port of its host: its own packets prove it.
        assert!(peer.seal(Kind::Rtp, &RTP, |secret| stranger.send_to(secret, at).is_ok()));
        assert_eq!(sockets.read_rtp(MS(20), &mut [0; 64]), Some(Heard::Rtp(RTP.len())));
        assert_eq!(sockets.latch.destination(), Some(elsewhere));
        assert!(sockets.send(&RTP));
        let mut secret = [0; 64];
        let length = stranger.recv(&mut secret).unwrap();
        assert_eq!(peer.open(Kind::Rtp, &mut secret, length), Some(RTP.len()));
        assert_eq!(secret[..RTP.len()], RTP);
    }

    #[test]
    fn a_peer_that_was_away_gets_the_next_packet() {
        let (mut sockets, at) = open(LOOPBACK, LOOPBACK);
        let (phone, address) = phone();
        sockets.signal(address);
        assert!(hears(&mut sockets, at, MS(0), &phone));
        drop(phone);
        // Refused: the next sending is told so instead of being done.
        assert!(sockets.send(&RTP));
        let back = UdpSocket::bind(address).unwrap();
        assert!(sockets.send(&RTP));
        assert_eq!(back.recv(&mut [0; 64]).unwrap(), RTP.len());
    }
}
