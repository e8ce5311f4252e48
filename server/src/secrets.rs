//! Everything derived from the master key: keyed hashes of credentials and sealing of stored secrets.
//!
//! One key per purpose, so that a hash of a session can never pass for that of an API key. Rotation of the master key is
//! deliberately absent here; sealed values carry a version byte so that it can be added.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, KeyInit as _, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::entropy::Entropy;

/// Bytes of the master key.
pub const MASTER_KEY_BYTES: usize = 32;
/// First byte of a sealed value: XChaCha20-Poly1305 under the first master key.
const SEAL_VERSION: u8 = 1;
/// XChaCha20's nonce, long enough to be drawn at random.
const NONCE_BYTES: usize = 24;

/// What a derived key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Hashes of magic-link tokens, and the sealed paths that links lead back to.
    MagicLink,
    /// Hashes of invitation tokens.
    Invitation,
    /// Hashes of session cookies.
    Session,
    /// Sealed cookies and hashes of states of sign-in with Google.
    GoogleSignIn,
    /// Hashes of API keys.
    ApiKey,
    /// Sealed answers kept for replay.
    Idempotency,
    /// The ledger's hash chain.
    LedgerChain,
    /// Sealed signing keys of SIP tokens.
    SipTokenKey,
    /// Sealed secrets of SIP credentials and voice callbacks.
    VoiceSecret,
    /// Tokens in `stream_url`.
    StreamToken,
    /// Sealed mails that wait for the relay.
    Mail,
    /// Marks of the cursors of lists.
    Cursor,
    /// Marks of magic links in the browser that asked for them.
    LinkBrowser,
    /// Codes that are typed with a magic link in another browser.
    LinkCode,
    /// Paths that payment providers call back to.
    PaymentPath,
    /// Sealed passwords of trunks.
    TrunkPassword,
    /// Sealed secrets of webhook endpoints and workspaces.
    WebhookSecret,
    /// Sealed keys of recordings, by a key for each workspace.
    RecordingKey,
    /// Signatures of URLs by which recordings are heard.
    RecordingUrl,
    /// Sealed settings of workspaces' own buckets.
    StorageBucket,
    /// Signatures of receipts of erasures.
    ErasureReceipt,
    /// Hashes of numbers that were erased.
    ErasedNumber,
    /// Sealed callbacks of calls that listeners of other nodes are asked, and their answers.
    ListenerAsk,
    /// Proofs of requests that nodes pass on to each other.
    PassedOn,
}

impl Purpose {
    const fn label(self) -> &'static str {
        match self {
            Self::MagicLink => "sautikit magic link v1",
            Self::Invitation => "sautikit invitation v1",
            Self::Session => "sautikit session v1",
            Self::GoogleSignIn => "sautikit google sign-in v1",
            Self::ApiKey => "sautikit api key v1",
            Self::Idempotency => "sautikit idempotency v1",
            Self::LedgerChain => "sautikit ledger chain v1",
            Self::SipTokenKey => "sautikit sip token key v1",
            Self::VoiceSecret => "sautikit voice secret v1",
            Self::StreamToken => "sautikit stream token v1",
            Self::Mail => "sautikit mail v1",
            Self::Cursor => "sautikit cursor v1",
            Self::LinkBrowser => "sautikit link browser v1",
            Self::LinkCode => "sautikit link code v1",
            Self::PaymentPath => "sautikit payment path v1",
            Self::TrunkPassword => "sautikit trunk password v1",
            Self::WebhookSecret => "sautikit webhook secret v1",
            Self::RecordingKey => "sautikit recording key v1",
            Self::RecordingUrl => "sautikit recording url v1",
            Self::StorageBucket => "sautikit storage bucket v1",
            Self::ErasureReceipt => "sautikit erasure receipt v1",
            Self::ErasedNumber => "sautikit erased number v1",
            Self::ListenerAsk => "sautikit listener ask v1",
            Self::PassedOn => "sautikit passed on v1",
        }
    }
}

/// A sealed value that does not open: damaged, moved to another row, or sealed under another master key.
#[derive(Debug, thiserror::Error)]
#[error("a stored secret does not open under the configured master key")]
pub struct SealBroken;

/// The master key. Never printed.
pub struct Secrets {
    master: [u8; MASTER_KEY_BYTES],
}

impl Secrets {
    /// Takes the master key of the configuration.
    pub fn new(master: [u8; MASTER_KEY_BYTES]) -> Self {
        Self { master }
    }

    /// The key for one purpose (HMAC-SHA256 of its label under the master key).
    pub fn key(&self, purpose: Purpose) -> [u8; 32] {
        hmac_sha256(&self.master, &[purpose.label().as_bytes()])
    }

