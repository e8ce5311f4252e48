//! The gateway on real sockets: SIP and RTP of the sandbox carrier over loopback, driven through the API, on SQLite (what
//! the tables do on both engines is `calls`' and `wallet`'s business; what a blocked one does to calls is `blocked`'s).
//!
//! Nothing waits for a time to pass: states are polled from the API with a deadline.

mod blocked;
mod browser;
mod browsers;
mod callbacks;
mod carrier;
mod carriers;
mod conference;
mod conferences;
mod devices;
mod edges;
mod figures;
mod files;
mod limits;
mod machine;
mod nodes;
mod on_net;
mod outbound;
mod outside;
mod pbxs;
mod prepaid;
mod queue;
mod sandbox;
mod shadow;
mod sizes;
mod speech;
mod srtp;
mod strangers;
mod streams;
mod support;
mod traces;
mod transfers;
mod trunks;
