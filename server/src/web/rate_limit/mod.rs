//! Requests per second: of an address over all of `/v1`, and of an API key once it is known.
//!
//! The address comes first, before any credential is looked up, so that a flood of wrong keys costs no database; the key
//! comes right after authentication and before its scopes. Answers say what is left in `RateLimit` and what the rules are
//! in `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10, structured fields). Each node counts for itself.

mod fields;
mod quota;
mod table;

use std::hash::Hash;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use parking_lot::Mutex;
use sautikit_api::ErrorCode;
use sautikit_api::ids::ApiKeyId;
use serde_json::json;

use self::quota::Quota;
pub(crate) use self::quota::Standing;
use self::table::Table;
use super::client_ip::client_address;
use super::told;
use crate::address::counted;
use crate::config::Limits;
use crate::state::{AppState, Part};
use crate::web::error::{ApiError, ApiResult};

/// Both limits and who has used how much of them.
#[derive(Debug)]
pub struct RateLimits {
    by_address: Limit<IpAddr>,
    by_key: Limit<ApiKeyId>,
}

/// One limit; without a quota everything passes.
#[derive(Debug)]
struct Limit<K> {
    name: &'static str,
    table: Option<Mutex<Table<K>>>,
    refused: AtomicU64,
}

impl Part for RateLimits {}

impl RateLimits {
    /// This server's.
    pub fn of(app: &AppState) -> &Self {
        app.part()
    }

    /// With empty tables.
    pub fn new(limits: &Limits) -> Self {
        Self {
            by_address: Limit::new("ip", Quota::new(limits.ip_requests_per_second, limits.ip_burst)),
            by_key: Limit::new("key", Quota::new(limits.key_requests_per_second, limits.key_burst)),
        }
    }

    /// Requests refused so far, by the limit's name.
    pub(crate) fn refused(&self) -> [(&'static str, u64); 2] {
        [
            (self.by_address.name, self.by_address.refused.load(Ordering::Relaxed)),
            (self.by_key.name, self.by_key.refused.load(Ordering::Relaxed)),
        ]
    }

    /// What an address is told that sent too many.
    pub(crate) fn refuse_address(&self, standing: &Standing) -> ApiError {
        self.by_address.too_many(standing)
    }

    /// Says in the answer what the rules are and what is left.
    pub(crate) fn write(&self, headers: &mut HeaderMap, of_address: Option<Standing>, of_key: Option<Standing>) {
        let standings = [(self.by_address.name, of_address), (self.by_key.name, of_key)];
        fields::write(headers, standings.into_iter().filter_map(|(name, standing)| Some((name, standing?))));
    }
}

impl<K: Hash + Eq> Limit<K> {
    fn new(name: &'static str, quota: Option<Quota>) -> Self {
        Self { name, table: quota.map(|quota| Mutex::new(Table::new(quota))), refused: AtomicU64::new(0) }
    }

    fn take(&self, now: Duration, client: K) -> Option<Standing> {
        let standing = self.table.as_ref()?.lock().take(now, client);
        if standing.refused {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        Some(standing)
    }

    fn too_many(&self, standing: &Standing) -> ApiError {
        let who = if self.name == "key" { "this API key" } else { "your address" };
        let seconds = standing.wait_seconds().max(1);
        ApiError::new(ErrorCode::RateLimited)
            .message(format!("Too many requests with {who}. Wait {seconds} s, then send fewer at once."))
            .details(json!({ "limit": self.name }))
            .retry_after(seconds)
    }
}

/// Counts a request of an address. Requests of the server to itself come from nowhere and are not counted; the console's
/// come from its visitor.
pub(crate) fn take_of_address(app: &AppState, request: &Request) -> Option<Standing> {
    let address = client_address(request.extensions(), request.headers(), &app.config.http.trusted_proxies)?;
    RateLimits::of(app).by_address.take(app.clock.monotonic(), counted(address))
}

/// Counts a request of a key that was just recognised.
///
/// # Errors
/// `rate_limited`.
pub(crate) fn take_of_key(app: &AppState, parts: &Parts, key: ApiKeyId) -> ApiResult<()> {
    let by_key = &RateLimits::of(app).by_key;
    let Some(standing) = by_key.take(app.clock.monotonic(), key) else { return Ok(()) };
    told::tell_standing(parts, standing);
    if standing.refused { Err(by_key.too_many(&standing)) } else { Ok(()) }
}
