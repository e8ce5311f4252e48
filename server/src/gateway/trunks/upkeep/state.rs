//! How a trunk's registration and its reachability stand, and when what is next. Pure.
//!
//! ```text
//!  Asking ── 200 ──► Held ── refresh refused, silence, connection lost ──► Failed ── 30 s, 60 s, … 15 min ──► Asking
//!     └──────── refused, silence, no connection ────────────────────────────▲
//! ```

use std::time::Duration;

/// Before the first repetition; each further one waits twice as long (RFC 5626 §4.5).
const FIRST_WAIT: Duration = Duration::from_secs(30);
/// The longest wait: a carrier that comes back is found within it.
const LONGEST_WAIT: Duration = Duration::from_secs(900);
/// OPTIONS in a row without an answer after which nobody is there: one may be lost.
const SILENCES: u32 = 2;

/// A registration of ours with a carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    /// The carrier was asked, after so many failures in a row.
    Asking {
        /// Failures before.
        failures: u32,
    },
    /// It knows where we are.
    Held {
        /// Until when, on the monotonic clock; it is refreshed before.
        until: Duration,
    },
    /// It does not.
    Failed {
        /// The last status; 408 for silence, 503 where no connection could be opened.
        status: u16,
        /// In a row.
        failures: u32,
        /// When it is asked again.
        next_at: Duration,
    },
}

impl Registration {
    /// Nothing was asked before.
    pub const FIRST: Self = Self::Asking { failures: 0 };

    /// The carrier holds our binding for so long.
    pub fn held(&mut self, now: Duration, expires: Duration) {
        *self = Self::Held { until: now + expires };
    }

    /// It does not. Gives how many failures in a row that were.
    pub fn failed(&mut self, now: Duration, status: u16) -> u32 {
        let before = match self {
            Self::Asking { failures } | Self::Failed { failures, .. } => *failures,
            Self::Held { .. } => 0,
        };
        let failures = before.saturating_add(1);
        let wait = FIRST_WAIT.saturating_mul(1 << before.min(16)).min(LONGEST_WAIT);
        *self = Self::Failed { status, failures, next_at: now + wait };
        failures
    }

    /// Whether the carrier is to be asked again now; then it counts as asked.
    pub fn ask(&mut self, now: Duration) -> bool {
        match *self {
            Self::Failed { failures, next_at, .. } if next_at <= now => {
                *self = Self::Asking { failures };
                true
            }
            _ => false,
        }
    }
}

/// Whether a trunk answers OPTIONS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reachability {
    every: Duration,
    next_at: Duration,
    silences: u32,
    was_heard: bool,
}

impl Reachability {
    /// Asks `every` so often, at once first.
    pub fn new(now: Duration, every: Duration) -> Self {
        Self { every, next_at: now, silences: 0, was_heard: false }
    }

    /// Whether to ask now; then it counts as asked.
    pub fn ask(&mut self, now: Duration) -> bool {
        let is_due = self.next_at <= now;
        if is_due {
            self.next_at = now + self.every;
        }
        is_due
    }

    /// What came of a question: a status, or none. 408, 480 and 503 say as much as silence: it is there and takes no calls.
    pub fn told(&mut self, status: Option<u16>) {
        match status {
            None | Some(408 | 480 | 503) => self.silences = self.silences.saturating_add(1),
            Some(_) => (self.silences, self.was_heard) = (0, true),
        }
    }

    /// Whether it is there; none before anything is known.
    pub fn is_there(&self) -> Option<bool> {
        match self.silences {
            0 => self.was_heard.then_some(true),
            silences if silences < SILENCES => self.was_heard.then_some(true),
            _ => Some(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn failures_are_repeated_ever_more_seldom_and_a_success_begins_anew() {
        let mut registration = Registration::FIRST;
        let mut now = at(0);
        let mut waits = Vec::new();
        for expected in 1..=8 {
            assert_eq!(registration.failed(now, 503), expected);
            let Registration::Failed { next_at, .. } = registration else { panic!() };
            waits.push((next_at - now).as_secs());
            assert!(!registration.ask(next_at - at(1)) && registration.ask(next_at) && !registration.ask(next_at));
            now = next_at;
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, 900, 900, 900]);
        registration.held(now, at(600));
        assert_eq!(registration, Registration::Held { until: now + at(600) });
        assert_eq!(registration.failed(now, 403), 1);
    }

    #[test]
    fn one_lost_question_says_nothing_and_two_do() {
        let mut reachability = Reachability::new(at(0), at(30));
        assert!(reachability.ask(at(0)) && !reachability.ask(at(29)) && reachability.ask(at(30)));
        assert_eq!(reachability.is_there(), None);
        reachability.told(Some(200));
        assert_eq!(reachability.is_there(), Some(true));
        reachability.told(None);
        assert_eq!(reachability.is_there(), Some(true));
        reachability.told(Some(503));
        assert_eq!(reachability.is_there(), Some(false));
        reachability.told(Some(404));
        assert_eq!(reachability.is_there(), Some(true));
    }
}
