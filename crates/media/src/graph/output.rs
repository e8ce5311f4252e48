//! What comes out of the graph.

use super::{PortId, Tapped};
use crate::watch::Change;

/// One packet to send or one thing that happened.
#[derive(Debug, PartialEq, Eq)]
pub enum Output<'a> {
    /// A complete RTP packet for the leg; valid only during the call of the sink.
    Send {
        /// The leg's port.
        port: PortId,
        /// Header and payload, without SRTP.
        packet: &'a [u8],
    },
    /// Something happened on the leg.
    Event {
        /// The leg's port.
        port: PortId,
        /// What happened.
        event: MediaEvent,
    },
    /// Audio of a port on which somebody listens in.
    Tapped(Tapped<'a>),
}

/// What a port reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaEvent {
    /// A play or tone came to its own end. One that was flushed or replaced reports nothing.
    PlayEnded {
        /// How long it played.
        played_ms: u32,
    },
    /// The leg pressed a key.
    Digit {
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: char,
        /// How long it was down.
        duration_ms: u32,
    },
    /// No packet came for the port's `stall_after`; reported once until packets come again.
    Stalled,
    /// Nothing is heard of the leg, or by it, or is again ([`super::Graph::watch`]).
    Watched(Change),
    /// The leg has been quiet for as long as [`super::DetectSet::silence_ms`] asked.
    Silence {
        /// How long it has been quiet.
        silence_ms: u32,
    },
}

/// Counts of one port.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PortStats {
    /// RTP packets received.
    pub packets_in: u64,
    /// Payload bytes received.
    pub bytes_in: u64,
    /// Packets that never came.
    pub lost_in: u64,
    /// Interarrival jitter in milliseconds.
    pub jitter_ms: f32,
    /// Packets that were no RTP or of a payload type not agreed.
    pub refused_in: u64,
    /// RTP packets sent.
    pub packets_out: u64,
    /// Payload bytes sent.
    pub bytes_out: u64,
    /// Round-trip time from the leg's last report.
    pub round_trip_ms: Option<f32>,
    /// Share of our packets that the leg lost lately, 0.0 to 1.0.
    pub remote_loss: Option<f32>,
    /// Opinion score of what was received, 1.0 to about 4.4.
    pub mos: f32,
}
