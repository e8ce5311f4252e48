//! Calls: placing, answering, ending, reading. Money's own claims are in `wallet`.

mod fraud;
mod holds;
mod lifecycle;
mod limits;
mod nodes;
mod outage;
pub(crate) mod pbx;
mod placing;
mod prepaid;
mod reading;
mod record;
mod stream;
pub(crate) mod support;
mod telling;
