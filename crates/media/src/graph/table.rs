//! A table of ports: finding one by its id is an index, because every packet does it several times.

use super::PortId;

/// Values by [`PortId`]. Its memory follows the highest [`PortId::index`] that was ever in it.
#[derive(Debug)]
pub struct PortTable<T> {
    slots: Vec<Option<(PortId, T)>>,
}

impl<T> Default for PortTable<T> {
    fn default() -> Self {
        Self { slots: Vec::new() }
    }
}

impl<T> PortTable<T> {
    /// The value of this very port: an older or newer one with the same index is another.
    pub fn get(&self, id: PortId) -> Option<&T> {
        match self.slots.get(id.index()) {
            Some(Some((held, value))) if *held == id => Some(value),
            _ => None,
        }
    }

    /// As [`Self::get`], to be changed.
    pub fn get_mut(&mut self, id: PortId) -> Option<&mut T> {
        match self.slots.get_mut(id.index()) {
            Some(Some((held, value))) if *held == id => Some(value),
            _ => None,
        }
    }

    /// Whether the port's place is free.
    pub fn is_free(&self, id: PortId) -> bool {
        self.slots.get(id.index()).is_none_or(Option::is_none)
    }

    /// Puts a value into the port's place and gives back what stood there.
    pub fn insert(&mut self, id: PortId, value: T) -> Option<T> {
        let index = id.index();
        if index >= self.slots.len() {
            self.slots.resize_with(index + 1, || None);
        }
        let slot = self.slots.get_mut(index)?;
        slot.replace((id, value)).map(|(_, value)| value)
    }

    /// Takes the port's value out.
    pub fn remove(&mut self, id: PortId) -> Option<T> {
        self.get(id)?;
        self.slots.get_mut(id.index())?.take().map(|(_, value)| value)
    }

    /// All values, in the order of their indices.
    pub fn iter(&self) -> impl Iterator<Item = (PortId, &T)> {
        self.slots.iter().flatten().map(|(id, value)| (*id, value))
    }

    /// All values, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (PortId, &mut T)> {
        self.slots.iter_mut().flatten().map(|(id, value)| (*id, value))
    }

    /// One past the highest index in use or used before; [`Self::at`] takes what is below.
    pub fn end(&self) -> usize {
        self.slots.len()
    }

    /// The port at an index, to walk the table while its values change.
    pub fn at(&self, index: usize) -> Option<PortId> {
        self.slots.get(index)?.as_ref().map(|(id, _)| *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_that_is_used_again_is_another_port() {
        let (old, new) = (PortId::new(3, 0), PortId::new(3, 1));
        let mut table = PortTable::default();
        assert_eq!(table.insert(old, "old"), None);
        assert_eq!((table.get(old), table.get(new)), (Some(&"old"), None));
        assert_eq!(table.remove(new), None, "only the port itself is removed");
        assert!(!table.is_free(new));
        assert_eq!(table.remove(old), Some("old"));
        assert!(table.is_free(new) && table.is_free(PortId::new(9, 0)));
        table.insert(new, "new");
        assert_eq!((table.get(old), table.get(new)), (None, Some(&"new")));
        assert!(table.get_mut(old).is_none());
        assert_eq!(table.iter().collect::<Vec<_>>(), [(new, &"new")]);
    }

    #[test]
    fn walking_meets_every_port_once() {
        let mut table = PortTable::default();
        for index in [5, 0, 2] {
            table.insert(PortId::new(index, 7), index);
        }
        let walked: Vec<PortId> = (0..table.end()).filter_map(|index| table.at(index)).collect();
        assert_eq!(walked, [0, 2, 5].map(|index| PortId::new(index, 7)));
    }
}
