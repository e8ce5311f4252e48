//! What one browser tells another with its call: headers of the page's own, `X-…`, from the INVITE that comes in to the ones
//! that go out to the workspace's browsers and devices; and what a trunk's list hands on. Nothing else of a caller's INVITE goes
//! further. Pure.

use bytes::Bytes;
use sip::message::Headers;

/// Ours begin so and are never taken from a caller.
const OURS: &str = "X-Sautikit-";
/// What a page may say begins so.
const CUSTOM: &str = "X-";
/// Headers of one call; more is a document and belongs to the customer's server.
const MOST: usize = 10;
/// Bytes of a name.
const LONGEST_NAME: usize = 64;
/// Bytes of a value.
const LONGEST_VALUE: usize = 256;
/// The same of what a trunk hands on: a STIR passport (RFC 8224) has some 700.
const LONGEST_PASSED: usize = 2_048;

/// The page's own headers in a caller's INVITE, at most [`MOST`]; what is too long or no plain text is left out.
pub(in crate::gateway) fn custom_headers_of(invite: &Headers) -> Headers {
    let mut custom = Headers::new();
    let kept = invite.iter().filter(|(name, value)| is_custom(name.as_str()) && is_plain(value));
    for (name, value) in kept.take(MOST) {
        custom.push(name.clone(), Bytes::copy_from_slice(value));
    }
    custom
}

/// The headers among `from` whose names a trunk lists, at most [`MOST`]; what is too long or no plain text is left out.
pub(in crate::gateway) fn passed_of(from: &Headers, names: &[String]) -> Headers {
    let mut passed = Headers::new();
    let is_listed = |name: &str| names.iter().any(|listed| listed.eq_ignore_ascii_case(name));
    let kept = from.iter().filter(|(name, value)| is_listed(name.as_str()) && is_text(value, LONGEST_PASSED));
    for (name, value) in kept.take(MOST) {
        passed.push(name.clone(), Bytes::copy_from_slice(value));
    }
    passed
}

fn is_custom(name: &str) -> bool {
    let begins = |prefix: &str| name.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
    name.len() <= LONGEST_NAME && begins(CUSTOM) && !begins(OURS)
}

fn is_plain(value: &[u8]) -> bool {
    is_text(value, LONGEST_VALUE)
}

fn is_text(value: &[u8], most: usize) -> bool {
    value.len() <= most && value.iter().all(|byte| (b' '..=b'~').contains(byte))
}

#[cfg(test)]
mod tests {
    use sip::message::HeaderName;

    use super::*;

    #[test]
    fn only_the_pages_own_headers_are_handed_on() {
        let mut invite = Headers::new();
        for (name, value) in [
            ("X-Customer", "asha"),
            ("x-order", "17"),
            ("X-Sautikit-From", "+254700000001"),
            ("x-sautikit-on-net", "secret 0"),
            ("P-Asserted-Identity", "<sip:a@b>"),
            ("X-Long", &"a".repeat(LONGEST_VALUE + 1)),
            ("X-Control", "a\u{7}"),
        ] {
            invite.push(HeaderName::from_token(name), Bytes::copy_from_slice(value.as_bytes()));
        }
        let custom = custom_headers_of(&invite);
        let names: Vec<_> = custom.iter().map(|(name, _)| name.as_str().to_owned()).collect();
        assert_eq!(names, ["X-Customer", "x-order"]);
    }

    #[test]
    fn a_trunk_hands_on_what_it_lists() {
        let mut invite = Headers::new();
        let passport = format!("eyJ{};info=<https://cert.example>", "a".repeat(700));
        for (name, value) in [("Identity", &*passport), ("x-account", "7"), ("X-Other", "no"), ("Subject", "a\u{7}")] {
            invite.push(HeaderName::from_token(name), Bytes::copy_from_slice(value.as_bytes()));
        }
        let listed = ["identity", "X-Account", "Subject"].map(str::to_owned);
        let passed = passed_of(&invite, &listed);
        let told: Vec<_> = passed.iter().map(|(name, value)| (name.as_str().to_owned(), value.len())).collect();
        assert_eq!(told, [("Identity".to_owned(), passport.len()), ("x-account".to_owned(), 1)]);
        assert_eq!(passed_of(&invite, &[]).iter().count(), 0);
    }

    #[test]
    fn their_number_is_bounded() {
        let mut invite = Headers::new();
        for number in 0..MOST * 2 {
            invite.push(HeaderName::from_token(&format!("X-H{number}")), Bytes::from_static(b"v"));
        }
        assert_eq!(custom_headers_of(&invite).iter().count(), MOST);
    }
}
