//! Files that were played, in memory, the least recently wanted forgotten first.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use media::Asset;
use reqwest::header::{HeaderName, HeaderValue};

use super::Key;

/// Audio kept: 128 MiB is three quarters of an hour at 8 and 16 kHz.
const CACHE_BYTES: usize = 128 << 20;

/// The headers that ask for a file only if it has changed.
pub(super) type Validators = Vec<(HeaderName, HeaderValue)>;

/// A file that was played.
pub(super) struct Kept {
    pub(super) asset: Arc<Asset>,
    /// Nobody is asked about it until then.
    pub(super) until: Duration,
    /// What it is asked about with.
    pub(super) validators: Validators,
}

#[derive(Default)]
pub(super) struct Cache {
    files: HashMap<Key, (Kept, u64)>,
    /// Counts the times that any was wanted.
    wanted: u64,
    bytes: usize,
}

impl Cache {
    /// The file, while nobody needs to be asked about it.
    pub(super) fn fresh(&mut self, key: &Key, now: Duration) -> Option<Arc<Asset>> {
        self.want(key).filter(|kept| now < kept.until).map(|kept| kept.asset.clone())
    }

    /// The file as it was once.
    pub(super) fn any(&mut self, key: &Key) -> Option<Arc<Asset>> {
        self.want(key).map(|kept| kept.asset.clone())
    }

    pub(super) fn validators(&self, key: &Key) -> Validators {
        self.files.get(key).map(|(kept, _)| kept.validators.clone()).unwrap_or_default()
    }

    /// It has not changed.
    pub(super) fn renew(&mut self, key: &Key, until: Duration) -> Option<Arc<Asset>> {
        let kept = self.want(key)?;
        kept.until = until;
        Some(kept.asset.clone())
    }

    pub(super) fn put(&mut self, key: Key, kept: Kept) {
        self.wanted += 1;
        let url_bytes = key.url.len();
        self.bytes += size_of(url_bytes, &kept);
        if let Some((old, _)) = self.files.insert(key, (kept, self.wanted)) {
            self.bytes -= size_of(url_bytes, &old);
        }
        while self.bytes > CACHE_BYTES
            && let Some(oldest) = self.files.iter().min_by_key(|(_, (_, wanted))| *wanted).map(|(key, _)| key.clone())
            && let Some((kept, _)) = self.files.remove(&oldest)
        {
            self.bytes -= size_of(oldest.url.len(), &kept);
        }
    }

    fn want(&mut self, key: &Key) -> Option<&mut Kept> {
        self.wanted += 1;
        let (kept, wanted) = self.files.get_mut(key)?;
        *wanted = self.wanted;
        Some(kept)
    }
}

/// Bytes of a place beside what is kept there, generously.
const PLACE_BYTES: usize = 512;

/// Bytes of both forms, 8 and 16 kHz with 16 bits, and of what stands beside them: a server can make that large.
fn size_of(url_bytes: usize, kept: &Kept) -> usize {
    let validators: usize = kept.validators.iter().map(|(_, value)| value.len()).sum();
    kept.asset.narrow().len() * 6 + url_bytes + validators + PLACE_BYTES
}

#[cfg(test)]
mod tests {
    use sautikit_api::ids::WorkspaceId;
    use uuid::Uuid;

    use super::*;

    fn key(url: &str) -> Key {
        Key { workspace: WorkspaceId(Uuid::nil()), url: url.to_owned() }
    }

    fn kept(samples: usize) -> Kept {
        let asset = Arc::new(Asset::from_narrow(vec![0; samples]));
        Kept { asset, until: Duration::from_secs(60), validators: Vec::new() }
    }

    #[test]
    fn a_file_holds_until_its_time_and_stays_at_hand_after_it() {
        let mut cache = Cache::default();
        cache.put(key("a"), kept(160));
        assert!(cache.fresh(&key("a"), Duration::from_secs(59)).is_some());
        assert!(cache.fresh(&key("a"), Duration::from_secs(60)).is_none());
        assert!(cache.any(&key("a")).is_some());
        assert!(cache.renew(&key("a"), Duration::from_secs(120)).is_some());
        assert!(cache.fresh(&key("a"), Duration::from_secs(119)).is_some());
    }

    #[test]
    fn the_least_recently_wanted_are_forgotten_first() {
        let mut cache = Cache::default();
        let third = CACHE_BYTES / 6 / 3 - PLACE_BYTES;
        for name in ["a", "b", "c"] {
            cache.put(key(name), kept(third));
        }
        assert!(cache.any(&key("a")).is_some());
        cache.put(key("d"), kept(third));
        assert!(cache.any(&key("b")).is_none());
        assert!(["a", "c", "d"].iter().all(|name| cache.any(&key(name)).is_some()));
        // The same again costs no more room.
        cache.put(key("d"), kept(third));
        assert!(cache.any(&key("a")).is_some());
        assert!(cache.bytes <= CACHE_BYTES);
    }
}
