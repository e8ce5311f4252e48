//! What the page calls a destination and a caller, as SIP addresses.

use sautikit_api::telephone::Written;

/// The address of a destination: a telephone number in any form, an identity of the workspace, or a whole `sip:` URI.
pub(crate) fn target(destination: &str, domain: &str) -> Option<String> {
    let text = destination.trim();
    if text.starts_with("sip:") || text.starts_with("sips:") {
        return valid(text.to_owned());
    }
    let user = number(text).unwrap_or_else(|| text.to_owned());
    if user.is_empty() || user.contains(['@', ';', '?', ':']) {
        return None;
    }
    valid(["sip:", &user, "@", domain].concat())
}

/// The value of P-Preferred-Identity for one of the workspace's numbers.
pub(crate) fn preferred_identity(from: &str, domain: &str) -> Option<String> {
    let number = number(from)?;
    Some(["<sip:", &number, "@", domain, ">"].concat())
}

/// The number without separators; none when this is no number.
fn number(text: &str) -> Option<String> {
    // Parameters belong to `tel:`; behind a bare number they are an attempt at something else.
    let is_tel = text.trim_start().get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("tel:"));
    if !is_tel && text.contains(';') {
        return None;
    }
    let keys = Written::parse(text)?.keys;
    // A hash needs an escape in a URI; codes with keys that are no digits are nothing to call.
    keys.bytes().all(|key| key.is_ascii_digit() || key == b'+').then_some(keys)
}

/// The address, when every character may stand in one (RFC 3261 §25.1) and there is a host in it.
pub(crate) fn valid(address: String) -> Option<String> {
    let may_stand = |byte: u8| {
        byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'"' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | b',')
    };
    let (_, rest) = address.split_once(':')?;
    let (user, host) = rest.split_once('@').unwrap_or(("-", rest));
    let has_host = host.starts_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '[');
    (has_host && !user.is_empty() && !host.contains('@') && address.bytes().all(may_stand)).then_some(address)
}

/// The user part that the page is shown for a peer: `+254…` or an identity; the whole address when it has none.
pub(crate) fn shown(address: &str) -> String {
    let user = address.split_once(':').and_then(|(_, rest)| rest.split_once('@')).map(|(user, _)| user);
    let Some(user) = user else { return address.to_owned() };
    // Passwords are not for showing.
    let user = user.split(':').next().unwrap_or_default();
    let mut bytes = Vec::with_capacity(user.len());
    let mut parts = user.split('%');
    bytes.extend(parts.next().unwrap_or_default().bytes());
    for part in parts {
        match part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend(part.bytes().skip(2));
            }
            None => {
                bytes.push(b'%');
                bytes.extend(part.bytes());
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| user.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lose_what_surrounds_them() {
        for written in [" +254 700-000 001", "tel:+254700000001", "TEL:+254-700-000-001;ext=7"] {
            let uri = target(written, "example.org").unwrap();
            assert_eq!(uri, "sip:+254700000001@example.org", "{written}");
            assert_eq!(shown(&uri), "+254700000001");
        }
        // Whose country, the server knows.
        for (written, sent) in [("0700 000001", "0700000001"), ("00254700000001", "00254700000001")] {
            assert_eq!(target(written, "e.org").unwrap(), format!("sip:{sent}@e.org"));
            assert_eq!(preferred_identity(written, "e.org").unwrap(), format!("<sip:{sent}@e.org>"));
        }
    }

    #[test]
    fn identities_and_whole_addresses_are_destinations() {
        assert_eq!(target("asha.w", "example.org").unwrap(), "sip:asha.w@example.org");
        assert_eq!(target("sip:a@b.example", "example.org").unwrap(), "sip:a@b.example");
    }

    #[test]
    fn nothing_can_be_smuggled_into_the_request_line() {
        for destination in ["", "a@evil.example", "1;maddr=evil", "1\r\nTo: x", "a b?c"] {
            assert!(target(destination, "example.org").is_none(), "{destination:?}");
        }
        assert_eq!(preferred_identity("+1>\r\nX: y", "example.org"), None);
        assert_eq!(preferred_identity("+254 700 000001", "e.org").as_deref(), Some("<sip:+254700000001@e.org>"));
    }
}
