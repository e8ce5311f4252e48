//! When a failed job is tried again: a written schedule with jitter, then the last step for ever until it is dead.

/// Seconds until the next try, by the number of tries so far.
const DELAYS_SECONDS: &[i64] = &[1, 5, 30, 120, 600, 1_800];

/// Tries before a job is set aside as dead for people to look at: about two days.
pub(super) const MAX_ATTEMPTS: i64 = 100;

/// Each delay varies by this share either way, so that jobs that failed together do not return together.
const JITTER_PERCENT: i64 = 20;

/// Microseconds until the try after `attempts`; `random` is any number.
pub(super) fn delay_us(attempts: i64, random: u32) -> i64 {
    let index = usize::try_from(attempts.max(1) - 1).unwrap_or(usize::MAX).min(DELAYS_SECONDS.len() - 1);
    let base_us = DELAYS_SECONDS[index] * 1_000_000;
    let percent = i64::from(random % 41) - JITTER_PERCENT;
    base_us + base_us * percent / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_and_stay_within_a_fifth() {
        for (attempt, seconds) in (1_i64..).zip(DELAYS_SECONDS) {
            for random in 0..100 {
                let us = delay_us(attempt, random);
                assert!((seconds * 800_000..=seconds * 1_200_000).contains(&us));
            }
        }
    }

    #[test]
    fn the_last_delay_repeats() {
        assert_eq!(delay_us(1_000, 20), delay_us(6, 20));
    }
}
