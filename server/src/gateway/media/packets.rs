//! Whole RTP packets to and from a leg whose transport is not ours: WebRTC.

use std::sync::Arc;

use bytes::Bytes;
use media::PortId;
use tokio::sync::mpsc;

use super::{command::Command, place::Place};

/// Packets waiting for a WebRTC leg's writer: 1.2 s of audio. Older audio is worthless.
pub(super) const OUTGOING: usize = 64;

/// Where the leg's received packets go.
#[derive(Debug, Clone)]
pub struct PacketSink {
    place: Arc<Place>,
    port: PortId,
}

/// Where the leg finds the packets that it shall send.
#[derive(Debug)]
pub struct PacketSource(mpsc::Receiver<Bytes>);

impl PacketSink {
    pub(super) fn new(place: Arc<Place>, port: PortId) -> Self {
        Self { place, port }
    }

    /// Hands one received RTP packet to the graph; drops it when the media thread is behind.
    pub fn deliver(&self, packet: Bytes) {
        self.place.link().packet(self.port, packet);
    }

    /// The transport proved that the peer is alive (RTCP, ICE consent) though no audio came.
    pub fn touch(&self) {
        self.place.send(Command::Touch(self.port));
    }
}

impl PacketSource {
    pub(super) fn new(packets: mpsc::Receiver<Bytes>) -> Self {
        Self(packets)
    }

    /// The next RTP packet to send; `None` once the port is gone.
    pub async fn next(&mut self) -> Option<Bytes> {
        self.0.recv().await
    }
}
