//! The graph as the gateway drives it: datagrams and ticks in, packets and events out; and its jitter buffer over whole calls.

mod control;
mod early;
mod garbage;
mod jitter;
mod keys;
mod mix;
mod moving;
mod noise;
mod pace;
mod packets;
mod relay;
mod sending;
mod speech;
mod support;
mod tap;
mod transcode;
