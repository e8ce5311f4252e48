//! The media half of a leg: which codec it speaks and how its SDP becomes a port of the media engine.
//!
//! `codecs` decides, `rtp_sdp` and `webrtc_sdp` read and write descriptions; [`RtpEnd`] (trunks, SIP
//! devices) and [`WebrtcEnd`] (browsers) are the two kinds of [`MediaEnd`]. The `webrtc` crate is
//! named in the `webrtc_*` files only.

pub mod call_id;
mod cause;
pub mod codecs;
pub mod custom_headers;
pub mod fork;
mod ice_tcp;
pub mod inbound;
pub mod invited;
mod layout;
mod links;
mod media_end;
mod mux;
pub mod orders;
pub mod outbound;
mod redirect;
pub mod report;
mod rtp_end;
mod rtp_sdp;
mod session_timer;
mod srtp;
mod stun;
mod talk;
pub mod talks;
#[cfg(test)]
mod tests;
pub mod transfer;
pub mod way;
mod webrtc_connection;
mod webrtc_dtls;
mod webrtc_end;
mod webrtc_lite;
mod webrtc_port;
mod webrtc_rtcp;
mod webrtc_runtime;
mod webrtc_sdp;

pub use codecs::CodecPolicy;
pub use media_end::{MayHear, MediaEnd, MediaEndError};
pub use orders::LegOrder;
pub use rtp_end::RtpEnd;
pub(in crate::gateway) use rtp_sdp::sample as sample_offer;
pub use webrtc_end::WebrtcEnd;
pub use webrtc_port::WebrtcPort;
