//! What a port is told about its leg.

use core::time::Duration;

use crate::{FRAME_MS, codec::Codec};

/// Names one leg's media end within a [`super::Graph`]. The caller chooses it: the lower 32 bits are the port's place in a
/// table and therefore small numbers that are used again, the upper 32 tell the ports apart that follow each other there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortId(pub u64);

impl PortId {
    /// The port that has place `index` in its `generation`.
    pub fn new(index: u32, generation: u32) -> Self {
        Self(u64::from(generation) << 32 | u64::from(index))
    }

    /// Its place in a table.
    pub fn index(self) -> usize {
        (self.0 & u64::from(u32::MAX)) as usize
    }

    /// Which of the ports that had this place it is; wraps.
    pub fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// Who may send, seen from us (RFC 3264 §5.1 turned to our side).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendReceive,
    /// We send, the leg stays silent: it is on hold with music.
    SendOnly,
    /// The leg sends, we stay silent.
    ReceiveOnly,
    /// Nobody sends.
    Inactive,
}

impl Direction {
    /// We may send to the leg.
    pub fn sends(self) -> bool {
        matches!(self, Self::SendReceive | Self::SendOnly)
    }

    /// The leg is expected to send to us.
    pub fn receives(self) -> bool {
        matches!(self, Self::SendReceive | Self::ReceiveOnly)
    }
}

/// When a leg is sent silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// Never.
    Never,
    /// From its first sound on: nobody notices a pause in a stream that was heard. Before, a receiver that was sent nothing
    /// plays the first packet at once, where one that was sent silence plays it behind all that its jitter buffer holds.
    OnceHeard,
    /// From the beginning, so that NAT bindings and the peer's own watchdog stay open.
    Always,
}

/// Agreed stream parameters of one leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortParams {
    /// The one codec that the answer fixed; its RTP clock follows from it.
    pub codec: Codec,
    /// Payload type of the codec, both ways.
    pub payload_type: u8,
    /// Payload type and clock in hertz of telephone-event, when agreed.
    pub dtmf_payload_type: Option<(u8, u32)>,
    /// Our SSRC towards the leg.
    pub ssrc: u32,
    /// First sequence number that we send; the caller draws it (RFC 3550 §5.1).
    pub first_sequence: u16,
    /// First timestamp that we send; the caller draws it.
    pub first_timestamp: u32,
    /// Who may send at the moment; changes with hold.
    pub direction: Direction,
    /// Report [`super::MediaEvent::Stalled`] after this long without a packet from a leg that is
    /// expected to send; none never does.
    pub stall_after: Option<Duration>,
    /// When to send silence while there is nothing else to send. Relayed streams are never filled.
    pub fill: Fill,
    /// Milliseconds of audio in a packet of what is sent and not relayed: 10 to 60. Opus has whole frames of 20 ms.
    pub packet_ms: u32,
    /// Most bits per second of Opus that the leg wants; none leaves it to the encoder.
    pub most_bps: Option<u32>,
    /// The leg takes comfort noise (RFC 3389): that of the other side is forwarded. Its own is always understood.
    pub takes_noise: bool,
}

impl PortParams {
    /// A leg that ends by `media.timeout` after this long (gateway.md, "Calls").
    pub const STALL_AFTER: Duration = Duration::from_secs(30);

    /// Both ways, without telephone-event and comfort noise, silence filled, packets of 20 ms, stalled after 30 s, first values
    /// zero.
    pub fn new(codec: Codec, payload_type: u8, ssrc: u32) -> Self {
        Self {
            codec,
            payload_type,
            dtmf_payload_type: None,
            ssrc,
            first_sequence: 0,
            first_timestamp: 0,
            direction: Direction::SendReceive,
            stall_after: Some(Self::STALL_AFTER),
            fill: Fill::Always,
            packet_ms: FRAME_MS,
            most_bps: None,
            takes_noise: false,
        }
    }
}

/// What to look for in the audio of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DetectSet {
    /// Report [`super::MediaEvent::Silence`] once per stretch of silence that lasts this long.
    pub silence_ms: Option<u32>,
}
