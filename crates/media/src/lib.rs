//! Sans-IO audio for telephone calls: RTP, G.711, Opus, DTMF, tones and the [`Graph`] that joins
//! the legs of calls.
//!
//! Bytes and the time come in as arguments, bytes and events go out through a closure. The crate
//! opens no sockets, starts no threads, reads no clock and draws no random numbers, so the same
//! code runs in the server, in simulations and (without the `opus` feature) in the browser.
//! It does not encrypt: SRTP is taken off and put on by whoever owns the socket.

pub mod answering;
pub mod asset;
pub mod codec;
pub mod decoder;
pub mod dtmf;
pub mod feed;
#[cfg(feature = "files")]
pub mod file;
pub mod g711;
#[cfg(feature = "g722")]
pub mod g722;
pub mod graph;
pub mod halfband;
pub mod jitter;
pub mod level;
pub mod noise;
#[cfg(feature = "opus")]
pub mod ogg;
#[cfg(feature = "opus")]
pub mod opus;
pub mod plc;
pub mod quality;
pub mod reception;
pub mod recording;
pub mod resample;
pub mod rewrite;
pub mod rtcp;
pub mod rtp;
pub mod tone;
pub mod watch;
pub mod wav;

pub use asset::Asset;
pub use codec::Codec;
pub use feed::Feed;
pub use graph::{
    DetectSet, Direction, EARLY_FOR, Fill, Graph, GraphError, MediaEvent, MixId, Output, Port, PortId, PortParams,
    PortStats, PortTable, STEP, STEPS, Side, Tapped, Voice,
};
pub use tone::ToneSpec;
pub use watch::{Change, Piece, Silent};

/// Length of one generated frame in milliseconds: the telephone network's usual packet time.
pub const FRAME_MS: u32 = 20;
