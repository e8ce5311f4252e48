//! Content-Type and the members of Accept (RFC 3261 §20.15, §20.1).

use core::fmt;

use crate::message::Params;
use crate::parse::cursor::Cursor;

/// `type/subtype;params`. Compare with [`MediaType::is`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaType {
    pub kind: String,
    pub subtype: String,
    pub params: Params,
}

impl MediaType {
    /// Reads one media type or range.
    pub fn parse(value: &[u8]) -> Option<MediaType> {
        super::single(value, MediaType::read)
    }

    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Option<MediaType> {
        let kind = cursor.token()?.to_owned();
        if !cursor.eat_separator(b'/') {
            return None;
        }
        let subtype = cursor.token()?.to_owned();
        Some(MediaType { kind, subtype, params: Params::parse(cursor)? })
    }

    /// True for this essence, such as `application/sdp`, without regard to case.
    pub fn is(&self, essence: &str) -> bool {
        essence.split_once('/').is_some_and(|(kind, subtype)| {
            self.kind.eq_ignore_ascii_case(kind) && self.subtype.eq_ignore_ascii_case(subtype)
        })
    }

    /// True when this range (`*/*`, `application/*`, `application/sdp`) takes the essence.
    pub fn takes(&self, essence: &str) -> bool {
        essence.split_once('/').is_some_and(|(kind, subtype)| {
            (self.kind == "*" || self.kind.eq_ignore_ascii_case(kind))
                && (self.subtype == "*" || self.subtype.eq_ignore_ascii_case(subtype))
        })
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}{}", self.kind, self.subtype, self.params)
    }
}
