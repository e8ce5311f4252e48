//! How many connections a port holds: in all, and from one address, so that nobody takes the descriptors of calls or the
//! places of everybody else by opening many and saying nothing.

use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::address::{Count, counted};
use crate::descriptors;

/// The count.
pub(in crate::serve) struct Room {
    most: usize,
    most_of_one: usize,
    /// They bring everybody's connections and are counted among all only.
    proxies: Vec<IpAddr>,
    open: Mutex<Count>,
}

/// The place of one connection; dropping it frees the place.
pub(super) struct Place {
    room: Arc<Room>,
    address: IpAddr,
}

impl Room {
    /// As much as the process has descriptors for.
    pub(in crate::serve) fn new(proxies: &[IpAddr]) -> Arc<Self> {
        Self::of(descriptors::for_connections(), descriptors::for_one_address(), proxies)
    }

    fn of(most: usize, most_of_one: usize, proxies: &[IpAddr]) -> Arc<Self> {
        Arc::new(Self { most, most_of_one, proxies: proxies.to_vec(), open: Mutex::default() })
    }

    /// A place for a connection from `address`; none when there are too many.
    pub(super) fn place(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let is_proxy = self.proxies.contains(&address);
        let address = counted(address);
        let mut open = self.open.lock();
        if open.all() >= self.most || (open.of(address) >= self.most_of_one && !is_proxy) {
            return None;
        }
        open.add(address);
        Some(Place { room: self.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.room.open.lock().remove(self.address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> IpAddr {
        std::net::Ipv4Addr::from_bits(number).into()
    }

    #[test]
    fn one_address_leaves_places_for_others_and_a_proxy_is_not_one_address() {
        let room = Room::of(10, 3, &[address(9)]);
        let held: Vec<_> = (0..5).filter_map(|_| room.place(address(1))).collect();
        assert_eq!(held.len(), 3);
        let proxied: Vec<_> = (0..5).filter_map(|_| room.place(address(9))).collect();
        assert_eq!(proxied.len(), 5);
        let last: Vec<_> = (0..5).filter_map(|number| room.place(address(20 + number))).collect();
        assert_eq!(last.len(), 2);
        drop((held, proxied, last));
        assert!(room.open.lock().is_empty());
    }
}
