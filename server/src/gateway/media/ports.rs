//! RTP/RTCP socket pairs out of `media.rtp_ports`.
//!
//! RTP takes an even port and RTCP the odd one above it (RFC 3550 §11), because carriers still
//! compute one from the other. A pair is bound when it is taken and given back when its
//! [`PortLease`] is dropped, whoever drops it: a leg that ends on an error path cannot leak one.
//! Not done here: reading or writing the sockets.

use std::{
    collections::HashSet,
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
    ops::RangeInclusive,
    sync::Arc,
};

use parking_lot::Mutex;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// Receive buffer of one RTP socket, bytes: 160 ms of G.711 packets at the kernel's accounting of
/// about 1 KiB each, doubled for a media thread that was descheduled.
const RECEIVE_BUFFER: usize = 16 * 1024;
/// Tries at an ephemeral pair before giving up: each fails only if the port is odd or the pair is taken meanwhile.
const EPHEMERAL_ATTEMPTS: usize = 64;

/// Why no port pair could be had.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// Every pair of `media.rtp_ports` is in use, by us or by another process.
    #[error("no free RTP port pair in media.rtp_ports")]
    Exhausted,
    /// The address cannot be bound at all (not ours, no permission).
    #[error("cannot bind an RTP socket")]
    Bind(#[source] io::Error),
}

/// Hands out port pairs; clones share one book of what is taken.
#[derive(Debug, Clone)]
pub struct RtpPorts(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    listen: IpAddr,
    /// `None`: the kernel chooses (`media.rtp_ports = "0"`, tests).
    range: Option<RangeInclusive<u16>>,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    taken: HashSet<u16>,
    /// Where the next search begins. Walking the range instead of reusing the lowest port keeps a
    /// late packet of an ended call away from the next one.
    next: u16,
}

/// A bound pair. Dropping the lease frees the pair; the sockets close with their owner.
#[derive(Debug)]
pub(crate) struct PortLease {
    owner: RtpPorts,
    rtp_port: u16,
}

impl Drop for PortLease {
    fn drop(&mut self) {
        self.owner.0.book.lock().taken.remove(&self.rtp_port);
    }
}

/// The two sockets of a pair, non-blocking.
#[derive(Debug)]
pub(crate) struct PortPair {
    pub(crate) rtp: UdpSocket,
    pub(crate) rtcp: UdpSocket,
    /// Address of `rtp` as bound.
    pub(crate) local: SocketAddr,
    /// Shared with the handle, so that a pair stays taken until both let go of it.
    pub(crate) lease: Arc<PortLease>,
}

impl RtpPorts {
    /// Pairs on `listen` out of `range`; `None` lets the kernel choose.
    #[must_use]
    pub fn new(listen: IpAddr, range: Option<RangeInclusive<u16>>) -> Self {
        let next = range.as_ref().map_or(0, |range| range.start().next_multiple_of(2));
        Self(Arc::new(Inner { listen, range, book: Mutex::new(Book { taken: HashSet::new(), next }) }))
    }

    /// Pairs out on lease now; zero when no call is up.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.0.book.lock().taken.len()
    }

    /// Binds a free pair.
    ///
    /// # Errors
    /// [`PortError`] when the range is used up or the address cannot be bound.
    pub(crate) fn take(&self) -> Result<PortPair, PortError> {
        match self.0.range.clone() {
            Some(range) => self.take_from(&range),
            None => self.take_ephemeral(),
        }
    }

    fn take_from(&self, range: &RangeInclusive<u16>) -> Result<PortPair, PortError> {
        let (first, last) = (range.start().next_multiple_of(2), *range.end());
        let mut book = self.0.book.lock();
        for _ in (first..last).step_by(2) {
            let port = if (first..last).contains(&book.next) { book.next } else { first };
            book.next = port.saturating_add(2);
            if book.taken.contains(&port) {
                continue;
            }
            match self.bind_pair(port) {
                Ok((rtp, rtcp, local)) => {
                    book.taken.insert(port);
                    return Ok(self.pair(rtp, rtcp, local));
                }
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(PortError::Bind(error)),
            }
        }
        Err(PortError::Exhausted)
    }

    fn take_ephemeral(&self) -> Result<PortPair, PortError> {
        for _ in 0..EPHEMERAL_ATTEMPTS {
            let free = bind(SocketAddr::new(self.0.listen, 0)).and_then(|socket| socket.local_addr());
            let port = free.map_err(PortError::Bind)?.port();
            if port % 2 == 1 {
                continue;
            }
            // Bound by its number: the kernel takes back a port that it chose when a socket is disconnected.
            if let Ok((rtp, rtcp, local)) = self.bind_pair(port) {
                self.0.book.lock().taken.insert(port);
                return Ok(self.pair(rtp, rtcp, local));
            }
        }
        Err(PortError::Exhausted)
    }

    fn bind_pair(&self, port: u16) -> io::Result<(UdpSocket, UdpSocket, SocketAddr)> {
        let local = SocketAddr::new(self.0.listen, port);
        Ok((bind(local)?, bind(SocketAddr::new(self.0.listen, port.saturating_add(1)))?, local))
    }

    fn pair(&self, rtp: UdpSocket, rtcp: UdpSocket, local: SocketAddr) -> PortPair {
        PortPair { rtp, rtcp, local, lease: Arc::new(PortLease { owner: self.clone(), rtp_port: local.port() }) }
    }
}

fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::from(address))?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn rtp_is_even_and_rtcp_follows() {
        let pair = RtpPorts::new(LOOPBACK, None).take().unwrap();
        assert_eq!(pair.local.port() % 2, 0);
        assert_eq!(pair.rtcp.local_addr().unwrap().port(), pair.local.port() + 1);
    }

    #[test]
    fn a_dropped_lease_frees_the_pair() {
        let ports = RtpPorts::new(LOOPBACK, None);
        let pair = ports.take().unwrap();
        assert_eq!(ports.in_use(), 1);
        drop(pair);
        assert_eq!(ports.in_use(), 0);
    }

    #[test]
    fn a_range_is_walked_before_a_port_is_reused_and_ends_exhausted() {
        // A free pair of pairs, found by asking the kernel; another process could take one in between.
        let start = (0..64)
            .find_map(|_| {
                let port = RtpPorts::new(LOOPBACK, None).take().ok()?.local.port();
                let room = port.checked_add(3)?;
                (port + 2..=room).all(|p| UdpSocket::bind((LOOPBACK, p)).is_ok()).then_some(port)
            })
            .unwrap();
        let ports = RtpPorts::new(LOOPBACK, Some(start..=start + 3));
        let first = ports.take().unwrap();
        let first_port = first.local.port();
        drop(first);
        let second = ports.take().unwrap();
        assert_ne!(second.local.port(), first_port);
        let third = ports.take().unwrap();
        assert_eq!(third.local.port(), first_port);
        assert!(matches!(ports.take(), Err(PortError::Exhausted)));
    }
}
