//! Answered time. Prices belong to the server; this only counts seconds, the same way for legs and calls.

use core::time::Duration;

/// Since when a call is answered.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    answered: Option<Duration>,
}

impl Meter {
    /// The first answer starts the meter; false for every later one.
    pub(crate) fn start(&mut self, now: Duration) -> bool {
        let first = self.answered.is_none();
        self.answered.get_or_insert(now);
        first
    }

    pub(crate) fn answered(&self) -> Option<Duration> {
        self.answered
    }

    /// Answered until `now`, in whole seconds rounded up.
    pub(crate) fn seconds(&self, now: Duration) -> u64 {
        self.answered.map_or(0, |answered| whole_seconds(now.saturating_sub(answered)))
    }
}

/// Rounded up: 46.5 s are 47.
pub(crate) fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// A moment as records keep it: what is finer than a microsecond would be rounded twice, once here and once there.
pub(crate) fn recorded(moment: Duration) -> Duration {
    Duration::new(moment.as_secs(), moment.subsec_micros() * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_of_a_second_counts_as_one() {
        assert_eq!(whole_seconds(Duration::from_millis(46_500)), 47);
        assert_eq!(whole_seconds(Duration::from_secs(47)), 47);
        assert_eq!(whole_seconds(Duration::ZERO), 0);
    }

    #[test]
    fn only_the_first_answer_counts() {
        let mut meter = Meter::default();
        assert!(meter.start(Duration::from_secs(2)));
        assert!(!meter.start(Duration::from_secs(9)));
        assert_eq!(meter.seconds(Duration::from_secs(10)), 8);
    }
}
