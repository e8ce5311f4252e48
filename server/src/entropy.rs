//! The server's randomness and the ids made from it: UUIDv7 from the injected clock, tokens of 256 bits.
//!
//! Tests seed it, so that a failing run can be repeated.

use std::fmt;

use parking_lot::Mutex;
use rand::distr::{Distribution, StandardUniform};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::clock::Clock;

/// Bytes of a bearer secret (magic link, session): 256 bits, beyond guessing.
pub const TOKEN_BYTES: usize = 32;

/// The id that a text always has: of what must be the same whenever it is made again. Anybody can tell it who knows the text.
pub fn uuid_of(text: &str) -> Uuid {
    Uuid::from_bytes(Sha256::digest(text).first_chunk().copied().unwrap_or_default())
}

/// A shared cryptographic random source.
pub struct Entropy {
    rng: Mutex<StdRng>,
}

impl fmt::Debug for Entropy {
    /// Its state would tell what comes next.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy")
    }
}

impl Entropy {
    /// Seeded by the operating system.
    pub fn from_os() -> Self {
        Self { rng: Mutex::new(StdRng::from_seed(rand::random())) }
    }

    /// For tests: the same seed gives the same sequence.
    pub fn seeded(seed: u64) -> Self {
        Self { rng: Mutex::new(StdRng::seed_from_u64(seed)) }
    }

    /// Fills `bytes`.
    pub fn fill(&self, bytes: &mut [u8]) {
        self.rng.lock().fill_bytes(bytes);
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A number, each equally likely; of floating point from 0 to below 1.
    pub fn number<T>(&self) -> T
    where
        StandardUniform: Distribution<T>,
    {
        self.rng.lock().random()
    }

    /// A time-ordered id. Ids of one millisecond come in random order; lists sort by their time column first.
    pub fn uuid(&self, clock: &dyn Clock) -> Uuid {
        let millis = u64::try_from(clock.now().as_millisecond()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }

    /// A secret for a URL or cookie: 256 bits in base64url without padding (43 characters).
    pub fn token(&self) -> String {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(self.bytes::<TOKEN_BYTES>())
    }

    /// `length` characters of base62, each equally likely.
    pub fn base62(&self, length: usize) -> String {
        self.text(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", length)
    }

    /// `length` characters of an alphabet of ASCII, each equally likely.
    pub fn text<const LETTERS: usize>(&self, alphabet: &[u8; LETTERS], length: usize) -> String {
        const { assert!(LETTERS > 0 && LETTERS <= 256) };
        // Of 256 values the last that make no whole alphabet are thrown away.
        let fair = 256 - 256 % LETTERS;
        let mut text = String::with_capacity(length);
        while text.len() < length {
            for byte in self.bytes::<64>().map(usize::from) {
                if byte < fair && text.len() < length {
                    text.extend(alphabet.get(byte % LETTERS).map(|letter| char::from(*letter)));
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::TestClock;

    #[test]
    fn ids_are_version_7_and_carry_the_clock() {
        let clock = TestClock::starting_at(jiff::Timestamp::from_millisecond(1_700_000_000_000).unwrap());
        let id = Entropy::seeded(1).uuid(clock.as_ref());
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(id.get_timestamp().unwrap().to_unix().0, 1_700_000_000);
    }

    #[test]
    fn base62_has_the_length_asked_for() {
        let text = Entropy::seeded(2).base62(32);
        assert_eq!(text.len(), 32);
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
}