    /// A keyed hash in lower-case hex, for looking up a credential without storing it.
    pub fn hash(&self, purpose: Purpose, secret: &str) -> String {
        hex(&hmac_sha256(&self.key(purpose), &[secret.as_bytes()]))
    }

    /// Seals `plain`; `row` names where it is kept, so that a sealed value copied elsewhere does not open.
    pub fn seal(&self, purpose: Purpose, row: &str, plain: &[u8], entropy: &Entropy) -> String {
        seal_by(&cipher(self.key(purpose)), row, plain, entropy)
    }

    /// As [`Secrets::seal`], by a key of that tenant's own.
    pub fn seal_within(&self, purpose: Purpose, tenant: &str, row: &str, plain: &[u8], entropy: &Entropy) -> String {
        seal_by(&cipher(self.tenant_key(purpose, tenant)), row, plain, entropy)
    }

    /// Opens what [`Secrets::seal`] made for the same purpose and row.
    pub fn open(&self, purpose: Purpose, row: &str, sealed: &str) -> Result<Vec<u8>, SealBroken> {
        open_by(&cipher(self.key(purpose)), row, sealed)
    }

    /// Opens what [`Secrets::seal_within`] made for the same purpose, tenant and row.
    pub fn open_within(&self, purpose: Purpose, tenant: &str, row: &str, sealed: &str) -> Result<Vec<u8>, SealBroken> {
        open_by(&cipher(self.tenant_key(purpose, tenant)), row, sealed)
    }

    fn tenant_key(&self, purpose: Purpose, tenant: &str) -> [u8; 32] {
        hmac_sha256(&self.key(purpose), &[tenant.as_bytes()])
    }
}

fn cipher(key: [u8; 32]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Key::from(key))
}

fn seal_by(cipher: &XChaCha20Poly1305, row: &str, plain: &[u8], entropy: &Entropy) -> String {
    use base64::Engine;
    let nonce: [u8; NONCE_BYTES] = entropy.bytes();
    let payload = Payload { msg: plain, aad: row.as_bytes() };
    // Encryption fails only beyond 256 GiB.
    let sealed = cipher.encrypt(&XNonce::from(nonce), payload).unwrap_or_default();
    let mut bytes = vec![SEAL_VERSION];
    bytes.extend_from_slice(&nonce);
    bytes.extend_from_slice(&sealed);
    base64::engine::general_purpose::STANDARD_NO_PAD.encode(bytes)
}

fn open_by(cipher: &XChaCha20Poly1305, row: &str, sealed: &str) -> Result<Vec<u8>, SealBroken> {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD_NO_PAD.decode(sealed).map_err(|_| SealBroken)?;
    let (version, rest) = bytes.split_first().ok_or(SealBroken)?;
    let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(SealBroken)?;
    if *version != SEAL_VERSION {
        return Err(SealBroken);
    }
    let payload = Payload { msg: sealed, aad: row.as_bytes() };
    cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| SealBroken)
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(redacted)")
    }
}

/// HMAC-SHA256 over the parts, one after the other.
pub fn hmac_sha256(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // A key shorter than the block is padded with zeros (RFC 2104 §2), so the padded key is the same key.
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new(&block.into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_only_for_its_purpose_and_row() {
        let secrets = Secrets::new([7; 32]);
        let sealed = secrets.seal(Purpose::Idempotency, "row-1", b"secret", &Entropy::seeded(1));
        assert_eq!(secrets.open(Purpose::Idempotency, "row-1", &sealed).unwrap(), b"secret");
        assert!(secrets.open(Purpose::Idempotency, "row-2", &sealed).is_err());
        assert!(secrets.open(Purpose::VoiceSecret, "row-1", &sealed).is_err());
        assert!(Secrets::new([8; 32]).open(Purpose::Idempotency, "row-1", &sealed).is_err());
        assert!(secrets.open(Purpose::Idempotency, "row-1", "").is_err());
        let sealed = secrets.seal_within(Purpose::RecordingKey, "a", "row-1", b"secret", &Entropy::seeded(1));
        assert_eq!(secrets.open_within(Purpose::RecordingKey, "a", "row-1", &sealed).unwrap(), b"secret");
        assert!(secrets.open_within(Purpose::RecordingKey, "b", "row-1", &sealed).is_err());
        assert!(secrets.open(Purpose::RecordingKey, "row-1", &sealed).is_err());
    }

    #[test]
    fn hashes_differ_by_purpose() {
        let secrets = Secrets::new([7; 32]);
        assert_ne!(secrets.hash(Purpose::Session, "x"), secrets.hash(Purpose::ApiKey, "x"));
    }
}
