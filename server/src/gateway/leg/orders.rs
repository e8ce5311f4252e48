//! What a call asks of a leg that calls or is called.

use voice::{Cause, Refusal};

/// Orders that may wait for a leg; a call gives a handful in a leg's life.
pub const ORDER_QUEUE: usize = 32;

/// One order. Those that come too late change nothing.
#[derive(Debug, Clone)]
pub enum LegOrder {
    /// 180 to the caller.
    Ring,
    /// 183 with the answer SDP to the caller.
    PassEarly,
    /// 200 to the caller.
    Accept,
    /// A final refusal to the caller.
    Refuse(Refusal),
    /// BYE, CANCEL or a refusal, whichever the state wants.
    Hangup(Cause),
}
