//! Reason (RFC 3326): why a request was sent, with the Q.850 cause of telephone networks.

use core::fmt;

use crate::message::Params;
use crate::parse::cursor::{Cursor, number};

/// One reason value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// `SIP`, `Q.850` or an extension.
    pub protocol: String,
    pub params: Params,
}

impl Reason {
    /// A reason with a cause and a text.
    pub fn new(protocol: &str, cause: u16, text: &str) -> Reason {
        let mut params = Params::new();
        params.set("cause", cause.to_string());
        params.set_quoted("text", text);
        Reason { protocol: protocol.to_owned(), params }
    }

    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Option<Reason> {
        Some(Reason { protocol: cursor.token()?.to_owned(), params: Params::parse(cursor)? })
    }

    /// The cause code of this protocol.
    pub fn cause(&self) -> Option<u16> {
        number(self.params.get("cause")?.as_bytes())
    }

    /// The text that came with the cause.
    pub fn text(&self) -> Option<&str> {
        self.params.get("text")
    }

    /// The Q.850 cause (1 to 127), when this is one.
    pub fn q850(&self) -> Option<u8> {
        if !self.protocol.eq_ignore_ascii_case("Q.850") {
            return None;
        }
        self.cause().and_then(|cause| u8::try_from(cause).ok()).filter(|cause| (1..128).contains(cause))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.protocol, self.params)
    }
}
