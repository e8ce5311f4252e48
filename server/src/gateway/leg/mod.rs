//! The media half of a leg: which codec it speaks and how its SDP becomes a port of the media engine.
//!
//! `codecs` decides, `rtp_sdp` reads and writes descriptions, [`RtpEnd`] is the [`MediaEnd`] of
//! trunks and SIP devices.

pub mod codecs;
mod media_end;
mod rtp_end;
mod rtp_sdp;
#[cfg(test)]
mod tests;

pub use codecs::CodecPolicy;
pub use media_end::{MediaEnd, MediaEndError};
pub use rtp_end::RtpEnd;
