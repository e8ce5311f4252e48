//! Legs on loopback, through the real media threads.

mod actors;
mod canceled;
mod keeping;
mod lengths;
mod negotiation;
mod peer;
mod rtp;
mod script;
mod srtp;
pub(in crate::gateway::leg) mod support;
mod webrtc;
mod webrtc_tcp;
mod wire;
