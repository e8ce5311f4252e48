//! How long to wait before the next attempt to reach the gateway.

/// Wait before the first attempt: a restart of a proxy is over by then.
const FIRST_MS: f64 = 500.0;
/// Longest wait: a page that was asleep is back within this time.
const LONGEST_MS: f64 = 30_000.0;
/// The same for calls whose network is gone: the next one is there after some hundred milliseconds, and an attempt without a
/// network costs nobody anything.
const FIRST_OF_CALLS_MS: f64 = 120.0;
const LONGEST_OF_CALLS_MS: f64 = 1_000.0;
/// By which each of these waits is longer than the one before.
const STEP_OF_CALLS_MS: f64 = 40.0;

/// Milliseconds before attempt `attempt` (from 0). `random` in 0..1 spreads the browsers of one restarted server over
/// half to all of the wait. With `is_hanging` calls wait for it, in another network.
pub(crate) fn delay_ms(attempt: u32, is_hanging: bool, random: f64) -> i32 {
    let wait = if is_hanging {
        (FIRST_OF_CALLS_MS + STEP_OF_CALLS_MS * f64::from(attempt)).min(LONGEST_OF_CALLS_MS)
    } else {
        (FIRST_MS * f64::from(2_u32.saturating_pow(attempt))).min(LONGEST_MS)
    };
    (wait * (0.5 + random / 2.0)) as i32
}

#[cfg(test)]
mod tests {
    use super::delay_ms;

    #[test]
    fn waits_grow_up_to_their_limit() {
        assert_eq!(delay_ms(0, false, 0.0), 250);
        assert_eq!(delay_ms(3, false, 0.0), 2_000);
        assert_eq!(delay_ms(60, false, 0.999_999), 29_999);
    }

    #[test]
    fn calls_without_a_network_are_tried_often_and_never_seldom() {
        assert_eq!(delay_ms(0, true, 0.0), 60);
        let first_second = (0..).scan(0, |at, attempt| {
            *at += delay_ms(attempt, true, 1.0);
            Some(*at)
        });
        assert_eq!(first_second.take_while(|at| *at < 1_000).count(), 4);
        assert_eq!(delay_ms(u32::MAX, true, 1.0), 1_000);
    }
}
