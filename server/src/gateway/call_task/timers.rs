//! The timers that a call has asked for, in order of their time.

use std::collections::HashMap;
use std::time::Duration;

use voice::TimerId;

/// At most one per id; a later one replaces it.
#[derive(Default)]
pub(in crate::gateway) struct Timers {
    due: HashMap<TimerId, Duration>,
}

impl Timers {
    pub(in crate::gateway) fn set(&mut self, timer: TimerId, at: Duration) {
        self.due.insert(timer, at);
    }

    /// The next one to fire. A call has a dozen at most, so looking at all is cheap.
    pub(in crate::gateway) fn next(&self) -> Option<(Duration, TimerId)> {
        self.due.iter().map(|(timer, at)| (*at, *timer)).min()
    }

    /// Takes the next one if it is due.
    pub(in crate::gateway) fn take_due(&mut self, now: Duration) -> Option<TimerId> {
        let (at, timer) = self.next()?;
        (at <= now).then(|| {
            self.due.remove(&timer);
            timer
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_fires_first_and_a_later_setting_replaces() {
        let mut timers = Timers::default();
        timers.set(TimerId::Ring, Duration::from_secs(60));
        timers.set(TimerId::Pause, Duration::from_secs(1));
        timers.set(TimerId::Pause, Duration::from_secs(2));
        assert_eq!(timers.take_due(Duration::from_secs(1)), None);
        assert_eq!(timers.take_due(Duration::from_secs(2)), Some(TimerId::Pause));
        assert_eq!(timers.next(), Some((Duration::from_secs(60), TimerId::Ring)));
    }
}
