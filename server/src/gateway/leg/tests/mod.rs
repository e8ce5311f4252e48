//! Legs on loopback, through the real media threads.

mod negotiation;
mod rtp;
mod support;
mod webrtc;
