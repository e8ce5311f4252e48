//! The gateway: what stands between SIP peers and the calls.
pub mod leg;
pub mod media;
