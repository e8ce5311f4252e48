//! Ids in the order in which they were given out.

use std::collections::BinaryHeap;

/// Map order is random; events must not be. By a heap, because the library's sort is 7 kB of the browser's download.
pub(crate) fn in_order<K: Ord>(ids: impl Iterator<Item = K>) -> Vec<K> {
    BinaryHeap::from_iter(ids).into_sorted_vec()
}
