//! The headers `RateLimit` and `RateLimit-Policy`: lists of structured fields (RFC 9651), an item per limit.

use std::fmt::Write;

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::quota::{Standing, whole_seconds};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// Both limits with large numbers.
const FIELD_CHARS: usize = 64;

/// Says what the limits are and what is left of them.
pub(super) fn write<'a>(headers: &mut HeaderMap, standings: impl Iterator<Item = (&'a str, Standing)>) {
    let (mut policy, mut left) = (String::with_capacity(FIELD_CHARS), String::with_capacity(FIELD_CHARS));
    for (name, standing) in standings {
        if !policy.is_empty() {
            policy.push_str(", ");
            left.push_str(", ");
        }
        // `w` is whole seconds in the draft: the time that an empty bucket takes to fill, rounded up.
        let (q, w) = (standing.quota.burst, whole_seconds(standing.quota.window()));
        let (r, t) = (standing.remaining, standing.wait_seconds());
        // Writing into a string can't fail.
        let _ = write!(policy, "\"{name}\";q={q};w={w}");
        let _ = write!(left, "\"{name}\";r={r};t={t}");
    }
    if policy.is_empty() {
        return;
    }
    for (name, text) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, left)] {
        if let Ok(value) = HeaderValue::try_from(text) {
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
        write(&mut headers, [("ip", ip), ("key", key)].into_iter());
        assert_eq!(headers["ratelimit-policy"], "\"ip\";q=1000;w=4, \"key\";q=400;w=4");
        assert_eq!(headers["ratelimit"], "\"ip\";r=999;t=1, \"key\";r=399;t=1");
    }

    #[test]
    fn without_limits_there_are_no_fields() {
        let mut headers = HeaderMap::new();
        write(&mut headers, [].into_iter());
        assert!(headers.is_empty());
    }
}
