//! The hash functions of digest and the hashes made with them.

use md5::Md5;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// A digest algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    Sha256,
    /// For old devices, JsSIP and SIP.js only.
    Md5,
}

impl Algorithm {
    /// The name in the `algorithm` parameter.
    pub fn as_str(self) -> &'static str {
        match self {
            Algorithm::Sha256 => "SHA-256",
            Algorithm::Md5 => "MD5",
        }
    }

    /// The algorithm of the parameter; MD5 when it is absent (RFC 3261 §22.4).
    pub fn from_param(value: Option<&str>) -> Option<Algorithm> {
        match value {
            None => Some(Algorithm::Md5),
            Some(name) if name.eq_ignore_ascii_case("MD5") => Some(Algorithm::Md5),
            Some(name) if name.eq_ignore_ascii_case("SHA-256") => Some(Algorithm::Sha256),
            Some(_) => None,
        }
    }

    /// Lower-case hex of the hash of these parts joined by colons.
    pub(super) fn hash(self, parts: &[&str]) -> String {
        let text = parts.join(":");
        match self {
            Algorithm::Sha256 => hex(&Sha256::digest(text)),
            Algorithm::Md5 => hex(&Md5::digest(text)),
        }
    }

    fn hex_length(self) -> usize {
        match self {
            Algorithm::Sha256 => 64,
            Algorithm::Md5 => 32,
        }
    }
}

/// `H(username:realm:password)`: as good as the password within its realm, so it is never printed.
#[derive(Clone)]
pub struct Ha1 {
    algorithm: Algorithm,
    hex: String,
}

impl Ha1 {
    pub fn new(algorithm: Algorithm, username: &str, realm: &str, password: &str) -> Ha1 {
        Ha1 { algorithm, hex: algorithm.hash(&[username, realm, password]) }
    }

    /// A stored HA1; `None` unless it is hex of the algorithm's length.
    pub fn from_hex(algorithm: Algorithm, hex: &str) -> Option<Ha1> {
        let right = hex.len() == algorithm.hex_length() && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        right.then(|| Ha1 { algorithm, hex: hex.to_ascii_lowercase() })
    }

    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// For storing it, encrypted.
    pub fn expose_hex(&self) -> &str {
        &self.hex
    }

    /// The `response` for `qop=auth`, or without qop for peers of RFC 2069.
    pub(super) fn response(&self, method: &str, uri: &str, nonce: &str, qop: Option<(&str, &str)>) -> String {
        let ha2 = self.algorithm.hash(&[method, uri]);
        match qop {
            Some((nc, cnonce)) => self.algorithm.hash(&[&self.hex, nonce, nc, cnonce, "auth", &ha2]),
            None => self.algorithm.hash(&[&self.hex, nonce, &ha2]),
        }
    }
}

impl core::fmt::Debug for Ha1 {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Ha1").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// Compares hex of secrets without telling by its duration where they differ.
pub(super) fn same_hex(ours: &str, theirs: &str) -> bool {
    ours.as_bytes().ct_eq(theirs.to_ascii_lowercase().as_bytes()).into()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or('0');
    bytes.iter().flat_map(|&byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: &str = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
    const CNONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

    #[test]
    fn rfc_7616_examples() {
        for (algorithm, response) in [
            (Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
            (Algorithm::Sha256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let ha1 = Ha1::new(algorithm, "Mufasa", "http-auth@example.org", "Circle of Life");
            assert_eq!(ha1.response("GET", "/dir/index.html", NONCE, Some(("00000001", CNONCE))), response);
        }
    }

    #[test]
    fn rfc_2617_example() {
        let ha1 = Ha1::new(Algorithm::Md5, "Mufasa", "testrealm@host.com", "Circle Of Life");
        assert_eq!(ha1.expose_hex(), "939e7578ed9e3c518a452acee763bce9");
        let response = ha1.response(
            "GET",
            "/dir/index.html",
            "dcd98b7102dd2f0e8b11d0f600bfb0c093",
            Some(("00000001", "0a4f113b")),
        );
        assert_eq!(response, "6629fae49393a05397450978507c4ef1");
    }

    #[test]
    fn stored_ha1_must_be_hex_of_its_length() {
        assert!(Ha1::from_hex(Algorithm::Md5, "939E7578ed9e3c518a452acee763bce9").is_some());
        assert!(Ha1::from_hex(Algorithm::Sha256, "939e7578ed9e3c518a452acee763bce9").is_none());
        assert!(Ha1::from_hex(Algorithm::Md5, "g39e7578ed9e3c518a452acee763bce9").is_none());
    }
}
