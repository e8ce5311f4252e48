//! One UDP port for every browser call.
//!
//! The `webrtc` crate opens a socket per connection; [`super::webrtc_runtime`] hands it a fed
//! [`MuxSocket`] of this table instead. A datagram is told apart by the local fragment of the STUN
//! USERNAME first (RFC 8445 §7.2.2; RFC 7983 tells STUN from the rest) and by its source address from
//! then on. An address is believed for [`ADDRESS_LIFETIME`] only: behind carrier NAT the same address
//! comes back as another caller. What belongs to nobody is dropped without an answer. Browsers that
//! come by TCP ([`super::ice_tcp`]) find their connection here by the same fragment.
//!
//! Knows nothing of ICE beyond that attribute: integrity is checked by the connection it is given to.

use core::time::Duration;
use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use bytes::Bytes;
use mio::{Events, Interest, Poll, Token, Waker, net::UdpSocket};
use parking_lot::Mutex;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use tokio::sync::mpsc;

use super::{links::Links, stun};

/// Kernel buffer of the shared socket, bytes, each way. At 200 calls the 208 KiB default lost 6 % of
/// the packets; this lost none.
const SOCKET_BUFFER: usize = 4 * 1024 * 1024;
/// Datagrams waiting for one connection's driver: 1.2 s of audio. Older audio is worthless.
const QUEUE: usize = 64;
/// Largest datagram read, bytes: an Ethernet frame. DTLS and RTP stay below it.
pub(super) const DATAGRAM: usize = 1_500;
/// How long a source address is believed without a STUN check from it. Browsers repeat consent
/// checks every 5 s and give up after 30 s (RFC 7675 §5.1).
const ADDRESS_LIFETIME: Duration = Duration::from_secs(30);
/// How often stale addresses are swept out.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// Addresses one connection may speak from at once: the interfaces of a device and its rebinds.
/// Bounded because whoever sees an offer can send its USERNAME from any number of addresses.
const ADDRESSES_PER_CONNECTION: usize = 16;

const SOCKET: Token = Token(0);
const STOP: Token = Token(1);

/// A datagram and where it came from.
pub(crate) type Datagram = (Bytes, SocketAddr);

