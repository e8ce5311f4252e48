//! The hash chain over a wallet's ledger: each entry's hash is an HMAC over the previous hash and the entry itself.
//!
//! Whoever changes, removes or reorders an entry without the key breaks every hash from there on, which `wallet::verify`
//! finds. The key is derived by the caller from the master key; its id is stored with each entry so that keys can rotate.

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::secrets::hex;

/// What the first entry of a wallet has as its previous hash.
pub const GENESIS: &str = "";

/// The key of a chain, made ready once for many entries.
#[derive(Clone)]
pub struct ChainKey(Hmac<Sha256>);

impl ChainKey {
    /// Of these bytes.
    pub fn new(key: &[u8; 32]) -> Self {
        // A key shorter than the block is padded with zeros (RFC 2104 §2), so the padded key is the same key.
        let mut block = [0; 64];
        block[..key.len()].copy_from_slice(key);
        Self(<Hmac<Sha256> as hmac::KeyInit>::new(&block.into()))
    }
}

impl std::fmt::Debug for ChainKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChainKey")
    }
}

/// The fields that the chain protects: everything that a ledger row says.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    /// Hash of the entry before, lower-case hex, or [`GENESIS`].
    pub prev_hash: &'a str,
    /// Id of the key that makes this hash.
    pub key_id: &'a str,
    /// The entry's own id.
    pub id: &'a str,
    /// The wallet.
    pub workspace_id: &'a str,
    /// Place in the wallet, from 1, without gaps.
    pub seq: i64,
    /// The entry's kind, as stored.
    pub kind: &'a str,
    /// Signed change of the balance in minor units, tax included.
    pub amount_minor: i64,
    /// The part of `amount_minor` that is tax.
    pub tax_minor: i64,
    /// The balance once this entry counts.
    pub balance_after_minor: i64,
    /// The unique cause (`call:ID`, `topup:ID`, …).
    pub cause: &'a str,
    /// What statements print beside it.
    pub reference: &'a str,
    /// Microseconds UTC.
    pub created_at: i64,
}

impl Link<'_> {
    /// The entry's hash, lower-case hex.
    pub fn hash(&self, key: &ChainKey) -> String {
        let mut bytes = Vec::with_capacity(512);
        // Every field carries its length, so that no two entries serialise to the same bytes.
        for text in [self.prev_hash, self.key_id, self.id, self.workspace_id, self.kind, self.cause, self.reference] {
            bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        for number in [self.seq, self.amount_minor, self.tax_minor, self.balance_after_minor, self.created_at] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        let mut mac = key.0.clone();
        mac.update(&bytes);
        hex(&mac.finalize().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> ChainKey {
        ChainKey::new(&[7; 32])
    }

    fn link() -> Link<'static> {
        Link {
            prev_hash: GENESIS,
            key_id: "k1",
            id: "e1",
            workspace_id: "w1",
            seq: 1,
            kind: "top_up",
            amount_minor: 100_000,
            tax_minor: 0,
            balance_after_minor: 100_000,
            cause: "topup:t1",
            reference: "",
            created_at: 5,
        }
    }

    #[test]
    fn the_same_entry_has_the_same_hash() {
        assert_eq!(link().hash(&key()), link().hash(&key()));
        assert_eq!(link().hash(&key()).len(), 64);
    }

    #[test]
    fn the_hash_is_an_hmac_of_the_fields() {
        let mut bytes = Vec::new();
        for text in ["", "k1", "e1", "w1", "top_up", "topup:t1", ""] {
            bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        for number in [1_i64, 100_000, 0, 100_000, 5] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        assert_eq!(link().hash(&key()), hex(&crate::secrets::hmac_sha256(&[7; 32], &[&bytes])));
    }

    #[test]
    fn every_field_and_the_key_change_the_hash() {
        let hash = link().hash(&key());
        let changed = [
            Link { prev_hash: "00", ..link() },
            Link { key_id: "k2", ..link() },
            Link { id: "e2", ..link() },
            Link { workspace_id: "w2", ..link() },
            Link { seq: 2, ..link() },
            Link { kind: "call", ..link() },
            Link { amount_minor: 1, ..link() },
            Link { tax_minor: 1, ..link() },
            Link { balance_after_minor: 1, ..link() },
            Link { cause: "topup:t2", ..link() },
            Link { reference: "x", ..link() },
            Link { created_at: 6, ..link() },
        ];
        assert!(changed.iter().all(|other| other.hash(&key()) != hash));
        assert_ne!(link().hash(&ChainKey::new(&[8; 32])), hash);
    }

    #[test]
    fn text_can_not_move_between_fields() {
        let one = Link { cause: "ab", reference: "c", ..link() };
        let two = Link { cause: "a", reference: "bc", ..link() };
        assert_ne!(one.hash(&key()), two.hash(&key()));
    }
}
