//! What a call asks of a leg that calls or is called.

use std::time::Duration;

use media::Codec;
use voice::LegCommand;

/// Orders that may wait for a leg; a call gives a handful in a leg's life.
pub const ORDER_QUEUE: usize = 32;

/// The call's own command, with what the call's task adds to it. One that comes too late changes nothing.
#[derive(Debug)]
pub struct LegOrder {
    /// As the call gave it.
    pub command: LegCommand,
    /// What the other side of the bridge speaks, where there is one: the caller's one SDP answer prefers it.
    pub peer: Option<Codec>,
    /// When the call gave it, on the server's monotonic clock: a leg is hung up once, so of other commands nobody says.
    pub at: Option<Box<Duration>>,
}

impl From<LegCommand> for LegOrder {
    fn from(command: LegCommand) -> Self {
        Self { command, peer: None, at: None }
    }
}
