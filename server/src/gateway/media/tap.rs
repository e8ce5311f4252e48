//! Listening in on a leg from outside the media threads: encoded audio with its media time, through a bounded ring.

use std::time::Duration;

use bytes::Bytes;
use media::{Codec, Side};
use tokio::sync::mpsc;

/// Packets that wait for a listener: 5 s of both sides. A listener that stalls for longer (a full disk) is told how many
/// packets it missed; the call itself never waits for it.
pub(super) const RING: usize = 500;

/// One packet's audio of a leg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TapPacket {
    /// Who said it.
    pub side: Side,
    /// Media time since the listening began; gaps are pauses and losses.
    pub at: Duration,
    /// How `payload` is encoded.
    pub codec: Codec,
    /// The packet's payload.
    pub payload: Bytes,
    /// Packets left out before this one because the listener did not keep up.
    pub missed: u64,
}

/// An open ear on one leg; dropping it ends the listening.
#[derive(Debug)]
pub struct Tap(mpsc::Receiver<TapPacket>);

impl Tap {
    pub(super) fn new() -> (mpsc::Sender<TapPacket>, Self) {
        let (ring, packets) = mpsc::channel(RING);
        (ring, Self(packets))
    }

    /// The next packet of either side; `None` once the leg is gone.
    pub async fn next(&mut self) -> Option<TapPacket> {
        self.0.recv().await
    }

    /// The next packet that is there already.
    pub fn waiting(&mut self) -> Option<TapPacket> {
        self.0.try_recv().ok()
    }
}
