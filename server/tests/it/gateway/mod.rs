//! The gateway on real sockets: SIP and RTP of the sandbox carrier over loopback, driven through the API, on SQLite (what
//! the tables do on both engines is `calls`' and `wallet`'s business).
//!
//! Nothing waits for a time to pass: states are polled from the API with a deadline.

mod browser;
mod browsers;
mod callbacks;
mod carrier;
mod carriers;
mod conference;
mod conferences;
mod on_net;
mod outbound;
mod sandbox;
mod sizes;
mod strangers;
mod support;
