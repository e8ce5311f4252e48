//! Addresses with a display name: From, To, Route, Record-Route, P-Asserted-Identity, Refer-To, …
//! (RFC 3261 §20.10, §25.1 `name-addr / addr-spec`).

use core::fmt;

use crate::message::params::write_quoted;
use crate::message::{Params, Uri};
use crate::parse::cursor::{Cursor, trim};

/// `"Display" <uri>;params`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameAddr {
    /// Without quotes and escapes; `None` when there is none or it is empty.
    pub display: Option<String>,
    pub uri: Uri,
    /// Header parameters, such as `tag`.
    pub params: Params,
}

impl NameAddr {
    pub fn new(uri: Uri) -> NameAddr {
        NameAddr { display: None, uri, params: Params::new() }
    }

    /// The same address with this tag.
    pub fn with_tag(mut self, tag: &str) -> NameAddr {
        self.params.set("tag", tag);
        self
    }

    /// The dialog tag of a From or To.
    pub fn tag(&self) -> Option<&str> {
        self.params.get("tag")
    }

    /// Reads one address that fills the value.
    pub fn parse(value: &[u8]) -> Option<NameAddr> {
        super::single(value, NameAddr::read)
    }

    /// Reads a comma-separated list (Route, Record-Route).
    pub fn parse_list(value: &[u8]) -> Option<Vec<NameAddr>> {
        super::comma_list(value, NameAddr::read)
    }

    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Option<NameAddr> {
        let display = read_display(cursor)?;
        let uri = if cursor.eat(b'<') {
            Uri::parse(cursor.take_through(b'>')?).ok()?
        } else if display.is_some() {
            return None;
        } else {
            // Without angle brackets, what follows `;` belongs to the header, and a `,` or `?` in
            // the URI would be ambiguous (RFC 3261 §20.10).
            let text = cursor.take_while(|byte| !matches!(byte, b' ' | b'\t' | b';' | b',' | b'<'));
            if text.contains(&b'?') {
                return None;
            }
            Uri::parse(text).ok()?
        };
        let params = Params::parse(cursor)?;
        Some(NameAddr { display: display.filter(|text| !text.is_empty()), uri, params })
    }
}

/// Outer `None`: malformed. Inner `None`: the value starts with a URI.
fn read_display(cursor: &mut Cursor<'_>) -> Option<Option<String>> {
    if cursor.peek() == Some(b'"') {
        let display = cursor.quoted()?;
        cursor.skip_space();
        return Some(Some(display));
    }
    let before = cursor.clone();
    // Quotes are inferred around a display name that should have had them (RFC 4475 §3.1.2.15); a
    // colon, quote or semicolon before the `<` means that this is a URI or something worse.
    let text = cursor.take_while(|byte| !matches!(byte, b'<' | b':' | b'"' | b';' | b'@'));
    if cursor.peek() == Some(b'<') {
        return Some(Some(String::from_utf8_lossy(trim(text)).into_owned()));
    }
    *cursor = before;
    Some(None)
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(display) = &self.display {
            write_quoted(f, display)?;
            f.write_str(" ")?;
        }
        // Always in brackets, so that the URI's parameters cannot become the header's.
        write!(f, "<{}>{}", self.uri, self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_after_a_bare_uri_belong_to_the_header() {
        let bare = NameAddr::parse(b"sip:+19725552222@gw1.example.net;tag=a").unwrap();
        assert_eq!((bare.tag(), bare.uri.params.len()), (Some("a"), 0));
        let bracketed = NameAddr::parse(b"<sip:+19725552222@gw1.example.net;tag=a>").unwrap();
        assert_eq!((bracketed.tag(), bracketed.uri.params.len()), (None, 1));
    }

    #[test]
    fn display_names_in_every_form() {
        for (text, display) in [
            (&b"\"A \\\"B\\\"\" <sip:a@b>"[..], Some("A \"B\"")),
            (b"caller<sip:a@b>", Some("caller")),
            (b"Bell, Alexander <sip:a@b>", Some("Bell, Alexander")),
            (b"token1~` token2'+_ <sip:a@b>", Some("token1~` token2'+_")),
            (b"<sip:a@b>", None),
            (b"\"\"<sip:a@b>", None),
        ] {
            assert_eq!(NameAddr::parse(text).unwrap().display.as_deref(), display);
        }
    }

    #[test]
    fn printing_quotes_what_needs_it() {
        let address = NameAddr::parse(b"\"J \\\\ \\\"\" <sip:a@b;lr>;tag=x").unwrap();
        assert_eq!(address.to_string(), "\"J \\\\ \\\"\" <sip:a@b;lr>;tag=x");
    }

    #[test]
    fn broken_values_are_refused() {
        for text in [
            &b"\"Mr. J. User <sip:j.user@example.com>"[..],
            b"<sip:a@b",
            b"< sip:a@b >",
            b"sip:a@b?Route=%3Csip:c%3E",
            b"",
            b"<sip:a@b> x",
            b"sip:a@b;",
        ] {
            assert_eq!(NameAddr::parse(text), None);
        }
    }

    #[test]
    fn lists_split_outside_brackets_and_quotes() {
        let list = NameAddr::parse_list(b"<sip:a,b@c;lr>, \"x,y\" <sip:d@e>,sip:f@g").unwrap();
        assert_eq!(list.len(), 3);
    }
}
