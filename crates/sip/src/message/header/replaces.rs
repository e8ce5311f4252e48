//! Replaces (RFC 3891 §6.1), in an INVITE of an attended transfer.

use core::fmt;

use crate::message::Params;
use crate::parse::cursor::{Cursor, is_token, trim};

/// The dialog that a new call takes the place of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaces {
    pub call_id: String,
    pub to_tag: String,
    pub from_tag: String,
    /// Only an early dialog may be replaced.
    pub early_only: bool,
}

impl Replaces {
    pub fn parse(value: &[u8]) -> Option<Replaces> {
        let semicolon = memchr::memchr(b';', value)?;
        let (call_id, rest) = value.split_at_checked(semicolon)?;
        let call_id = core::str::from_utf8(trim(call_id)).ok().filter(|text| !text.is_empty())?;
        let mut cursor = Cursor::new(rest);
        let params = Params::parse(&mut cursor)?;
        if !trim(cursor.rest()).is_empty() {
            return None;
        }
        // A quoted one is no tag, and would print as something else.
        let tag = |name| params.get(name).filter(|tag| is_token(tag.as_bytes())).map(str::to_owned);
        Some(Replaces {
            call_id: call_id.to_owned(),
            to_tag: tag("to-tag")?,
            from_tag: tag("from-tag")?,
            early_only: params.contains("early-only"),
        })
    }
}

impl fmt::Display for Replaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{};to-tag={};from-tag={}", self.call_id, self.to_tag, self.from_tag)?;
        if self.early_only { f.write_str(";early-only") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_prints_to_the_same() {
        for value in ["a@h;to-tag=1;from-tag=2", "a;to-tag=1;from-tag=0;early-only"] {
            assert_eq!(Replaces::parse(value.as_bytes()).map(|replaces| replaces.to_string()).as_deref(), Some(value));
        }
        for no_tag in ["a;to-tag=\"x;y\";from-tag=2", "a;to-tag;from-tag=2", "a;to-tag=1", ";to-tag=1;from-tag=2"] {
            assert_eq!(Replaces::parse(no_tag.as_bytes()), None, "{no_tag}");
        }
    }
}
