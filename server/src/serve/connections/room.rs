//! How many connections a port holds: in all, and from one address, so that nobody takes the descriptors of calls or the
//! places of everybody else by opening many and saying nothing. Where there is no place left, the connection that has asked
//! for nothing yet gives way, the oldest first: whoever opens them to say nothing does not shut out those beside it, and
//! those who share its address.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::address::{Count, counted};
use crate::descriptors;

/// The count.
pub(in crate::serve) struct Room {
    most: usize,
    most_of_one: usize,
    /// They bring everybody's connections and are counted among all only.
    proxies: Vec<IpAddr>,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    count: Count,
    /// Connections so far, which numbers them by age.
    begun: u64,
    /// Those that have asked for nothing: by age, and by address and age.
    silent: BTreeMap<u64, IpAddr>,
    silent_of: BTreeMap<(IpAddr, u64), CancellationToken>,
}

/// The place of one connection; dropping it frees the place.
pub(super) struct Place {
    room: Arc<Room>,
    address: IpAddr,
    number: u64,
    has_asked: AtomicBool,
    gives_way: CancellationToken,
}

impl Room {
    /// As much as the process has descriptors for.
    pub(in crate::serve) fn new(proxies: &[IpAddr]) -> Arc<Self> {
        Self::of(descriptors::for_connections(), descriptors::for_one_address(), proxies)
    }

    fn of(most: usize, most_of_one: usize, proxies: &[IpAddr]) -> Arc<Self> {
        Arc::new(Self { most, most_of_one, proxies: proxies.to_vec(), open: Mutex::default() })
    }

    /// A place for a connection from `address`; none when there are too many, and all of them have asked for something.
    pub(super) fn place(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let is_proxy = self.proxies.contains(&address);
        let address = counted(address);
        let mut open = self.open.lock();
        if open.count.of(address) >= self.most_of_one && !is_proxy && !open.has_one_give_way(Some(address)) {
            return None;
        }
        if open.count.all() >= self.most && !open.has_one_give_way(None) {
            return None;
        }
        let (number, gives_way) = (open.begun, CancellationToken::new());
        open.begun += 1;
        open.count.add(address);
        open.silent.insert(number, address);
        open.silent_of.insert((address, number), gives_way.clone());
        Some(Place { room: self.clone(), address, number, has_asked: AtomicBool::new(false), gives_way })
    }
}

impl Open {
    /// Takes the place of the oldest silent connection, of this address or of any.
    fn has_one_give_way(&mut self, address: Option<IpAddr>) -> bool {
        let oldest = match address {
            Some(address) => self.silent_of.range((address, 0)..=(address, u64::MAX)).next().map(|(&key, _)| key),
            None => self.silent.first_key_value().map(|(&number, &address)| (address, number)),
        };
        let Some((address, number)) = oldest else { return false };
        let gives_way = self.forget_silent(address, number);
        self.count.remove(address);
        gives_way.is_some_and(|gives_way| {
            gives_way.cancel();
            true
        })
    }

    fn forget_silent(&mut self, address: IpAddr, number: u64) -> Option<CancellationToken> {
        self.silent.remove(&number);
        self.silent_of.remove(&(address, number))
    }
}

impl Place {
    /// The connection asks for something, and gives way to nobody any more.
    pub(super) fn asks(&self) {
        if !self.has_asked.swap(true, Ordering::Relaxed) {
            self.room.open.lock().forget_silent(self.address, self.number);
        }
    }

    /// Ends when another connection has this one's place.
    pub(super) async fn given_away(&self) {
        self.gives_way.cancelled().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.room.open.lock();
        open.forget_silent(self.address, self.number);
        // What was given away is counted for its new owner.
        if !self.gives_way.is_cancelled() {
            open.count.remove(self.address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> IpAddr {
        std::net::Ipv4Addr::from_bits(number).into()
    }

    /// A place of a connection that has asked for something.
    fn asking(room: &Arc<Room>, from: IpAddr) -> Option<Place> {
        room.place(from).inspect(Place::asks)
    }

    fn is_untouched(room: &Room) -> bool {
        let open = room.open.lock();
        open.count.is_empty() && open.silent.is_empty() && open.silent_of.is_empty()
    }

    #[test]
    fn one_address_leaves_places_for_others_and_a_proxy_is_not_one_address() {
        let room = Room::of(10, 3, &[address(9)]);
        let held: Vec<_> = (0..5).filter_map(|_| asking(&room, address(1))).collect();
        assert_eq!(held.len(), 3);
        let proxied: Vec<_> = (0..5).filter_map(|_| asking(&room, address(9))).collect();
        assert_eq!(proxied.len(), 5);
        let last: Vec<_> = (0..5).filter_map(|number| asking(&room, address(20 + number))).collect();
        assert_eq!(last.len(), 2);
        drop((held, proxied, last));
        assert!(is_untouched(&room));
    }

    #[test]
    fn the_silent_give_way_the_oldest_of_the_address_first_and_those_who_asked_stay() {
        let room = Room::of(5, 3, &[]);
        let asked = asking(&room, address(1)).unwrap();
        let silent: Vec<_> = (0..2).map(|_| room.place(address(1)).unwrap()).collect();
        let gone = |place: &Place| place.gives_way.is_cancelled();
        let other = room.place(address(2)).unwrap();
        let next = asking(&room, address(1)).unwrap();
        assert_eq!((gone(&asked), gone(&silent[0]), gone(&silent[1]), gone(&other)), (false, true, false, false));
        let last = asking(&room, address(1)).unwrap();
        assert!(gone(&silent[1]) && asking(&room, address(1)).is_none(), "none that is silent is left");
        // In all: the oldest silent one of anybody.
        let full = (asking(&room, address(3)).unwrap(), asking(&room, address(4)).unwrap());
        assert!(gone(&other) && room.place(address(5)).is_none());
        assert_eq!(room.open.lock().count.all(), 5);
        drop((asked, silent, other, next, last, full));
        assert!(is_untouched(&room));
    }
}
