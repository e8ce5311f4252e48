//! How long to wait before the next attempt to reach the gateway.

/// Wait before the first attempt: a restart of a proxy is over by then.
const FIRST_MS: f64 = 500.0;
/// Longest wait: a page that was asleep is back within this time.
const LONGEST_MS: f64 = 30_000.0;

/// Milliseconds before attempt `attempt` (from 0). `random` in 0..1 spreads the browsers of one restarted server over
/// half to all of the wait.
pub(crate) fn delay_ms(attempt: u32, random: f64) -> i32 {
    let wait = (FIRST_MS * f64::from(2_u32.saturating_pow(attempt))).min(LONGEST_MS);
    (wait * (0.5 + random / 2.0)) as i32
}

#[cfg(test)]
mod tests {
    use super::delay_ms;

    #[test]
    fn waits_grow_up_to_their_limit() {
        assert_eq!(delay_ms(0, 0.0), 250);
        assert_eq!(delay_ms(3, 0.0), 2_000);
        assert_eq!(delay_ms(60, 0.999_999), 29_999);
    }
}
