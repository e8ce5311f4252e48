//! What a call asks of a leg that calls or is called.

use media::Codec;
use tokio::sync::oneshot;
use voice::{Cause, Refusal};

/// Orders that may wait for a leg; a call gives a handful in a leg's life.
pub const ORDER_QUEUE: usize = 32;

/// One order. Those that come too late change nothing.
#[derive(Debug)]
pub enum LegOrder {
    /// 180 to the caller.
    Ring,
    /// 183 with the answer SDP to the caller.
    PassEarly(Settle),
    /// 200 to the caller.
    Accept(Settle),
    /// A final refusal to the caller.
    Refuse(Refusal),
    /// BYE, CANCEL or a refusal, whichever the state wants.
    Hangup(Cause),
}

/// What the caller's one SDP answer takes into account, and what comes of it.
#[derive(Debug)]
pub struct Settle {
    /// What the other side of the bridge speaks, when there is one.
    pub peer: Option<Codec>,
    /// Told once the answer stands, so that nothing is joined to or played on a leg without a codec.
    pub settled: oneshot::Sender<Codec>,
}
