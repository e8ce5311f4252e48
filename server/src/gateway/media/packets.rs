//! Packets to and from a leg that are not its media thread's: all of WebRTC, and the handshakes of DTLS beside RTP.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use media::PortId;
use tokio::sync::mpsc;

use super::{Keys, Security, command::Command, place::Place};

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

/// What a handshake beside a leg's media needs of its port.
#[derive(Debug, Clone)]
pub struct Handshaker {
    place: Arc<Place>,
    port: PortId,
    origin: Instant,
}

impl Handshaker {
    pub(super) fn new(place: Arc<Place>, port: PortId, origin: Instant) -> Self {
        Self { place, port, origin }
    }

    /// The media threads' time.
    #[must_use]
    pub fn time(&self) -> Instant {
        self.origin + self.origin.elapsed()
    }

    /// How long it is until then.
    #[must_use]
    pub fn until(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.time())
    }

    /// Sends one datagram to where the leg's packets go.
    pub fn send(&self, datagram: Bytes) {
        self.place.send(Command::Handshake(self.port, datagram));
    }

    /// The handshake has led to these keys.
    pub fn secure(&self, keys: Keys) {
        self.place.send(Command::Secure(self.port, Security::Keyed(Box::new(keys))));
    }
}
