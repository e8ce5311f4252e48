//! `a=crypto`: keys of SRTP in a description (RFC 4568 §9.1).

use core::fmt;

use super::Media;

/// Digits of the largest tag (RFC 4568 §9.1).
const TAG_MAX_DIGITS: usize = 9;
/// Longest MKI, octets (RFC 4568 §6.1).
const MKI_MAX_LENGTH: u8 = 128;
/// Digits of the largest 64-bit number, which no lifetime or MKI of anybody reaches.
const NUMBER_MAX_DIGITS: usize = 20;

/// One `a=crypto` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crypto {
    /// Names the line among those of its section, 0 to 999,999,999; an answer has that of the line that it takes.
    pub tag: u32,
    /// `AES_CM_128_HMAC_SHA1_80`, …, in the case it came in.
    pub suite: String,
    /// At least one.
    pub keys: Vec<InlineKey>,
    /// Session parameters (`KDR=…`, `UNENCRYPTED_SRTP`, `WSH=…`, …) as they came.
    pub parameters: Vec<String>,
}

/// A master key with its salt. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct InlineKey {
    /// Both, one after the other, in base64.
    pub text: String,
    /// How many packets it is for, as it came: digits, or `2^` and digits.
    pub lifetime: Option<String>,
    /// What its packets name it by.
    pub mki: Option<Mki>,
}

/// A master key identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mki {
    /// Its value in digits, as it came.
    pub value: String,
    /// Octets that it takes in each packet, 1 to 128.
    pub length: u8,
}

impl Crypto {
    /// Reads the attribute's value, with or without `crypto:` before it.
    pub fn parse(value: &str) -> Option<Crypto> {
        let value = value.strip_prefix("crypto:").unwrap_or(value);
        let mut parts = value.split_ascii_whitespace();
        let tag = parts.next().filter(|tag| is_number(tag) && tag.len() <= TAG_MAX_DIGITS)?.parse().ok()?;
        let suite = parts.next().filter(|suite| is_name(suite))?.to_owned();
        let keys = parts.next()?.split(';').map(InlineKey::parse).collect::<Option<Vec<_>>>()?;
        Some(Crypto { tag, suite, keys, parameters: parts.map(str::to_owned).collect() })
    }
}

impl InlineKey {
    /// `inline:` is the only method that there is (RFC 4568 §9.1).
    fn parse(parameter: &str) -> Option<InlineKey> {
        const METHOD: &str = "inline:";
        let method = parameter.get(..METHOD.len())?;
        let mut parts = parameter.get(METHOD.len()..)?.split('|');
        let text = parts.next().filter(|text| method.eq_ignore_ascii_case(METHOD) && is_base64(text))?.to_owned();
        let mut key = InlineKey { text, lifetime: None, mki: None };
        for part in parts {
            match part.split_once(':') {
                Some((value, length)) if key.mki.is_none() && is_number(value) && is_number(length) => {
                    let length = length.parse().ok().filter(|length| (1..=MKI_MAX_LENGTH).contains(length))?;
                    key.mki = Some(Mki { value: value.to_owned(), length });
                }
                None if key.lifetime.is_none() && key.mki.is_none() => {
                    let digits = part.strip_prefix("2^").unwrap_or(part);
                    key.lifetime = Some(part).filter(|_| is_number(digits)).map(str::to_owned);
                    key.lifetime.as_ref()?;
                }
                _ => return None,
            }
        }
        Some(key)
    }
}

impl Media {
    /// The `a=crypto` lines that can be read, in order.
    pub fn cryptos(&self) -> Vec<Crypto> {
        self.attributes.get_all("crypto").filter_map(Crypto::parse).collect()
    }
}

fn is_number(text: &str) -> bool {
    (1..=NUMBER_MAX_DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_base64(text: &str) -> bool {
    let text = text.trim_end_matches('=');
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

impl fmt::Display for Crypto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.tag, self.suite)?;
        for (index, key) in self.keys.iter().enumerate() {
            write!(f, "{}inline:{}", if index == 0 { "" } else { ";" }, key.text)?;
            if let Some(lifetime) = &key.lifetime {
                write!(f, "|{lifetime}")?;
            }
            if let Some(mki) = &key.mki {
                write!(f, "|{}:{}", mki.value, mki.length)?;
            }
        }
        self.parameters.iter().try_for_each(|parameter| write!(f, " {parameter}"))
    }
}

