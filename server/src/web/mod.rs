//! What a room's `http.rs` needs, and no room is named in.

pub mod caller;
pub mod client_ip;
pub mod error;
pub(crate) mod etag;
pub mod idempotency;
pub mod json;
pub mod live;
pub mod moment;
pub mod page;
pub mod params;
pub mod passed_on;
pub mod query;
pub mod rate_limit;
pub(crate) mod told;
