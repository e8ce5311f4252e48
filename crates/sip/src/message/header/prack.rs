//! RAck (RFC 3262 §7.2); RSeq is a plain number.

use core::fmt;

use super::CSeq;
use crate::parse::cursor::{Cursor, number};

/// Which reliable provisional response a PRACK acknowledges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RAck {
    pub rseq: u32,
    pub cseq: CSeq,
}

impl RAck {
    pub fn parse(value: &[u8]) -> Option<RAck> {
        let mut cursor = Cursor::new(value);
        cursor.skip_space();
        let rseq = number(cursor.take_while(|byte| byte.is_ascii_digit()))?;
        Some(RAck { rseq, cseq: CSeq::parse(cursor.rest())? })
    }
}

impl fmt::Display for RAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.rseq, self.cseq)
    }
}
