//! Typed header values, one file per header or group of headers with one grammar.
//!
//! Each value is read from and printed to one header value; which header it came from is the
//! caller's business. They own their text, so a dialog can keep them after the message is gone.

mod auth;
mod contact;
mod cseq;
mod event;
mod media_type;
mod name_addr;
mod prack;
mod reason;
mod replaces;
mod session_expires;
mod via;

pub use auth::{AuthParams, Challenge, Credentials};
pub use contact::Contact;
pub use cseq::CSeq;
pub use event::{Event, SubscriptionState};
pub use media_type::MediaType;
pub use name_addr::NameAddr;
pub use prack::RAck;
pub use reason::Reason;
pub use replaces::Replaces;
pub use session_expires::{Refresher, SessionExpires};
pub use via::{BRANCH_COOKIE, Via};

use crate::parse::cursor::Cursor;

/// Reads `value *( COMMA value )` until the end of the input.
pub(crate) fn comma_list<T>(input: &[u8], mut item: impl FnMut(&mut Cursor<'_>) -> Option<T>) -> Option<Vec<T>> {
    let mut cursor = Cursor::new(input);
    let mut items = Vec::new();
    loop {
        cursor.skip_space();
        items.push(item(&mut cursor)?);
        if !cursor.eat_separator(b',') {
            break;
        }
    }
    cursor.skip_space();
    cursor.is_empty().then_some(items)
}

/// Reads one value that fills the input.
pub(crate) fn single<T>(input: &[u8], item: impl FnOnce(&mut Cursor<'_>) -> Option<T>) -> Option<T> {
    let mut cursor = Cursor::new(input);
    cursor.skip_space();
    let value = item(&mut cursor)?;
    cursor.skip_space();
    cursor.is_empty().then_some(value)
}

/// Tokens separated by commas (Require, Supported, Allow). An empty header is an empty list, and
/// empty elements are skipped, as deployed agents send both.
pub(crate) fn token_list(input: &[u8]) -> Option<Vec<String>> {
    let mut tokens = Vec::new();
    for part in input.split(|&byte| byte == b',') {
        let part = crate::parse::cursor::trim(part);
        if part.is_empty() {
            continue;
        }
        if !crate::parse::cursor::is_token(part) {
            return None;
        }
        tokens.push(core::str::from_utf8(part).ok()?.to_owned());
    }
    Some(tokens)
}
