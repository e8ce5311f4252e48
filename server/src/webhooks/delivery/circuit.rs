//! How much an endpoint is trusted with: pure, fed with outcomes and time.
//!
//! ```text
//!          10 failures in a row                      the pause is over
//! closed ───────────────────────► open (1 s … 60 s) ───────────────────► half open: one attempt
//!   ▲                               ▲                                        │         │
//!   │                               └────────────── failure, pause doubled ──┘         │
//!   └────────────────────────────────────────────────────────────── success ───────────┘
//! ```
//! While it is closed the attempts at the same time are as many as the last ones deserve: one more for a success, half as
//! many after a failure, so that an endpoint that hangs soon holds one of our requests and not dozens.

use super::schedule::SECOND_US;

/// At the same time to one endpoint: at 50 ms an answer 640 events a second.
pub(super) const MOST_AT_ONCE: u32 = 32;
/// To one that nothing is known of.
const AT_ONCE_AT_FIRST: u32 = 8;
/// In a row, until it is left alone for a while.
const FAILURES_TO_OPEN: i64 = 10;
/// The first pause, which each further failure doubles.
const FIRST_PAUSE_US: i64 = SECOND_US;
/// The longest pause: what waits is late by so much at most once the endpoint is back.
const LONGEST_PAUSE_US: i64 = 60 * SECOND_US;
/// Failing for so long, an endpoint is switched off (webhooks.md).
const FAILING_FOR_US: i64 = 3 * 86_400 * SECOND_US;
/// And so many attempts must have failed: one failure on Monday and one on Friday are no endpoint that is down.
const FAILURES_TO_DISABLE: i64 = 10;

/// What is known of one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circuit {
    /// Attempts that may run at the same time.
    at_once: u32,
    /// Nothing is sent before, in microseconds UTC.
    paused_until_us: Option<i64>,
    /// The pause after the next failure.
    pause_us: i64,
    /// Since when every attempt failed, in microseconds UTC.
    failing_since_us: Option<i64>,
    /// Attempts that failed in a row.
    failures: i64,
}

impl Circuit {
    /// As it was last written.
    pub fn new(failing_since_us: Option<i64>, failures: i64, paused_until_us: Option<i64>) -> Self {
        let at_once = if failures > 0 { 1 } else { AT_ONCE_AT_FIRST };
        Self { at_once, paused_until_us, pause_us: FIRST_PAUSE_US, failing_since_us, failures }
    }

    /// How many attempts may run now.
    pub fn room(&self, now_us: i64) -> u32 {
        match self.paused_until_us {
            Some(until_us) if now_us < until_us => 0,
            // Half open.
            Some(_) => 1,
            None => self.at_once,
        }
    }

    /// Until when nothing is sent.
    pub fn paused_until_us(&self) -> Option<i64> {
        self.paused_until_us
    }

    /// Since when every attempt failed, and how many did.
    pub fn failing(&self) -> (Option<i64>, i64) {
        (self.failing_since_us, self.failures)
    }

    /// An attempt succeeded.
    pub fn succeeded(&mut self) {
        let at_once = self.at_once.saturating_add(1).min(MOST_AT_ONCE);
        *self = Self { at_once, ..Self::new(None, 0, None) };
    }

    /// An attempt failed; `asked_until_us` is until when the endpoint asked to be left alone.
    pub fn failed(&mut self, now_us: i64, asked_until_us: Option<i64>) {
        // Nothing was sent for so long that nobody can say it failed all the time.
        if self.paused_until_us.is_some_and(|until_us| now_us.saturating_sub(until_us) >= FAILING_FOR_US) {
            *self = Self { at_once: self.at_once, ..Self::new(None, 0, None) };
        }
        self.failures = self.failures.saturating_add(1);
        self.failing_since_us.get_or_insert(now_us);
        self.at_once = (self.at_once / 2).max(1);
        // Others that ran beside the one that opened it say nothing new.
        let is_open = self.paused_until_us.is_some_and(|until_us| now_us < until_us);
        if self.failures >= FAILURES_TO_OPEN && !is_open {
            self.paused_until_us = Some(now_us + self.pause_us);
            self.pause_us = (self.pause_us * 2).min(LONGEST_PAUSE_US);
        }
        self.paused_until_us = self.paused_until_us.max(asked_until_us);
    }

