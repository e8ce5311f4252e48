//! Event and Subscription-State (RFC 6665 §8.2).

use core::fmt;

use crate::message::Params;
use crate::parse::cursor::Cursor;

/// The event package of a SUBSCRIBE or NOTIFY.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub package: String,
    pub params: Params,
}

/// `active`, `pending` or `terminated` with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionState {
    pub state: String,
    pub params: Params,
}

fn read(value: &[u8]) -> Option<(String, Params)> {
    super::single(value, |cursor: &mut Cursor<'_>| Some((cursor.token()?.to_owned(), Params::parse(cursor)?)))
}

impl Event {
    pub fn parse(value: &[u8]) -> Option<Event> {
        read(value).map(|(package, params)| Event { package, params })
    }
}

impl SubscriptionState {
    pub fn parse(value: &[u8]) -> Option<SubscriptionState> {
        read(value).map(|(state, params)| SubscriptionState { state, params })
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.package, self.params)
    }
}

impl fmt::Display for SubscriptionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.state, self.params)
    }
}
