//! The peers of one browser connection that are spoken to by TCP instead of the shared UDP port.
//!
//! The stack above knows addresses only and takes all of them for UDP's. An address of which both came is UDP's: the browser
//! opens TCP from another port when it is closed here.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::mpsc;

/// Datagrams that wait until the peer has read what was sent before: 0.6 s of audio. Older audio is worthless.
const QUEUE: usize = 32;
/// TCP connections that one browser may have open at once: an interface each, and those that take over.
const MOST: usize = 8;

/// A datagram that finds no room on its way to a peer that reads too slowly, or has closed its connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lost;

/// One browser connection's ways by TCP.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// How many there are, so that a connection without any, as nearly all are, takes no lock for a datagram.
    count: AtomicUsize,
    /// Those that were closed stay until there are too many: what is still sent there must not go by UDP.
    open: Mutex<Vec<Link>>,
}

#[derive(Debug)]
struct Link {
    peer: SocketAddr,
    datagrams: mpsc::Sender<Bytes>,
}

impl Links {
    /// From now on `peer` is spoken to by TCP. What is sent to it comes out of the answer, which ends with the browser's
    /// connection; none where it has too many.
    pub(super) fn open(&self, peer: SocketAddr) -> Option<mpsc::Receiver<Bytes>> {
        let mut open = self.open.lock();
        open.retain(|link| link.peer != peer);
        if open.len() >= MOST {
            open.retain(|link| !link.datagrams.is_closed());
        }
        let answer = (open.len() < MOST).then(|| {
            let (datagrams, sent) = mpsc::channel(QUEUE);
            open.push(Link { peer, datagrams });
            sent
        });
        self.count.store(open.len(), Ordering::Release);
        answer
    }

    /// `peer` speaks by UDP.
    pub(super) fn close(&self, peer: SocketAddr) {
        self.keep(|link| link.peer != peer);
    }

    /// Nothing is sent any more; what was leaves still.
    pub(super) fn close_all(&self) {
        self.keep(|_| false);
    }

    fn keep(&self, keeps: impl Fn(&Link) -> bool) {
        if self.count.load(Ordering::Acquire) > 0 {
            let mut open = self.open.lock();
            open.retain(keeps);
            self.count.store(open.len(), Ordering::Release);
        }
    }

    /// Sends at once or loses it; none where `to` is not spoken to by TCP.
    pub(super) fn send(&self, contents: &[u8], to: SocketAddr) -> Option<Result<(), Lost>> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let open = self.open.lock();
        let link = open.iter().find(|link| link.peer == to)?;
        Some(link.datagrams.try_send(Bytes::copy_from_slice(contents)).map_err(|_| Lost))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    #[test]
    fn what_a_slow_reader_leaves_is_bounded_and_the_rest_is_lost() {
        let links = Links::default();
        let mut sent = links.open(peer(1)).unwrap();
        for _ in 0..QUEUE {
            assert_eq!(links.send(b"audio", peer(1)), Some(Ok(())));
        }
        assert_eq!(links.send(b"audio", peer(1)), Some(Err(Lost)));
        assert!(sent.try_recv().is_ok());
        assert_eq!(links.send(b"audio", peer(1)), Some(Ok(())));
    }

    #[test]
    fn an_address_is_tcps_until_it_speaks_by_udp() {
        let links = Links::default();
        assert_eq!(links.send(b"audio", peer(1)), None);
        let sent = links.open(peer(1)).unwrap();
        assert_eq!((links.send(b"audio", peer(2)), links.send(b"audio", peer(1))), (None, Some(Ok(()))));
        drop(sent);
        assert_eq!(links.send(b"audio", peer(1)), Some(Err(Lost)), "whoever closed gets nothing by UDP");
        links.close(peer(1));
        assert_eq!(links.send(b"audio", peer(1)), None);
    }

    #[test]
    fn one_browser_has_so_many_and_those_that_closed_do_not_count() {
        let links = Links::default();
        let mut all: Vec<_> = (0..MOST as u16).map(|port| links.open(peer(port)).unwrap()).collect();
        assert!(links.open(peer(1_000)).is_none());
        all.pop();
        assert!(links.open(peer(1_000)).is_some());
    }

    #[test]
    fn what_was_sent_before_the_end_still_leaves() {
        let links = Links::default();
        let mut sent = links.open(peer(1)).unwrap();
        assert_eq!(links.send(b"goodbye", peer(1)), Some(Ok(())));
        links.close_all();
        assert_eq!(sent.try_recv().unwrap(), b"goodbye"[..]);
        assert_eq!(sent.try_recv(), Err(mpsc::error::TryRecvError::Disconnected));
    }
}
