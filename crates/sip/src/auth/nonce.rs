//! Nonces that the server can check without having stored them.
//!
//! A nonce is `time ‖ salt ‖ MAC(time ‖ salt ‖ realm)` in hex. Making one needs no memory, so an
//! unauthenticated flood costs no state.

use core::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::algorithm::hex;

/// Octets of the MAC that go into the nonce: 128 bits cannot be guessed.
const MAC_BYTES: usize = 16;
const ID_BYTES: usize = 16;

/// The key of the nonces of one server or cluster, 256 random bits.
#[derive(Clone)]
pub struct NonceKey([u8; 32]);

/// Time and salt: what tells nonces apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct NonceId {
    pub(super) made_ms: u64,
    pub(super) salt: u64,
}

impl NonceKey {
    pub fn new(key: [u8; 32]) -> NonceKey {
        NonceKey(key)
    }

    /// Two nonces of one instant differ by their salt, which the caller draws.
    pub(super) fn make(&self, now: Duration, salt: u64, realm: &str) -> String {
        let id = NonceId { made_ms: u64::try_from(now.as_millis()).unwrap_or(u64::MAX), salt };
        let mut nonce = hex(&id.bytes());
        nonce.push_str(&hex(&self.mac(id, realm)));
        nonce
    }

    /// The identity of a nonce that this key made; `None` for anything else.
    pub(super) fn open(&self, nonce: &str, realm: &str) -> Option<NonceId> {
        let bytes = unhex(nonce)?;
        let (id, mac) = bytes.split_at_checked(ID_BYTES)?;
        let (made, salt) = id.split_at_checked(8)?;
        let id = NonceId {
            made_ms: u64::from_be_bytes(made.try_into().ok()?),
            salt: u64::from_be_bytes(salt.try_into().ok()?),
        };
        bool::from(self.mac(id, realm).ct_eq(mac)).then_some(id)
    }

    fn mac(&self, id: NonceId, realm: &str) -> [u8; MAC_BYTES] {
        let mut short = [0; MAC_BYTES];
        // HMAC takes keys of every length; the error arm cannot be reached.
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) {
            mac.update(&id.bytes());
            mac.update(realm.as_bytes());
            let full = mac.finalize().into_bytes();
            for (to, from) in short.iter_mut().zip(full.iter()) {
                *to = *from;
            }
        }
        short
    }
}

impl NonceId {
    fn bytes(self) -> [u8; ID_BYTES] {
        ((u128::from(self.made_ms) << 64) | u128::from(self.salt)).to_be_bytes()
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 2 * (ID_BYTES + MAC_BYTES) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

impl core::fmt::Debug for NonceKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("NonceKey")
    }
}
