//! Keys that asked a moment ago: a busy client would cost a query per request otherwise.
//!
//! What this node changes about keys, members or workspaces is counted ([`Changes`](crate::state::Changes)) and so holds from
//! the next request on; what another node changes holds here within [`FRESH_US`]. Deliberately absent: keys that are
//! unknown, which nobody could make forget when they come to be, and sessions, whose people don't ask that often.

use std::collections::HashMap;

use parking_lot::Mutex;

use super::store::StoredKey;
use crate::state::Part;

/// How long a key is believed without another look: the longest that a key lives on after another node revoked it.
const FRESH_US: i64 = 1_000_000;
/// Keys held at most, a few hundred bytes each. One more, and all make room.
const MOST_KEYS: usize = 10_000;

/// A secret as it was found: its key, and until when the secret works if it is a former one.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) stored: StoredKey,
    pub(super) former_until_us: Option<i64>,
}

/// What was found lately, by the secret's hash.
#[derive(Debug, Default)]
pub struct KnownKeys {
    /// With the moment and the count of changes before the look.
    found: Mutex<HashMap<String, (i64, u64, Found)>>,
}

impl Part for KnownKeys {}

impl KnownKeys {
    /// What was found while there were as many `changes` as now.
    pub(super) fn find(&self, hash: &str, changes: u64, now_us: i64) -> Option<Found> {
        let all = self.found.lock();
        let (at_us, changes_then, found) = all.get(hash)?;
        let is_fresh = now_us - at_us < FRESH_US && *changes_then == changes;
        is_fresh.then(|| found.clone())
    }

    /// `changes` are those before the look: what changes between the two makes it worthless.
    pub(super) fn remember(&self, hash: String, changes: u64, now_us: i64, found: Found) {
        let mut all = self.found.lock();
        if all.len() >= MOST_KEYS {
            all.clear();
        }
        all.insert(hash, (now_us, changes, found));
    }

    /// The use is being written, so that the next request need not.
    pub(super) fn used(&self, hash: &str, now_us: i64) {
        if let Some((_, _, found)) = self.found.lock().get_mut(hash) {
            found.stored.last_used_at_us = Some(now_us);
        }
    }
}

#[cfg(test)]
mod tests {
    use sautikit_api::accounts::Role;

    use super::*;
    use crate::accounts::Workspace;
    use crate::api_keys::RecognisedKey;

    fn found() -> Found {
        let workspace = Workspace {
            id: "00000000-0000-7000-8000-000000000001".parse().unwrap(),
            name: "Duka".into(),
            country: "KE".into(),
            currency: "KES".into(),
            suspended: false,
        };
        let key = RecognisedKey {
            id: "00000000-0000-7000-8000-000000000002".parse().unwrap(),
            grants: Vec::new(),
            created_by: "00000000-0000-7000-8000-000000000003".parse().unwrap(),
            role: Role::Owner,
            workspace,
            expires_at_us: None,
        };
        let stored = StoredKey { key, last_used_at_us: None, revoked_at_us: None };
        Found { stored, former_until_us: None }
    }

    fn knowing(hash: &str) -> KnownKeys {
        let known = KnownKeys::default();
        known.remember(hash.to_owned(), 1, 0, found());
        known
    }

    #[test]
    fn a_key_is_believed_for_a_second() {
        let known = knowing("a");
        assert!(known.find("a", 1, FRESH_US - 1).is_some());
        assert!(known.find("a", 1, FRESH_US).is_none());
        assert!(known.find("b", 1, 0).is_none());
    }

    #[test]
    fn a_change_is_seen_at_once_even_by_a_look_that_began_before_it() {
        let known = knowing("a");
        assert!(known.find("a", 2, 0).is_none());
        known.remember("a".to_owned(), 1, 0, found());
        assert!(known.find("a", 2, 0).is_none());
    }

    #[test]
    fn a_use_is_written_once() {
        let known = knowing("a");
        known.used("a", 5);
        assert_eq!(known.find("a", 1, 6).unwrap().stored.last_used_at_us, Some(5));
    }

    #[test]
    fn the_table_is_bounded() {
        let known = KnownKeys::default();
        for n in 0..=MOST_KEYS {
            known.remember(n.to_string(), 0, 0, found());
        }
        assert_eq!(known.found.lock().len(), 1);
    }
}
