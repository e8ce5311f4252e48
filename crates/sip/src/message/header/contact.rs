//! Contact (RFC 3261 §20.10, RFC 5626 for `+sip.instance` and `reg-id`).

use core::fmt;

use super::NameAddr;
use crate::message::Uri;
use crate::parse::cursor::number;

/// One Contact value. The wildcard `*` is not one: see `Headers::has_wildcard_contact`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    pub addr: NameAddr,
}

impl Contact {
    pub fn new(uri: Uri) -> Contact {
        Contact { addr: NameAddr::new(uri) }
    }

    /// Reads one Contact.
    pub fn parse(value: &[u8]) -> Option<Contact> {
        NameAddr::parse(value).map(|addr| Contact { addr })
    }

    pub fn uri(&self) -> &Uri {
        &self.addr.uri
    }

    /// Seconds asked for this binding. A number too large for 32 bits is the largest one, as
    /// RFC 3261 §20.19 limits the header to 2^32-1; not a number counts as absent (§10.3 step 7).
    pub fn expires_s(&self) -> Option<u32> {
        let text = self.addr.params.get("expires")?.as_bytes();
        number(text).or_else(|| crate::parse::cursor::is_digits(text).then_some(u32::MAX))
    }

    /// The device, as `urn:uuid:…` without the angle brackets.
    pub fn instance(&self) -> Option<&str> {
        let text = self.addr.params.get("+sip.instance")?;
        Some(text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or(text))
    }

    /// The flow number of an outbound registration, 1 to 2^31-1.
    pub fn reg_id(&self) -> Option<u32> {
        number(self.addr.params.get("reg-id")?.as_bytes()).filter(|id| (1..1 << 31).contains(id))
    }

    /// Preference in thousandths, 0 to 1000; 1000 when absent or malformed.
    pub fn q_thousandths(&self) -> u16 {
        self.addr.params.get("q").and_then(thousandths).unwrap_or(1000)
    }
}

fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = fraction.len();
    let fraction: u16 = if digits == 0 { 0 } else { number(fraction.as_bytes())? };
    let fraction = match digits {
        0 | 3 => fraction,
        1 => fraction * 100,
        2 => fraction * 10,
        _ => return None,
    };
    match (whole, fraction) {
        ("0", fraction) => Some(fraction),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

impl fmt::Display for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.addr.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outbound_parameters() {
        let contact = Contact::parse(b"<sip:x@abc.invalid;transport=ws>;reg-id=1;+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000A95A0E128>\";expires=300;q=0.33").unwrap();
        assert_eq!(contact.instance(), Some("urn:uuid:00000000-0000-1000-8000-000A95A0E128"));
        assert_eq!((contact.reg_id(), contact.expires_s(), contact.q_thousandths()), (Some(1), Some(300), 330));
    }

    #[test]
    fn overlarge_expiry_is_the_largest() {
        let contact = Contact::parse(b"<sip:a@b>;expires=280297596632815").unwrap();
        assert_eq!(contact.expires_s(), Some(u32::MAX));
    }
}
