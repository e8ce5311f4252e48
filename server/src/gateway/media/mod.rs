//! The media engine of this node: dedicated threads that own the trunk legs' RTP sockets and drive
//! [`media::Graph`] every 20 ms. A slow database, webhook or runtime never delays audio, because
//! nothing here waits for them.
//!
//! # For the call task
//! ```text
//! MediaHandle::start(settings)                 once per node; clone it freely
//!   └ open_call(events) -> CallMedia           on one thread, until it comes to another call's; events: tokio mpsc
//!       ├ add_rtp(leg) -> Port                 a trunk leg: binds an RTP/RTCP pair, port.rtp()
//!       ├ add_packets(leg, ssrc) -> (Port, PacketSink, PacketSource)   a WebRTC leg: whole RTP packets
//!       ├ join, join_other, mix, split, play, tone, flush, send_digits, echo, detect, stats
//!       └ tap(port) -> Tap                     encoded audio with media time, for who records or listens
//! Port: secure(Security), mux(on), configure(Agreed), set_remote(address), id(); dropping it frees sockets, ports and the graph's port
//! ```
//! Normally only a [`MediaEnd`](super::leg) touches its [`Port`]; the call task passes
//! `end.port()` to the verbs of [`CallMedia`]. Verbs return at once: they queue a command, whose order
//! per call is kept. A verb on a port that has no codec yet takes effect when it has one; on a port that is gone it does
//! nothing, except that [`CallMedia::play`] and [`CallMedia::tone`] then report [`MediaEvent::PlayEnded`] with `played_ms`
//! 0, so that nobody waits forever. What happens on a leg arrives as [`LegMediaEvent`].
//!
//! Deliberately absent: codec choice ([`super::leg::codecs`]), SDP, agreeing on keys ([`srtp`] goes by them), and SRTP and RTCP
//! of browsers (the WebRTC stack does that by itself).

mod clock;
mod command;
mod engine;
mod handle;
mod ids;
mod latch;
mod legs;
mod link;
mod moving;
mod obey;
mod outgoing;
mod pacing;
mod packets;
mod place;
mod poller;
pub mod ports;
mod sockets;
mod srtp;
mod tap;
mod waiting;

pub use command::{Agreed, Wishes};
pub use handle::{CallMedia, Gauge, MediaHandle, MediaSettings, Port};
pub use media::{
    Asset, Codec, DetectSet, Direction, MediaEvent, MixId, PortId, PortStats, Side, ToneSpec, dtmf::Digit,
};
pub use packets::{Handshaker, PacketSink, PacketSource};
pub use ports::PortError;
#[cfg(test)]
pub(in crate::gateway) use srtp::{Guard, Kind};
pub use srtp::{Keys, KeysBy, MasterKey, Security, Suite};
pub use tap::{Tap, TapPacket};

/// The call's own number for a leg; comes back with each of the leg's events.
pub use voice::LegId;

/// Something happened in the media of a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LegMediaEvent {
    /// Which leg.
    pub leg: LegId,
    /// What happened.
    pub event: MediaEvent,
}
