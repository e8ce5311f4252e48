//! Names for ports. The places of ended ones are given out again, so that tables stay as small as the most calls that
//! were ever up at once; a generation keeps a late command of an ended leg away from the next one.

use media::PortId;
use parking_lot::Mutex;

/// Every name that was given out and every place that is free, for all threads.
#[derive(Debug, Default)]
pub(super) struct PortIds(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    free: Vec<PortId>,
    /// Places given out so far.
    places: u32,
}

impl PortIds {
    /// A name that no port has.
    pub(super) fn take(&self) -> PortId {
        let mut book = self.0.lock();
        if let Some(id) = book.free.pop() {
            return PortId::new(id.0 as u32, id.generation().wrapping_add(1));
        }
        // Each place is a port with sockets, of which a host has 65,536: the count does not wrap.
        let id = PortId::new(book.places, 0);
        book.places += 1;
        id
    }

    /// The port is gone; its place can be had again.
    pub(super) fn give_back(&self, id: PortId) {
        self.0.lock().free.push(id);
    }

    /// Ports that are there now.
    pub(super) fn in_use(&self) -> usize {
        let book = self.0.lock();
        book.places as usize - book.free.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_used_again_and_names_are_not() {
        let ids = PortIds::default();
        let (a, b) = (ids.take(), ids.take());
        ids.give_back(a);
        let c = ids.take();
        assert_eq!((c.index(), b.index()), (a.index(), 1));
        assert_ne!(c, a);
        assert_eq!(ids.in_use(), 2);
    }
}
