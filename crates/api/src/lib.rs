//! The wire contract: what travels between Sautikit's API and its clients.
//!
//! Ids, money, the error catalogue, request and answer bodies. The server, the console and the tests share these
//! types, so that none can drift. Deliberately absent: behaviour, SQL, sockets and clocks; the crate builds for wasm32.

pub mod accounts;
pub mod actions;
pub mod alerts;
pub mod audit;
#[cfg(feature = "openapi")]
pub mod bounds;
pub mod call_traces;
pub mod calls;
pub mod conferences;
pub mod countries;
mod double_option;
pub mod error;
pub mod ids;
pub mod keys;
pub mod limits;
pub mod listener;
pub mod members;
pub mod money;
pub mod numbers;
pub mod operator;
pub mod playground;
pub mod pricing;
pub mod privacy;
pub mod queues;
pub mod recordings;
pub mod requests;
pub mod return_to;
pub mod rights;
#[cfg(feature = "openapi")]
pub mod sets;
pub mod shadow;
pub mod sip;
pub mod storage;
pub mod supply;
pub mod telephone;
pub mod trunks;
pub mod wallet;
pub mod webhooks;

pub use error::{ErrorBody, ErrorCode, ErrorDetail};
