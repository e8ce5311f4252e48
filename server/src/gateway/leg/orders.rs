//! What a call asks of a leg that calls or is called.

use media::Codec;
use tokio::sync::oneshot;
use voice::LegCommand;

/// Orders that may wait for a leg; a call gives a handful in a leg's life.
pub const ORDER_QUEUE: usize = 32;

/// The call's own command, with what the call's task adds to it. One that comes too late changes nothing.
#[derive(Debug)]
pub struct LegOrder {
    /// As the call gave it.
    pub command: LegCommand,
    /// With the commands that make the caller's SDP answer.
    pub settle: Option<Settle>,
}

impl From<LegCommand> for LegOrder {
    fn from(command: LegCommand) -> Self {
        Self { command, settle: None }
    }
}

/// What the caller's one SDP answer takes into account, and what comes of it.
#[derive(Debug)]
pub struct Settle {
    /// What the other side of the bridge speaks, when there is one.
    pub peer: Option<Codec>,
    /// Told once the answer stands, so that nothing is joined to or played on a leg without a codec.
    pub settled: oneshot::Sender<Codec>,
}
