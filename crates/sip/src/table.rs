//! Values by key, for many entries or for few.
//!
//! A gateway has thousands of transactions and wants hash maps; a page has a handful, and would load kilobytes of hashing for
//! them. The feature `many` chooses.

#[cfg(feature = "many")]
pub(crate) use std::collections::HashMap as Table;

#[cfg(not(feature = "many"))]
pub(crate) use few::Table;

#[cfg(any(test, not(feature = "many")))]
#[cfg_attr(feature = "many", expect(dead_code, reason = "what the tests do not ask for"))]
mod few {
    use core::borrow::Borrow;

    /// As much of a hash map as the user agent asks for, over a vector that is searched from its begin.
    #[derive(Debug, Clone)]
    pub(crate) struct Table<K, V>(Vec<(K, V)>);

    impl<K, V> Default for Table<K, V> {
        fn default() -> Self {
            Self(Vec::new())
        }
    }

    impl<K: Eq, V> Table<K, V> {
        pub(crate) fn new() -> Self {
            Self::default()
        }

        fn place<Q: Eq + ?Sized>(&self, key: &Q) -> Option<usize>
        where
            K: Borrow<Q>,
        {
            self.0.iter().position(|(known, _)| known.borrow() == key)
        }

        pub(crate) fn get<Q: Eq + ?Sized>(&self, key: &Q) -> Option<&V>
        where
            K: Borrow<Q>,
        {
            self.0.get(self.place(key)?).map(|(_, value)| value)
        }

        pub(crate) fn get_mut<Q: Eq + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
        where
            K: Borrow<Q>,
        {
            let place = self.place(key)?;
            self.0.get_mut(place).map(|(_, value)| value)
        }

        pub(crate) fn contains_key<Q: Eq + ?Sized>(&self, key: &Q) -> bool
        where
            K: Borrow<Q>,
        {
            self.place(key).is_some()
        }

        /// Gives the value that it takes the place of.
        pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
            if let Some(known) = self.get_mut(&key) {
                return Some(core::mem::replace(known, value));
            }
            self.0.push((key, value));
            None
        }

        pub(crate) fn remove<Q: Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
        where
            K: Borrow<Q>,
        {
            let place = self.place(key)?;
            Some(self.0.swap_remove(place).1)
        }

        pub(crate) fn len(&self) -> usize {
            self.0.len()
        }

        pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
            self.0.iter().map(|(key, value)| (key, value))
        }

        pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
            self.0.iter().map(|(_, value)| value)
        }

        pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
            self.0.iter_mut().map(|(_, value)| value)
        }

        pub(crate) fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
            self.0.retain_mut(|(key, value)| keep(key, value));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::few;

    proptest! {
        #[test]
        fn few_entries_are_kept_as_many_are(steps in proptest::collection::vec((0_u8..8, 0_u8..4, any::<u16>()), 0..64)) {
            let (mut few, mut many) = (few::Table::new(), HashMap::new());
            for (key, what, value) in steps {
                match what {
                    0 => prop_assert_eq!(few.insert(key, value), many.insert(key, value)),
                    1 => prop_assert_eq!(few.remove(&key), many.remove(&key)),
                    2 => {
                        few.retain(|key, _| u16::from(*key) != value % 8);
                        many.retain(|key, _| u16::from(*key) != value % 8);
                    }
                    _ => prop_assert_eq!(few.get_mut(&key), many.get_mut(&key)),
                }
                prop_assert_eq!(few.get(&key), many.get(&key));
                prop_assert_eq!(few.len(), many.len());
                let mut all: Vec<_> = few.iter().map(|(key, value)| (*key, *value)).collect();
                let mut expected: Vec<_> = many.iter().map(|(key, value)| (*key, *value)).collect();
                all.sort_unstable();
                expected.sort_unstable();
                prop_assert_eq!(all, expected);
            }
        }
    }
}
