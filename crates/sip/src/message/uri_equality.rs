//! When two URIs are the same (RFC 3261 §19.1.4; RFC 3966 §4 for `tel:`).

use super::uri::unescape;
use super::{Scheme, Uri};

/// Parameters that make URIs different when only one of the two has them.
const DECISIVE: [&str; 5] = ["user", "ttl", "method", "maddr", "transport"];

impl PartialEq for Uri {
    fn eq(&self, other: &Uri) -> bool {
        if self.scheme != other.scheme {
            return false;
        }
        match self.scheme {
            Scheme::Sip | Scheme::Sips => sip_equal(self, other),
            Scheme::Tel => {
                digits(self) == digits(other)
                    && self.params.len() == other.params.len()
                    && self.params.iter().all(|param| same_param(self, other, &param.name))
            }
            Scheme::Other(_) => self.user == other.user,
        }
    }
}

impl Eq for Uri {}

fn sip_equal(a: &Uri, b: &Uri) -> bool {
    optional_equal(a.user.as_deref(), b.user.as_deref())
        && optional_equal(a.password.as_deref(), b.password.as_deref())
        && a.host == b.host
        // An absent port is not the default port: the absent one may be resolved by SRV.
        && a.port == b.port
        && DECISIVE.iter().all(|name| same_param(a, b, name))
        && a.params.iter().all(|param| !b.params.contains(&param.name) || same_param(a, b, &param.name))
        && headers_equal(a, b)
}

fn optional_equal(a: Option<&str>, b: Option<&str>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a == b || unescape(a) == unescape(b),
        (None, None) => true,
        _ => false,
    }
}

fn same_param(a: &Uri, b: &Uri, name: &str) -> bool {
    a.params.contains(name) == b.params.contains(name)
        && match (a.params.get(name), b.params.get(name)) {
            (Some(a), Some(b)) => unescape(a).eq_ignore_ascii_case(&unescape(b)),
            (None, None) => true,
            _ => false,
        }
}

/// Header parts are never ignored, and their order says nothing.
fn headers_equal(a: &Uri, b: &Uri) -> bool {
    a.headers.len() == b.headers.len()
        && a.headers.iter().all(|(name, value)| {
            b.headers.iter().any(|(other, theirs)| {
                unescape(name).eq_ignore_ascii_case(&unescape(other)) && unescape(value) == unescape(theirs)
            })
        })
}

fn digits(uri: &Uri) -> String {
    let visual = |character: &char| !matches!(character, '-' | '.' | '(' | ')');
    uri.user
        .iter()
        .flat_map(|user| user.chars())
        .filter(visual)
        .map(|character| character.to_ascii_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::message::Uri;

    fn uri(text: &str) -> Uri {
        Uri::parse(text).unwrap()
    }

    #[test]
    fn equal_pairs_of_rfc_3261() {
        for (a, b) in [
            ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"),
            (
                "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
            ),
            (
                "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
            ),
        ] {
            assert_eq!(uri(a), uri(b), "{a} {b}");
        }
    }

    #[test]
    fn different_pairs_of_rfc_3261() {
        for (a, b) in [
            ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
            ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
            ("sip:a@b.example", "sips:a@b.example"),
        ] {
            assert_ne!(uri(a), uri(b), "{a} {b}");
        }
    }

    #[test]
    fn telephone_numbers_ignore_visual_separators() {
        assert_eq!(uri("tel:+254-722-000042"), uri("TEL:+254722000042"));
        assert_ne!(uri("tel:+254722000042"), uri("tel:254722000042"));
        assert_ne!(uri("tel:7042;phone-context=example.com"), uri("tel:7042;phone-context=example.net"));
    }
}
