//! GCRA, the leaky bucket that stores one moment per client: pure, on `now`.
//!
//! The moment is when the client's bucket is full again (the "theoretical arrival time" of ITU-T I.371). Every request
//! pushes it one interval further; a request that would push it beyond the burst is refused and pushes nothing.
//! The crate `governor` does the same sum, but its table of clients has no bound between two sweeps.

use std::time::Duration;

/// How many requests a client may send: `per_second` on average, `burst` at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quota {
    /// What the bucket holds, in requests.
    pub(super) burst: u32,
    interval: Duration,
}

/// What a client has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The quota that it was measured against.
    pub(super) quota: Quota,
    /// Requests that may follow at once.
    pub(super) remaining: u32,
    /// Until the bucket is full again; for a refused request, until it may be repeated.
    pub(super) wait: Duration,
    /// Whether this request was one too many.
    pub(crate) refused: bool,
}

impl Quota {
    /// `None` when the rate is 0, which means no limit. A burst below 1 would admit nothing and counts as 1.
    pub(super) fn new(per_second: u32, burst: u32) -> Option<Self> {
        (per_second > 0).then(|| Self { burst: burst.max(1), interval: Duration::from_secs(1) / per_second })
    }

    /// How long an empty bucket takes to fill.
    pub(super) fn window(self) -> Duration {
        self.interval * self.burst
    }

    /// Takes one request at `now` from the bucket that is full at `full_at`, and moves that moment.
    pub(super) fn take(self, now: Duration, full_at: &mut Duration) -> Standing {
        let after = (*full_at).max(now) + self.interval;
        let latest = now + self.window();
        let refused = after > latest;
        if refused {
            return Standing { quota: self, remaining: 0, wait: after - latest, refused };
        }
        *full_at = after;
        let free = (latest - after).as_nanos() / self.interval.as_nanos().max(1);
        let remaining = u32::try_from(free).unwrap_or(u32::MAX);
        Standing { quota: self, remaining, wait: after - now, refused }
    }
}

impl Standing {
    /// [`Standing::wait`] in whole seconds, rounded up, so that nobody comes back too early.
    pub(super) fn wait_seconds(&self) -> u32 {
        u32::try_from(whole_seconds(self.wait)).unwrap_or(u32::MAX)
    }
}

/// Seconds, rounded up.
pub(super) fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn admitted(quota: Quota, full_at: &mut Duration, now: Duration, requests: u32) -> u32 {
        (0..requests).filter(|_| !quota.take(now, full_at).refused).fold(0, |count, _| count + 1)
    }

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let quota = Quota::new(100, 400).unwrap();
        let (mut full_at, start) = (Duration::ZERO, Duration::from_secs(1_000));
        assert_eq!(admitted(quota, &mut full_at, start, 1_000), 400);
        assert_eq!(admitted(quota, &mut full_at, start + MS * 9, 10), 0);
        assert_eq!(admitted(quota, &mut full_at, start + MS * 10, 10), 1);
        assert_eq!(admitted(quota, &mut full_at, start + MS * 1_010, 1_000), 100);
    }

    #[test]
    fn a_day_of_simulated_hammering_gets_the_rate_and_one_burst() {
        let quota = Quota::new(100, 400).unwrap();
        let mut full_at = Duration::ZERO;
        // A request every 5 ms is twice the rate.
        let count: u32 = (0..600_000).map(|tick| admitted(quota, &mut full_at, MS * 5 * tick, 1)).sum();
        assert!((300_400 - 2..=300_400).contains(&count), "{count} in 3,000 s");
    }

    #[test]
    fn the_rate_itself_is_never_refused() {
        let quota = Quota::new(100, 1).unwrap();
        let mut full_at = Duration::ZERO;
        assert!((0..10_000).all(|tick| !quota.take(MS * 10 * tick, &mut full_at).refused));
    }

    #[test]
    fn the_standing_counts_down_and_says_how_long_to_wait() {
        let quota = Quota::new(2, 3).unwrap();
        let (mut full_at, now) = (Duration::ZERO, Duration::from_secs(9));
        let left: Vec<_> = (0..3).map(|_| quota.take(now, &mut full_at)).collect();
        assert_eq!(left.iter().map(|left| left.remaining).collect::<Vec<_>>(), [2, 1, 0]);
        assert_eq!(left[2].wait, Duration::from_millis(1_500));
        let refused = quota.take(now, &mut full_at);
        assert!(refused.refused);
        assert_eq!((refused.wait, refused.wait_seconds()), (Duration::from_millis(500), 1));
        assert!(!quota.take(now + refused.wait, &mut full_at).refused);
    }

    #[test]
    fn a_rate_of_zero_is_no_limit() {
        assert_eq!(Quota::new(0, 400), None);
    }
}
