//! Calls: placing, answering, ending, reading. Money's own claims are in `wallet`.

mod lifecycle;
mod placing;
mod prepaid;
mod reading;
mod stream;
pub(crate) mod support;
