//! Legs on loopback, through the real media threads.

mod actors;
mod canceled;
mod keeping;
mod negotiation;
mod peer;
mod rtp;
mod script;
mod support;
mod webrtc;
mod wire;