/// The shared port.
#[derive(Debug)]
pub(crate) struct UdpMux {
    socket: UdpSocket,
    local: SocketAddr,
    table: Mutex<Table>,
    closed: AtomicBool,
    waker: Waker,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct Table {
    by_ufrag: HashMap<String, Place>,
    by_address: HashMap<SocketAddr, Known>,
}

/// Where a connection is given what came for it, and its ways beside the port.
#[derive(Debug)]
struct Place {
    queue: mpsc::Sender<Datagram>,
    links: Arc<Links>,
}

#[derive(Debug)]
struct Known {
    ufrag: String,
    queue: mpsc::Sender<Datagram>,
    checked_at: Instant,
}

/// A connection's place in the mux. Dropping it removes every trace of the connection, on whichever
/// path it ends.
#[derive(Debug)]
pub(crate) struct MuxEntry {
    mux: Arc<UdpMux>,
    ufrag: String,
}

impl Drop for MuxEntry {
    fn drop(&mut self) {
        let mut table = self.mux.table.lock();
        if let Some(place) = table.by_ufrag.remove(&self.ufrag) {
            place.links.close_all();
        }
        table.by_address.retain(|_, known| known.ufrag != self.ufrag);
    }
}

impl UdpMux {
    /// Binds `listen` and starts the reader, a thread of its own so that a busy runtime delays no audio.
    ///
    /// # Errors
    /// When the address cannot be bound or the thread cannot start.
    pub(crate) fn bind(listen: SocketAddr) -> io::Result<Arc<Self>> {
        let socket = Socket::new(Domain::for_address(listen), Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_recv_buffer_size(SOCKET_BUFFER)?;
        socket.set_send_buffer_size(SOCKET_BUFFER)?;
        socket.set_nonblocking(true)?;
        socket.bind(&SockAddr::from(listen))?;
        let mut socket = UdpSocket::from_std(socket.into());
        let local = socket.local_addr()?;
        let poll = Poll::new()?;
        poll.registry().register(&mut socket, SOCKET, Interest::READABLE)?;
        let waker = Waker::new(poll.registry(), STOP)?;
        let mux = Arc::new(Self {
            socket,
            local,
            table: Mutex::default(),
            closed: AtomicBool::new(false),
            waker,
            dropped: AtomicU64::new(0),
        });
        let reader = mux.clone();
        thread::Builder::new().name("webrtc-mux".into()).spawn(move || reader.run(poll))?;
        Ok(mux)
    }

    /// The bound address.
    pub(crate) fn local(&self) -> SocketAddr {
        self.local
    }

    /// Connections that can be reached now.
    pub(crate) fn connections(&self) -> usize {
        self.table.lock().by_ufrag.len()
    }

    /// Datagrams that fitted neither the kernel's nor a connection's queue.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Opens the place of the connection whose local ICE fragment is `ufrag`: what comes for it, and its ways by TCP.
    pub(super) fn enter(self: &Arc<Self>, ufrag: &str) -> (MuxEntry, mpsc::Receiver<Datagram>, Arc<Links>) {
        let (queue, datagrams) = mpsc::channel(QUEUE);
        let links = Arc::new(Links::default());
        self.table.lock().by_ufrag.insert(ufrag.to_owned(), Place { queue, links: links.clone() });
        (MuxEntry { mux: self.clone(), ufrag: ufrag.to_owned() }, datagrams, links)
    }

    /// `peer` has come by TCP for the connection `ufrag`: where to give what it says, and what is said to it. None when nobody
    /// is called so, or it has too many.
    pub(super) fn link(
        &self,
        ufrag: &str,
        peer: SocketAddr,
    ) -> Option<(mpsc::Sender<Datagram>, mpsc::Receiver<Bytes>)> {
        // Under the lock, so that none is opened of a connection that leaves.
        let table = self.table.lock();
        let place = table.by_ufrag.get(ufrag)?;
        Some((place.queue.clone(), place.links.open(peer)?))
    }

    /// Gives a connection's queue a datagram, or drops it where there is no room.
    pub(super) fn hand(&self, queue: &mpsc::Sender<Datagram>, datagram: &[u8], from: SocketAddr) {
        if queue.try_send((Bytes::copy_from_slice(datagram), from)).is_err() {
            self.lost();
        }
    }

    /// Something was dropped because there was no room for it.
    pub(super) fn lost(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// The connection `ufrag` sends a check to `to`, whose answer has no USERNAME to tell it apart by.
    pub(crate) fn ask(&self, ufrag: &str, to: SocketAddr) {
        self.table.lock().check(now(), ufrag, to);
    }

    /// Sends at once or drops: waiting would need a waker per connection on one socket, and late
    /// audio is worthless.
    ///
    /// # Errors
    /// What the kernel says about this destination, except that it is full.
    pub(crate) fn send(&self, contents: &[u8], to: SocketAddr) -> io::Result<usize> {
        match self.socket.send_to(contents, to) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.lost();
                Ok(contents.len())
            }
            result => result,
        }
    }

    /// Stops the reader and frees the port once the last connection lets go.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        // A failed wake only delays the end by one sweep.
        let _ = self.waker.wake();
    }

    fn run(&self, mut poll: Poll) {
        let mut events = Events::with_capacity(4);
        let mut buffer = [0u8; DATAGRAM];
        let mut swept_at = now();
        while !self.closed.load(Ordering::Acquire) {
            if let Err(error) = poll.poll(&mut events, Some(SWEEP_EVERY))
                && error.kind() != io::ErrorKind::Interrupted
            {
                tracing::error!(%error, "the WebRTC port can no longer be read");
                return;
            }
            let now = now();
            self.read_all(now, &mut buffer);
            if now.duration_since(swept_at) >= SWEEP_EVERY {
                swept_at = now;
                self.table.lock().by_address.retain(|_, known| now.duration_since(known.checked_at) < ADDRESS_LIFETIME);
            }
        }
    }

