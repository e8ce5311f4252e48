//! Attempts a second to one endpoint, where its owner has limited them: a token bucket of one second's worth.

use super::schedule::SECOND_US;

/// Tokens, counted in microseconds of the time that they take to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bucket {
    /// Attempts a second; 0 for no limit.
    per_second: i64,
    /// From this moment on the bucket is full, in microseconds UTC.
    full_at_us: i64,
}

impl Bucket {
    /// A full one; `None` for no limit.
    pub(super) fn new(per_second: Option<i64>) -> Self {
        Self { per_second: per_second.unwrap_or(0).max(0), full_at_us: i64::MIN }
    }

    /// Takes another limit; what the bucket has stays where the limit does.
    pub(super) fn limit(&mut self, other: Self) {
        if self.per_second != other.per_second {
            *self = other;
        }
    }

    /// When the next attempt may begin, in microseconds UTC; not before `now_us`.
    pub(super) fn next_us(&self, now_us: i64) -> i64 {
        if self.per_second == 0 {
            return now_us;
        }
        (self.full_at_us(now_us).saturating_sub(SECOND_US - self.step_us())).max(now_us)
    }

    /// An attempt begins.
    pub(super) fn take(&mut self, now_us: i64) {
        if self.per_second > 0 {
            self.full_at_us = self.full_at_us(now_us).max(now_us).saturating_add(self.step_us());
        }
    }

    /// An empty bucket is full after a second: what is later was counted before the clock went back.
    fn full_at_us(&self, now_us: i64) -> i64 {
        if self.full_at_us > now_us.saturating_add(SECOND_US) { now_us } else { self.full_at_us }
    }

    fn step_us(&self) -> i64 {
        SECOND_US / self.per_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_begin_in_a_second_than_may_beyond_the_first() {
        let (mut bucket, mut now_us) = (Bucket::new(Some(10)), 0);
        let mut begun = Vec::new();
        while begun.len() < 50 {
            now_us = bucket.next_us(now_us);
            bucket.take(now_us);
            begun.push(now_us);
        }
        assert_eq!(begun.iter().filter(|at| **at == 0).count(), 10, "a second's worth at once");
        assert_eq!(begun[49], 40 * SECOND_US / 10);
    }

    #[test]
    fn a_clock_that_goes_back_freezes_no_limit() {
        let mut bucket = Bucket::new(Some(10));
        (0..10).for_each(|_| bucket.take(3_600 * SECOND_US));
        assert_eq!(bucket.next_us(0), 0);
        (0..10).for_each(|_| bucket.take(0));
        assert_eq!(bucket.next_us(0), SECOND_US / 10);
    }

    #[test]
    fn without_a_limit_nothing_waits() {
        let mut bucket = Bucket::new(None);
        for _ in 0..1_000 {
            assert_eq!(bucket.next_us(7), 7);
            bucket.take(7);
        }
    }
}
