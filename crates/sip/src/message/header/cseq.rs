//! CSeq (RFC 3261 §20.16).

use core::fmt;

use crate::message::Method;
use crate::parse::cursor::{Cursor, number};

/// Sequence number and method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CSeq {
    /// Below 2^31 when we choose it; any 32 bits when a peer does (RFC 3261 §8.1.1.5).
    pub number: u32,
    pub method: Method,
}

impl CSeq {
    /// Reads `1*DIGIT LWS Method`.
    pub fn parse(value: &[u8]) -> Option<CSeq> {
        super::single(value, |cursor: &mut Cursor<'_>| {
            let number = number(cursor.take_while(|byte| byte.is_ascii_digit()))?;
            if !matches!(cursor.peek(), Some(b' ' | b'\t')) {
                return None;
            }
            cursor.skip_space();
            Some(CSeq { number, method: Method::from_token(cursor.token()?) })
        })
    }
}

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.method)
    }
}
