//! Session-Expires (RFC 4028 §4); Min-SE is a number with parameters that mean nothing to us.

use core::fmt;

use crate::message::Params;
use crate::parse::cursor::{Cursor, number};

/// Who sends the refreshes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresher {
    Uac,
    Uas,
}

/// The session interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionExpires {
    pub interval_s: u32,
    pub refresher: Option<Refresher>,
}

impl SessionExpires {
    pub fn parse(value: &[u8]) -> Option<SessionExpires> {
        super::single(value, |cursor: &mut Cursor<'_>| {
            let interval_s = number(cursor.take_while(|byte| byte.is_ascii_digit()))?;
            let params = Params::parse(cursor)?;
            let refresher = match params.get("refresher") {
                Some(text) if text.eq_ignore_ascii_case("uac") => Some(Refresher::Uac),
                Some(text) if text.eq_ignore_ascii_case("uas") => Some(Refresher::Uas),
                Some(_) => return None,
                None => None,
            };
            Some(SessionExpires { interval_s, refresher })
        })
    }
}

impl fmt::Display for SessionExpires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.interval_s)?;
        match self.refresher {
            Some(Refresher::Uac) => f.write_str(";refresher=uac"),
            Some(Refresher::Uas) => f.write_str(";refresher=uas"),
            None => Ok(()),
        }
    }
}
