//! Authentication: digest for both ends (RFC 3261 §22, RFC 7616, RFC 8760) and bearer (RFC 8898).
//!
//! Randomness (salts, cnonces), keys and `now` come from the caller. Who a user is and which HA1
//! they have is the caller's to look up, between [`DigestAnswer::read`] and [`DigestServer::verify`].
//! Digest is a feature of the crate, because a browser has tokens only.
//! Deliberately absent: `auth-int` (bodies are changed by every back-to-back user agent) and the
//! `-sess` algorithms.

#[cfg(feature = "digest")]
mod algorithm;
mod bearer;
#[cfg(feature = "digest")]
mod client;
#[cfg(feature = "digest")]
mod nonce;
#[cfg(feature = "digest")]
mod replay;
#[cfg(feature = "digest")]
mod server;

#[cfg(feature = "digest")]
pub use algorithm::{Algorithm, Ha1};
pub use bearer::{BearerFault, bearer_challenge, bearer_credentials, bearer_token};
#[cfg(feature = "digest")]
pub use client::{DigestClient, Secret};
#[cfg(feature = "digest")]
pub use nonce::NonceKey;
#[cfg(feature = "digest")]
pub use replay::{MAX_NONCES, NC_WINDOW};
#[cfg(feature = "digest")]
pub use server::{DigestAnswer, DigestFault, DigestServer};
