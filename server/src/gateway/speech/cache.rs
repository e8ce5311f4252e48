//! Texts that were spoken, in memory.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use media::Asset;

/// Audio kept: 64 MiB is half an hour at 8 and 16 kHz.
const CACHE_BYTES: usize = 64 << 20;

pub(super) type Key = [u8; 32];

/// A spoken text, and how it differs from what was asked for.
type Held = (Arc<Asset>, Option<String>);

/// Spoken texts, the oldest forgotten first.
#[derive(Default)]
pub(super) struct Cache {
    assets: HashMap<Key, Held>,
    order: VecDeque<Key>,
    bytes: usize,
}

impl Cache {
    pub(super) fn get(&self, key: &Key) -> Option<Held> {
        self.assets.get(key).cloned()
    }

    pub(super) fn put(&mut self, key: Key, asset: Arc<Asset>, otherwise: Option<String>) {
        self.bytes += size_of_asset(&asset);
        if let Some((old, _)) = self.assets.insert(key, (asset, otherwise)) {
            // Two calls spoke the same text at once.
            self.bytes -= size_of_asset(&old);
            return;
        }
        self.order.push_back(key);
        while self.bytes > CACHE_BYTES
            && let Some(oldest) = self.order.pop_front()
        {
            if let Some((asset, _)) = self.assets.remove(&oldest) {
                self.bytes -= size_of_asset(&asset);
            }
        }
    }
}

/// Bytes of both forms: 8 and 16 kHz, 16 bits.
fn size_of_asset(asset: &Asset) -> usize {
    asset.narrow().len() * 6
}
