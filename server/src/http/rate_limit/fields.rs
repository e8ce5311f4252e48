//! The headers `RateLimit` and `RateLimit-Policy`: lists of structured fields (RFC 9651), an item per limit.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::quota::{Standing, whole_seconds};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Says what the limits are and what is left of them.
pub(super) fn write(headers: &mut HeaderMap, standings: &[(&str, Standing)]) {
    if standings.is_empty() {
        return;
    }
    let list = |item: &dyn Fn(&str, &Standing) -> String| {
        standings.iter().map(|(name, standing)| item(name, standing)).collect::<Vec<_>>().join(", ")
    };
    // `w` is whole seconds in the draft: the time that an empty bucket takes to fill, rounded up.
    let policy = list(&|name, standing| {
        format!("\"{name}\";q={};w={}", standing.quota.burst, whole_seconds(standing.quota.window()))
    });
    let left = list(&|name, standing| format!("\"{name}\";r={};t={}", standing.remaining, standing.wait_seconds()));
    for (name, text) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, left)] {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::quota::Quota;
    use super::*;

    #[test]
    fn the_fields_name_quota_window_rest_and_reset() {
        let mut full_at = Duration::ZERO;
        let key = Quota::new(100, 400).unwrap().take(Duration::ZERO, &mut full_at);
        let mut full_at = Duration::ZERO;
        let ip = Quota::new(300, 1_000).unwrap().take(Duration::ZERO, &mut full_at);
        let mut headers = HeaderMap::new();
        write(&mut headers, &[("ip", ip), ("key", key)]);
        assert_eq!(headers["ratelimit-policy"], "\"ip\";q=1000;w=4, \"key\";q=400;w=4");
        assert_eq!(headers["ratelimit"], "\"ip\";r=999;t=1, \"key\";r=399;t=1");
    }

    #[test]
    fn without_limits_there_are_no_fields() {
        let mut headers = HeaderMap::new();
        write(&mut headers, &[]);
        assert!(headers.is_empty());
    }
}
