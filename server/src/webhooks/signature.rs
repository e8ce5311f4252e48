//! `X-Sautikit-Signature`: how a customer's server knows that a request is ours.
//!
//! `t=UNIX,v1=HEX`, HEX = lower-case HMAC-SHA256 over the body's bytes, a full stop and `t`, keyed with the whole
//! secret (`whsec_…`) as UTF-8. The receiver refuses a `t` more than 300 s off.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Name of the header.
pub const HEADER: &str = "x-sautikit-signature";

/// The header's value for `body`, signed at `unix_seconds`.
pub fn sign(secret: &str, body: &[u8], unix_seconds: i64) -> String {
    use std::fmt::Write;

    // HMAC takes keys of every length (RFC 2104 §2), so there is no error to report.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(body);
    mac.update(b".");
    mac.update(unix_seconds.to_string().as_bytes());
    let mut value = format!("t={unix_seconds},v1=");
    for byte in mac.finalize().into_bytes() {
        let _ = write!(value, "{byte:02x}");
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with `printf 'a=1.1700000000' | openssl dgst -sha256 -hmac whsec_test`.
    #[test]
    fn the_signature_is_what_openssl_computes() {
        assert_eq!(
            sign("whsec_test", b"a=1", 1_700_000_000),
            "t=1700000000,v1=e63a680dad38e721d7633d16777e3e4d2f808d0d4d08f44e8bd13fd82e4f7b81"
        );
    }

    #[test]
    fn body_time_and_secret_all_count() {
        let one = sign("whsec_a", b"body", 1);
        assert_ne!(one, sign("whsec_b", b"body", 1));
        assert_ne!(one, sign("whsec_a", b"body!", 1));
        assert_ne!(one[4..], sign("whsec_a", b"body", 2)[4..]);
    }
}