impl fmt::Debug for InlineKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InlineKey").field("lifetime", &self.lifetime).field("mki", &self.mki).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4568 §6.1 and §9.1 have these as examples.
    #[test]
    fn the_lines_of_the_standard_are_read() {
        let line = "1 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR|2^20|1:32";
        let crypto = Crypto::parse(line).unwrap();
        assert_eq!((crypto.tag, crypto.suite.as_str(), crypto.keys.len()), (1, "AES_CM_128_HMAC_SHA1_80", 1));
        let key = &crypto.keys[0];
        assert_eq!(key.text, "PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR");
        assert_eq!(key.lifetime.as_deref(), Some("2^20"));
        assert_eq!(key.mki, Some(Mki { value: "1".to_owned(), length: 32 }));
        let two = "2 F8_128_HMAC_SHA1_80 inline:MTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5QUJjZGVm|2^20|1:4;inline:QUJjZGVmMTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5|2^20|2:4 FEC_ORDER=FEC_SRTP";
        let crypto = Crypto::parse(two).unwrap();
        assert_eq!((crypto.keys.len(), crypto.parameters), (2, vec!["FEC_ORDER=FEC_SRTP".to_owned()]));
        for line in [line, two] {
            assert_eq!(Crypto::parse(line).unwrap().to_string(), line);
        }
    }

    #[test]
    fn a_key_needs_neither_lifetime_nor_mki_and_may_have_either() {
        for (key, lifetime, length) in [
            ("inline:QUJD", None, None),
            ("inline:QUJD|1048576", Some("1048576"), None),
            ("INLINE:QUJD|1:1", None, Some(1)),
            ("inline:QUJDRA==|2^31|7:128", Some("2^31"), Some(128)),
        ] {
            let crypto = Crypto::parse(&format!("crypto:7 AES_CM_128_HMAC_SHA1_32 {key}")).unwrap();
            let read = &crypto.keys[0];
            assert_eq!(
                (read.lifetime.as_deref(), read.mki.as_ref().map(|mki| mki.length)),
                (lifetime, length),
                "{key}"
            );
        }
    }

    #[test]
    fn what_is_no_crypto_line_is_none() {
        for line in [
            "",
            "1",
            "1 AES_CM_128_HMAC_SHA1_80",
            "x AES_CM_128_HMAC_SHA1_80 inline:QUJD",
            "1234567890 AES_CM_128_HMAC_SHA1_80 inline:QUJD",
            "-1 AES_CM_128_HMAC_SHA1_80 inline:QUJD",
            "1 AES-CM inline:QUJD",
            "1 AES_CM_128_HMAC_SHA1_80 uri:QUJD",
            "1 AES_CM_128_HMAC_SHA1_80 inline:",
            "1 AES_CM_128_HMAC_SHA1_80 inline:===",
            "1 AES_CM_128_HMAC_SHA1_80 inline:QUJD;",
            "1 AES_CM_128_HMAC_SHA1_80 inline:QUJD|",
            "1 AES_CM_128_HMAC_SHA1_80 inline:QUJD|2^",
            "1 AES_CM_128_HMAC_SHA1_80 inline:QUJD|1:0",
            "1 AES_CM_128_HMAC_SHA1_80 inline:QUJD|1:129",
            "1 AES_CM_128_HMAC_SHA1_80 inline:QUJD|1:4|2^20",
            "1 AES_CM_128_HMAC_SHA1_80 inline:QUJD|1:4|1:4",
            "1 AES_CM_128_HMAC_SHA1_80 inlin\u{e9}:QUJD",
        ] {
            assert!(Crypto::parse(line).is_none(), "{line}");
        }
        // A blank ends the key, and what follows is a parameter that nobody knows.
        assert_eq!(Crypto::parse("1 A inline:QU JD;").unwrap().parameters, ["JD;"]);
    }

    #[test]
    fn debug_shows_no_key() {
        let crypto = Crypto::parse("1 AES_CM_128_HMAC_SHA1_80 inline:R2VoZWlt").unwrap();
        assert!(!format!("{crypto:?}").contains("R2VoZWlt"));
    }
}
