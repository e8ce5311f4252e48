//! The form of a key: `skt_test_` or `skt_live_`, 32 random base62 characters, and a checksum of 6.
//!
//! The checksum lets secret scanners and the server recognise a key, or a typing error, without a database. It is
//! CRC-32 (IEEE 802.3) of what stands before it, in base62, as other platforms' scanners expect of such keys.

use crate::entropy::Entropy;

const LIVE_PREFIX: &str = "skt_live_";
const TEST_PREFIX: &str = "skt_test_";
const RANDOM_CHARS: usize = 32;
const CHECKSUM_CHARS: usize = 6;
/// Characters shown in lists: the prefix and four more.
const SHOWN_CHARS: usize = TEST_PREFIX.len() + 4;

/// A key's secret. Never logged: `Debug` shows the public prefix.
pub struct ApiKeySecret(String);

impl ApiKeySecret {
    /// A new key; `live` once a real carrier is connected.
    pub fn generate(entropy: &Entropy, live: bool) -> Self {
        let prefix = if live { LIVE_PREFIX } else { TEST_PREFIX };
        let body = format!("{prefix}{}", entropy.base62(RANDOM_CHARS));
        let checksum = checksum(&body);
        Self(body + &checksum)
    }

    /// Reads a key; `None` when form or checksum is wrong.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(LIVE_PREFIX).or_else(|| text.strip_prefix(TEST_PREFIX))?;
        let formed =
            rest.len() == RANDOM_CHARS + CHECKSUM_CHARS && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let (body, given) = text.split_at_checked(text.len().checked_sub(CHECKSUM_CHARS)?)?;
        (formed && checksum(body) == given).then(|| Self(text.to_owned()))
    }

    /// The whole secret.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Enough to recognise the key in a list, too little to use it.
    pub fn public_prefix(&self) -> &str {
        self.0.get(..SHOWN_CHARS).unwrap_or_default()
    }
}

impl std::fmt::Debug for ApiKeySecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ApiKeySecret({}…)", self.public_prefix())
    }
}

fn checksum(text: &str) -> String {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut value = crc32(text.as_bytes());
    let mut digits = [b'0'; CHECKSUM_CHARS];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(value % 62) as usize];
        value /= 62;
    }
    digits.iter().copied().map(char::from).collect()
}

/// CRC-32 as in IEEE 802.3, bit by bit: keys are 41 characters, a table would cost more to read than it saves.
fn crc32(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0xedb8_8320;
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (POLYNOMIAL & 0_u32.wrapping_sub(crc & 1)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_matches_the_published_check_value() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_generated_key_parses_back() {
        let secret = ApiKeySecret::generate(&Entropy::seeded(1), false);
        assert_eq!(secret.as_str().len(), 47);
        assert!(secret.as_str().starts_with("skt_test_"));
        assert!(ApiKeySecret::parse(secret.as_str()).is_some());
        assert!(ApiKeySecret::generate(&Entropy::seeded(1), true).as_str().starts_with("skt_live_"));
    }

    #[test]
    fn a_typing_error_is_found_offline() {
        let secret = ApiKeySecret::generate(&Entropy::seeded(1), false);
        let at = 20;
        let other = if secret.as_str().as_bytes()[at] == b'x' { "y" } else { "x" };
        let mut wrong = secret.as_str().to_owned();
        wrong.replace_range(at..=at, other);
        assert!(ApiKeySecret::parse(&wrong).is_none());
        assert!(ApiKeySecret::parse("skt_test_").is_none());
        assert!(ApiKeySecret::parse("é").is_none());
    }

    #[test]
    fn debug_output_hides_the_secret() {
        let secret = ApiKeySecret::generate(&Entropy::seeded(1), false);
        assert!(!format!("{secret:?}").contains(&secret.as_str()[SHOWN_CHARS..]));
    }
}
