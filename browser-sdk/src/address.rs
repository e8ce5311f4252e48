//! What the page calls a destination and a caller, as SIP addresses.

use sip::message::Uri;

/// Separators that people write into telephone numbers.
const SEPARATORS: [char; 5] = [' ', '-', '(', ')', '.'];

/// The address of a destination: a telephone number, an identity of the workspace, or a whole `sip:` URI.
pub(crate) fn target(destination: &str, domain: &str) -> Option<Uri> {
    let text = destination.trim();
    if text.starts_with("sip:") || text.starts_with("sips:") {
        return Uri::parse(text).ok();
    }
    let user = number(text).unwrap_or_else(|| text.to_owned());
    if user.is_empty() || user.contains(['@', ';', '?', ':']) {
        return None;
    }
    Uri::parse(format!("sip:{user}@{domain}")).ok()
}

/// The value of P-Preferred-Identity for one of the workspace's numbers.
pub(crate) fn preferred_identity(from: &str, domain: &str) -> Option<String> {
    let number = number(from.trim()).filter(|number| number.starts_with('+'))?;
    Some(format!("<sip:{number}@{domain}>"))
}

/// The number without separators; none when this is no number.
fn number(text: &str) -> Option<String> {
    let bare: String = text.chars().filter(|letter| !SEPARATORS.contains(letter)).collect();
    let digits = bare.strip_prefix('+').unwrap_or(&bare);
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(bare)
}

/// The user part that the page is shown for a peer: `+254…` or an identity.
pub(crate) fn shown(uri: &Uri) -> String {
    uri.decoded_user().map_or_else(|| uri.to_string(), |user| user.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lose_their_separators() {
        let uri = target(" +254 700-000 001", "example.org").unwrap();
        assert_eq!(uri.to_string(), "sip:+254700000001@example.org");
        assert_eq!(shown(&uri), "+254700000001");
    }

    #[test]
    fn identities_and_whole_addresses_are_destinations() {
        assert_eq!(target("asha.w", "example.org").unwrap().to_string(), "sip:asha.w@example.org");
        assert_eq!(target("sip:a@b.example", "example.org").unwrap().to_string(), "sip:a@b.example");
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
