//! The graph as the gateway drives it: datagrams and ticks in, packets and events out.

mod control;
mod garbage;
mod relay;
mod sending;
mod support;
mod transcode;
