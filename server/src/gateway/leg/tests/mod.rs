//! Legs on loopback, through the real media threads.

mod rtp;
mod support;
mod webrtc;
