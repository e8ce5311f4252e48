//! The timers of a call: which there are, and which are armed.

use core::time::Duration;
use std::collections::BTreeMap;

use crate::output::LegId;

/// Every timer, with when it fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimerId {
    /// The targets that ring have rung long enough.
    Ring,
    /// The call has been answered for its longest duration.
    MaxDuration,
    /// What the wallet granted is used up.
    MoneyEnd,
    /// The dialled connection has lasted its longest duration.
    DialMaxDuration,
    /// A callback has been out long enough for the caller to wonder: they hear a waiting tone.
    WaitingTone,
    /// A callback's client has not reported in its time: it counts as failed.
    CallbackOverdue,
    /// The speech provider has not reported in its time: it counts as failed.
    SpeechOverdue,
    /// The prompt has ended and no digit came.
    FirstDigit,
    /// No further digit came.
    NextDigit,
    /// A pause is over.
    Pause,
    /// A call without instructions has been open long enough.
    Notice,
    /// A leg's connection has been lost for too long.
    LegLost(LegId),
}

/// Which timers are armed. A firing counts only if its timer is armed and due, so stale ones do nothing.
#[derive(Default)]
pub(crate) struct Timers {
    due: BTreeMap<TimerId, Duration>,
}

impl Timers {
    pub(crate) fn arm(&mut self, timer: TimerId, at: Duration) {
        self.due.insert(timer, at);
    }

    pub(crate) fn due(&self, timer: TimerId) -> Option<Duration> {
        self.due.get(&timer).copied()
    }

    pub(crate) fn disarm(&mut self, timer: TimerId) {
        self.due.remove(&timer);
    }

    /// Whether this firing counts; if so the timer is no longer armed.
    pub(crate) fn fire(&mut self, timer: TimerId, now: Duration) -> bool {
        let due = self.due.get(&timer).is_some_and(|at| *at <= now);
        if due {
            self.due.remove(&timer);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rearmed_timer_ignores_its_first_firing() {
        let mut timers = Timers::default();
        timers.arm(TimerId::NextDigit, Duration::from_secs(5));
        timers.arm(TimerId::NextDigit, Duration::from_secs(8));
        assert!(!timers.fire(TimerId::NextDigit, Duration::from_secs(5)));
        assert!(timers.fire(TimerId::NextDigit, Duration::from_secs(8)));
        assert!(!timers.fire(TimerId::NextDigit, Duration::from_secs(9)));
    }
}