    /// Whether it has failed for so long that it is to be switched off.
    pub fn is_hopeless(&self, now_us: i64) -> bool {
        self.failures >= FAILURES_TO_DISABLE
            && self.failing_since_us.is_some_and(|since_us| now_us - since_us >= FAILING_FOR_US)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> Circuit {
        Circuit::new(None, 0, None)
    }

    #[test]
    fn ten_failures_in_a_row_open_it_and_one_attempt_finds_out_whether_it_is_back() {
        let mut circuit = fresh();
        for _ in 0..FAILURES_TO_OPEN {
            assert!(circuit.room(0) > 0);
            circuit.failed(0, None);
        }
        assert_eq!((circuit.room(0), circuit.room(FIRST_PAUSE_US - 1), circuit.room(FIRST_PAUSE_US)), (0, 0, 1));
        // What ran beside it says nothing new.
        circuit.failed(1, None);
        assert_eq!(circuit.room(FIRST_PAUSE_US), 1);
        circuit.failed(FIRST_PAUSE_US, None);
        assert_eq!((circuit.room(3 * FIRST_PAUSE_US - 1), circuit.room(3 * FIRST_PAUSE_US)), (0, 1));
        circuit.succeeded();
        assert_eq!(circuit.room(3 * FIRST_PAUSE_US), 2);
        assert_eq!(circuit.failing(), (None, 0));
    }

    #[test]
    fn pauses_grow_up_to_a_minute() {
        let (mut circuit, mut now_us) = (fresh(), 0);
        for _ in 0..40 {
            circuit.failed(now_us, None);
            now_us = circuit.paused_until_us().unwrap_or(now_us);
        }
        let before = now_us;
        circuit.failed(now_us, None);
        assert_eq!(circuit.paused_until_us(), Some(before + LONGEST_PAUSE_US));
    }

    #[test]
    fn successes_widen_it_and_failures_halve_it() {
        let mut circuit = fresh();
        for _ in 0..100 {
            circuit.succeeded();
        }
        assert_eq!(circuit.room(0), MOST_AT_ONCE);
        circuit.failed(0, None);
        assert_eq!(circuit.room(0), MOST_AT_ONCE / 2);
        for _ in 0..8 {
            circuit.failed(0, None);
        }
        assert_eq!(circuit.room(0), 1);
    }

    #[test]
    fn what_the_endpoint_asks_for_is_kept() {
        let mut circuit = fresh();
        circuit.failed(0, Some(30 * SECOND_US));
        assert_eq!((circuit.room(30 * SECOND_US - 1), circuit.room(30 * SECOND_US)), (0, 1));
    }

    #[test]
    fn three_days_of_failures_are_hopeless_and_two_apart_are_not() {
        let mut circuit = fresh();
        circuit.failed(0, None);
        circuit.failed(FAILING_FOR_US + 1, None);
        assert!(!circuit.is_hopeless(FAILING_FOR_US + 1));
        for _ in 0..FAILURES_TO_DISABLE {
            circuit.failed(FAILING_FOR_US + 1, None);
        }
        assert!(circuit.is_hopeless(FAILING_FOR_US + 1));
        assert!(!circuit.is_hopeless(FAILING_FOR_US - 1));
        circuit.succeeded();
        assert!(!circuit.is_hopeless(i64::MAX));
    }

    #[test]
    fn a_time_without_attempts_is_no_time_of_failures() {
        let mut circuit = fresh();
        for _ in 0..FAILURES_TO_DISABLE {
            circuit.failed(0, None);
        }
        let later_us = 10 * FAILING_FOR_US;
        circuit.failed(later_us, None);
        assert!(!circuit.is_hopeless(later_us));
        assert_eq!(circuit.failing(), (Some(later_us), 1));
    }
}
