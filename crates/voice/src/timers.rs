//! The timers of a call: which there are, and which are armed.

use core::time::Duration;

use crate::output::LegId;

/// Every timer, with when it fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimerId {
    /// The targets that ring have rung long enough.
    Ring,
    /// The call has been answered for its longest duration.
    MaxDuration,
    /// What the wallet granted is used up.
    MoneyEnd,
    /// The money ends in a minute.
    MoneyWarning,
    /// The dialled connection has lasted its longest duration.
    DialMaxDuration,
    /// A callback, text or file has been waited for long enough for the caller to wonder: they hear a waiting tone.
    WaitingTone,
    /// A callback's client has not reported in its time: it counts as failed.
    CallbackOverdue,
    /// A text or file that is to be heard has not come in its time: it counts as failed.
    AudioOverdue,
    /// The prompt has ended and no digit came.
    FirstDigit,
    /// No further digit came.
    NextDigit,
    /// The keys that we press are pressed, and the pause after them is over.
    SendDigits,
    /// Nobody has judged who answered, in time.
    JudgementOverdue,
    /// A pause is over.
    Pause,
    /// A place in a queue has been waited in, or for, long enough.
    QueueWait,
    /// The beep before a recording is over.
    RecordBeep,
    /// The party has been recorded for the longest length.
    RecordLongest,
    /// The recorder has not reported in its time.
    RecordOverdue,
    /// A call without instructions has been open long enough.
    Notice,
    /// A leg's connection has been lost for too long.
    LegLost(LegId),
}

/// Which timers are armed, each at most once; a dozen at most, so looking at all is cheap.
#[derive(Default)]
pub(crate) struct Timers {
    due: Vec<(Duration, TimerId)>,
}

impl Timers {
    /// Fires at `at`, and no longer at an earlier setting.
    pub(crate) fn arm(&mut self, timer: TimerId, at: Duration) {
        self.disarm(timer);
        self.due.push((at, timer));
    }

    pub(crate) fn disarm(&mut self, timer: TimerId) {
        self.due.retain(|(_, armed)| *armed != timer);
    }

    /// When the next one is due.
    pub(crate) fn next(&self) -> Option<Duration> {
        self.due.iter().map(|(at, _)| *at).min()
    }

    /// Takes the next one if it is due by `now`, with the moment at which it was; of several at once the one armed first.
    pub(crate) fn take_due(&mut self, now: Duration) -> Option<(Duration, TimerId)> {
        let next = self.next().filter(|at| *at <= now)?;
        let index = self.due.iter().position(|(at, _)| *at == next)?;
        Some(self.due.remove(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_fires_first_and_a_later_setting_replaces() {
        let mut timers = Timers::default();
        timers.arm(TimerId::Ring, Duration::from_secs(60));
        timers.arm(TimerId::NextDigit, Duration::from_secs(5));
        timers.arm(TimerId::NextDigit, Duration::from_secs(8));
        assert_eq!(timers.take_due(Duration::from_secs(5)), None);
        assert_eq!(timers.next(), Some(Duration::from_secs(8)));
        assert_eq!(timers.take_due(Duration::from_secs(61)), Some((Duration::from_secs(8), TimerId::NextDigit)));
        timers.disarm(TimerId::Ring);
        assert_eq!((timers.take_due(Duration::MAX), timers.next()), (None, None));
    }
}