    fn read_all(&self, now: Instant, buffer: &mut [u8]) {
        loop {
            match self.socket.recv_from(buffer) {
                Ok((length, from)) => {
                    if let Some(datagram) = buffer.get(..length) {
                        self.deliver(now, datagram, from);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // ICMP errors of one peer surface here; they concern no other.
                Err(_) => {}
            }
        }
    }

    fn deliver(&self, now: Instant, datagram: &[u8], from: SocketAddr) {
        let queue = match stun::local_fragment(datagram) {
            Some(ufrag) => self.table.lock().checked(now, ufrag, from),
            None => self.table.lock().by_address.get(&from).map(|known| known.queue.clone()),
        };
        if let Some(queue) = queue {
            self.hand(&queue, datagram, from);
        }
    }
}

impl Table {
    /// As [`Self::check`], of one that came.
    fn checked(&mut self, now: Instant, ufrag: &str, from: SocketAddr) -> Option<mpsc::Sender<Datagram>> {
        self.by_ufrag.get(ufrag)?.links.close(from);
        self.check(now, ufrag, from)
    }

    /// A STUN check for `ufrag` came from `from`: remember the address, answer the connection's queue.
    fn check(&mut self, now: Instant, ufrag: &str, from: SocketAddr) -> Option<mpsc::Sender<Datagram>> {
        let queue = &self.by_ufrag.get(ufrag)?.queue;
        match self.by_address.get_mut(&from) {
            Some(known) if known.ufrag == ufrag => known.checked_at = now,
            _ => {
                let addresses = self.by_address.values().filter(|known| known.ufrag == ufrag).count();
                if addresses < ADDRESSES_PER_CONNECTION {
                    let known = Known { ufrag: ufrag.to_owned(), queue: queue.clone(), checked_at: now };
                    self.by_address.insert(from, known);
                }
            }
        }
        Some(queue.clone())
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the socket: arrival is stamped here")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::gateway::leg::stun::tests::binding_request;

    const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

    #[tokio::test]
    async fn a_checked_address_carries_media_and_a_stranger_does_not() {
        let mux = UdpMux::bind(LOOPBACK).unwrap();
        let (entry, mut datagrams, _links) = mux.enter("ours");
        let peer = std::net::UdpSocket::bind(LOOPBACK).unwrap();
        let stranger = std::net::UdpSocket::bind(LOOPBACK).unwrap();
        stranger.send_to(&[0x80; 40], mux.local()).unwrap();
        stranger.send_to(&binding_request("nobody:x"), mux.local()).unwrap();
        peer.send_to(&binding_request("ours:x"), mux.local()).unwrap();
        peer.send_to(&[0x80, 1, 2], mux.local()).unwrap();
        let (check, from) = datagrams.recv().await.unwrap();
        assert_eq!((check[0], from), (0, peer.local_addr().unwrap()));
        let (media, _) = datagrams.recv().await.unwrap();
        assert_eq!(&media[..], [0x80, 1, 2]);
        drop(entry);
        assert_eq!(mux.connections(), 0);
        assert!(mux.table.lock().by_address.is_empty());
        mux.close();
    }

    #[test]
    fn an_address_that_checks_for_another_connection_moves_to_it() {
        let mux = UdpMux::bind(LOOPBACK).unwrap();
        let _first = mux.enter("first");
        let _second = mux.enter("second");
        let from = SocketAddr::from(([192, 0, 2, 1], 9));
        let mut table = mux.table.lock();
        assert!(table.check(now(), "first", from).is_some());
        assert!(table.check(now(), "second", from).is_some());
        assert_eq!(table.by_address.get(&from).map(|known| known.ufrag.as_str()), Some("second"));
        drop(table);
        mux.close();
    }

    #[test]
    fn one_connection_cannot_fill_the_address_table() {
        let mux = UdpMux::bind(LOOPBACK).unwrap();
        let _ours = mux.enter("ours");
        for port in 1..100 {
            mux.table.lock().check(now(), "ours", SocketAddr::from(([192, 0, 2, 1], port)));
        }
        assert_eq!(mux.table.lock().by_address.len(), ADDRESSES_PER_CONNECTION);
        mux.close();
    }
}
