//! A device's password and what is kept of it.

use argon2::Argon2;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sip::auth::{Algorithm, Ha1};

use super::{Error, SipCredential};
use crate::secrets::Purpose;
use crate::state::AppState;

/// Lower-case letters and digits without i, l, o, 0 and 1: passwords are copied from screens into phones by hand.
const ALPHABET: &[u8; 31] = b"23456789abcdefghjkmnpqrstuvwxyz";
/// 26 of 31 are 128.8 bits, beyond guessing by whoever has heard a digest.
const LENGTH: usize = 26;
/// RFC 9106 §3.1: 16 bytes for passwords.
const SALT_BYTES: usize = 16;
/// The tag's length that is recommended there.
const HASH_BYTES: usize = 32;

/// A password, once.
pub(super) struct Secret {
    /// What is shown.
    pub(super) password: String,
    /// Its Argon2id hash in the PHC's form.
    pub(super) hash: String,
}

impl Secret {
    /// Draws a password and hashes it, on a thread that may take the time that this is meant to take.
    pub(super) async fn generate(app: &AppState) -> Result<Self, Error> {
        let (password, salt) = (app.entropy.text(ALPHABET, LENGTH), app.entropy.bytes());
        let hashing = tokio::task::spawn_blocking(move || {
            let hash = hashed(&password, &salt);
            hash.map(|hash| Self { password, hash })
        });
        hashing.await.ok().flatten().ok_or(Error::Unmade)
    }

    /// HA1 by MD5 and by SHA-256 in the realm of this installation, sealed for the credential's row.
    pub(super) fn sealed_ha1(&self, app: &AppState, credential: &SipCredential) -> String {
        let [md5, sha256] = [Algorithm::Md5, Algorithm::Sha256].map(|algorithm| {
            let ha1 = Ha1::new(algorithm, &credential.username, &app.config.sip.domain, &self.password);
            ha1.expose_hex().to_owned()
        });
        let plain = format!("{md5} {sha256}");
        app.secrets.seal(Purpose::VoiceSecret, &credential.id.to_string(), plain.as_bytes(), &app.entropy)
    }
}

/// By OWASP's parameters, which are the crate's own: 19 MiB, two passes, one lane.
fn hashed(password: &str, salt: &[u8; SALT_BYTES]) -> Option<String> {
    let argon2 = Argon2::default();
    let mut hash = [0; HASH_BYTES];
    argon2.hash_password_into(password.as_bytes(), salt, &mut hash).ok()?;
    let parameters = argon2.params();
    Some(format!(
        "$argon2id$v=19$m={},t={},p={}${}${}",
        parameters.m_cost(),
        parameters.t_cost(),
        parameters.p_cost(),
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(hash)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_says_how_it_was_made_and_not_of_what() {
        let hash = hashed("k7m2", &[7; SALT_BYTES]).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$"), "{hash}");
        assert!(!hash.contains("k7m2"));
        assert_ne!(hashed("k7m3", &[7; SALT_BYTES]).unwrap(), hash);
    }
}
