//! What a room's `http.rs` needs and no room is named in: so far idempotency keys.

pub mod idempotency;
