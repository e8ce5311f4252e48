//! How many connections of a kind, WebSockets first of all, may be open: in all, from one address, and before anybody has proven anything on them.

use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::address::{Count, counted};

/// From one address, proven or not: a call centre behind one NAT has some thousand seats.
const PER_ADDRESS: usize = 4_096;
/// From one address before they have proven anything, which takes a browser a fraction of a second.
const UNPROVEN_PER_ADDRESS: usize = 64;
/// In all before they have proven anything: at 20 kB each, 20 MB.
const UNPROVEN: usize = 1_024;

/// The count.
#[derive(Debug)]
pub struct Sockets {
    most: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: Count,
    unproven: Count,
}

/// The place of one socket; dropping it frees the place.
#[derive(Debug)]
pub struct SocketPlace {
    sockets: Arc<Sockets>,
    address: IpAddr,
    is_proven: bool,
}

impl Sockets {
    /// `most`: in all.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, open: Mutex::default() })
    }

    /// How many are open.
    pub fn open(&self) -> usize {
        self.open.lock().all.all()
    }

    /// A place for a socket from `address`; none when there are too many. `is_proven`: a good token came with it.
    pub fn place(self: &Arc<Self>, address: IpAddr, is_proven: bool) -> Option<SocketPlace> {
        let address = counted(address);
        let mut open = self.open.lock();
        let fits = open.all.all() < self.most && open.all.of(address) < PER_ADDRESS;
        let fits_unproven = open.unproven.all() < UNPROVEN && open.unproven.of(address) < UNPROVEN_PER_ADDRESS;
        if !fits || !(is_proven || fits_unproven) {
            return None;
        }
        open.all.add(address);
        if !is_proven {
            open.unproven.add(address);
        }
        Some(SocketPlace { sockets: self.clone(), address, is_proven })
    }
}

impl SocketPlace {
    /// Somebody has proven an identity on the socket.
    pub fn proven(&mut self) {
        if !self.is_proven {
            self.is_proven = true;
            self.sockets.open.lock().unproven.remove(self.address);
        }
    }
}

impl Drop for SocketPlace {
    fn drop(&mut self) {
        self.proven();
        self.sockets.open.lock().all.remove(self.address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> IpAddr {
        std::net::Ipv4Addr::from_bits(number).into()
    }

    #[test]
    fn the_unproven_of_one_address_are_few_and_the_proven_many() {
        let sockets = Sockets::new(10_000);
        let mut unproven: Vec<_> =
            (0..UNPROVEN_PER_ADDRESS).map(|_| sockets.place(address(1), false).unwrap()).collect();
        assert!(sockets.place(address(1), false).is_none());
        assert!(sockets.place(address(2), false).is_some());
        let proven = sockets.place(address(1), true);
        assert!(proven.is_some());
        unproven[0].proven();
        assert!(sockets.place(address(1), false).is_some());
    }

    #[test]
    fn neighbours_in_a_64_are_one_address() {
        let sockets = Sockets::new(10_000);
        let of = |last: u16| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last]);
        let places: Vec<_> = (0..100).filter_map(|last| sockets.place(of(last), false)).collect();
        assert_eq!(places.len(), UNPROVEN_PER_ADDRESS);
    }

    #[test]
    fn all_are_bounded_and_every_place_comes_back() {
        let sockets = Sockets::new(3);
        let places: Vec<_> = (0..5).filter_map(|number| sockets.place(address(number), number % 2 == 0)).collect();
        assert_eq!(places.len(), 3);
        drop(places);
        let open = sockets.open.lock();
        assert!(open.all.is_empty() && open.unproven.is_empty());
    }
}
