//! Authentication: digest for both ends (RFC 3261 §22, RFC 7616, RFC 8760) and bearer (RFC 8898).
//!
//! Randomness (salts, cnonces), keys and `now` come from the caller. Who a user is and which HA1
//! they have is the caller's to look up, between [`DigestAnswer::read`] and [`DigestServer::verify`].
//! Deliberately absent: `auth-int` (bodies are changed by every back-to-back user agent) and the
//! `-sess` algorithms.

mod algorithm;
mod bearer;
mod client;
mod nonce;
mod replay;
mod server;

pub use algorithm::{Algorithm, Ha1};
pub use bearer::{BearerFault, bearer_challenge, bearer_credentials, bearer_token};
pub use client::{DigestClient, Secret};
pub use nonce::NonceKey;
pub use replay::{MAX_NONCES, NC_WINDOW};
pub use server::{DigestAnswer, DigestFault, DigestServer};
