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
/// No pause ends later, also where the endpoint asks for one: what does was begun before the clock went back.
const LATEST_END_US: i64 = 86_400 * SECOND_US;
/// The longest pause of our own: what waits is late by so much at most once the endpoint is back.
const LONGEST_PAUSE_US: i64 = 60 * SECOND_US;
/// Failing for so long, an endpoint is switched off (webhooks.md).
const FAILING_FOR_US: i64 = 3 * 86_400 * SECOND_US;
/// And so many attempts must have failed: one failure on Monday and one on Friday are no endpoint that is down.
const FAILURES_TO_DISABLE: i64 = 10;

/// An answer that took longer widens nothing: many at once would be many that wait.
pub(super) const SLOW_US: i64 = SECOND_US;

/// What is written of an endpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Since when every attempt failed, in microseconds UTC.
    pub failing_since_us: Option<i64>,
    /// Attempts that failed in a row.
    pub failures: i64,
    /// When the last of them did, in microseconds UTC.
    pub failed_us: Option<i64>,
    /// Nothing is sent before, in microseconds UTC.
    pub paused_until_us: Option<i64>,
}

/// What is known of one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circuit {
    /// Attempts that may run at the same time.
    at_once: u32,
    /// The pause after the next failure.
    pause_us: i64,
    standing: Standing,
}

impl Default for Circuit {
    fn default() -> Self {
        Self::new(Standing::default())
    }
}

impl Circuit {
    /// As it was last written.
    pub fn new(standing: Standing) -> Self {
        let at_once = if standing.failures > 0 { 1 } else { AT_ONCE_AT_FIRST };
        Self { at_once, pause_us: FIRST_PAUSE_US, standing }
    }

    /// What is to be written of it.
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// The same endpoint, as it is written now: what is asked for by hand waits for no pause. The rest is newer here.
    pub fn taken_up(&mut self, written: Standing) {
        if written.paused_until_us.is_none() {
            self.standing.paused_until_us = None;
        }
    }

    /// How many attempts may run now.
    pub fn room(&self, now_us: i64) -> u32 {
        match self.standing.paused_until_us {
            Some(_) if self.paused_until_us(now_us).is_some() => 0,
            // Half open.
            Some(_) => 1,
            None => self.at_once,
        }
    }

    /// Until when nothing is sent; none where it may be.
    pub fn paused_until_us(&self, now_us: i64) -> Option<i64> {
        let latest_us = now_us.saturating_add(LATEST_END_US);
        self.standing.paused_until_us.filter(|until_us| (now_us + 1..=latest_us).contains(until_us))
    }

    /// An attempt succeeded, after so long.
    pub fn succeeded(&mut self, took_us: i64) {
        let at_once = match took_us <= SLOW_US {
            true => self.at_once.saturating_add(1).min(MOST_AT_ONCE),
            false => self.at_once.min(AT_ONCE_AT_FIRST),
        };
        *self = Self { at_once, ..Self::default() };
    }

    /// An attempt failed; `asked_until_us` is until when the endpoint asked to be left alone.
    pub fn failed(&mut self, now_us: i64, asked_until_us: Option<i64>) {
        // Nothing was sent for so long that nobody can say it failed all the time.
        if self.standing.failed_us.is_some_and(|failed_us| now_us.saturating_sub(failed_us) >= FAILING_FOR_US) {
            *self = Self { at_once: self.at_once, ..Self::default() };
        }
        self.at_once = (self.at_once / 2).max(1);
        let latest_us = now_us.saturating_add(LATEST_END_US);
        let standing = &mut self.standing;
        standing.failures = standing.failures.saturating_add(1);
        standing.failing_since_us.get_or_insert(now_us);
        standing.failed_us = Some(now_us);
        // Others that ran beside the one that opened it say nothing new.
        let is_open = standing.paused_until_us.is_some_and(|until_us| now_us < until_us && until_us <= latest_us);
        if standing.failures >= FAILURES_TO_OPEN && !is_open {
            standing.paused_until_us = Some(now_us + self.pause_us);
            self.pause_us = (self.pause_us * 2).min(LONGEST_PAUSE_US);
        }
        standing.paused_until_us =
            standing.paused_until_us.filter(|until_us| *until_us <= latest_us).max(asked_until_us);
    }

    /// Whether it has failed for so long that it is to be switched off.
    pub fn is_hopeless(&self, now_us: i64) -> bool {
        self.standing.failures >= FAILURES_TO_DISABLE
            && self.standing.failing_since_us.is_some_and(|since_us| now_us - since_us >= FAILING_FOR_US)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> Circuit {
        Circuit::default()
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
        circuit.succeeded(0);
        assert_eq!(circuit.room(3 * FIRST_PAUSE_US), 2);
        assert_eq!(circuit.standing(), Standing::default());
    }

    #[test]
    fn pauses_grow_up_to_a_minute() {
        let (mut circuit, mut now_us) = (fresh(), 0);
        for _ in 0..40 {
            circuit.failed(now_us, None);
            now_us = circuit.paused_until_us(now_us).unwrap_or(now_us);
        }
        let before = now_us;
        circuit.failed(now_us, None);
        assert_eq!(circuit.paused_until_us(now_us), Some(before + LONGEST_PAUSE_US));
    }

    #[test]
    fn successes_widen_it_and_failures_halve_it() {
        let mut circuit = fresh();
        for _ in 0..100 {
            circuit.succeeded(SLOW_US);
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
    fn a_clock_that_goes_back_pauses_for_a_day_at_most() {
        let mut circuit = fresh();
        let later_us = 30 * LATEST_END_US;
        circuit.failed(later_us, Some(later_us + 60 * SECOND_US));
        assert_eq!((circuit.room(later_us), circuit.room(0), circuit.paused_until_us(0)), (0, 1, None));
        assert_eq!(circuit.room(later_us - LATEST_END_US / 2), 0);
    }

    #[test]
    fn three_days_of_failures_are_hopeless_and_two_apart_are_not() {
        let mut circuit = fresh();
        circuit.failed(0, None);
        circuit.failed(FAILING_FOR_US - 1, None);
        circuit.failed(FAILING_FOR_US + 1, None);
        assert!(!circuit.is_hopeless(FAILING_FOR_US + 1));
        for _ in 0..FAILURES_TO_DISABLE {
            circuit.failed(FAILING_FOR_US + 1, None);
        }
        assert!(circuit.is_hopeless(FAILING_FOR_US + 1));
        assert!(!circuit.is_hopeless(FAILING_FOR_US - 1));
        circuit.succeeded(0);
        assert!(!circuit.is_hopeless(i64::MAX));
    }

    #[test]
    fn a_time_without_attempts_is_no_time_of_failures() {
        let later_us = 10 * FAILING_FOR_US;
        for (failures, is_touched) in [(FAILURES_TO_DISABLE, false), (FAILURES_TO_DISABLE, true), (9, false)] {
            let mut circuit = fresh();
            for _ in 0..failures {
                circuit.failed(0, None);
            }
            // By hand, as by the schedule; with a pause of before, or none.
            if is_touched {
                circuit = Circuit::new(Standing { paused_until_us: None, ..circuit.standing() });
            }
            circuit.failed(later_us, None);
            assert!(!circuit.is_hopeless(later_us), "{failures}");
            let standing = circuit.standing();
            assert_eq!((standing.failing_since_us, standing.failures), (Some(later_us), 1));
        }
    }

    #[test]
    fn slow_answers_widen_nothing() {
        let mut circuit = fresh();
        (0..100).for_each(|_| circuit.succeeded(SLOW_US + 1));
        assert_eq!(circuit.room(0), AT_ONCE_AT_FIRST);
        (0..100).for_each(|_| circuit.succeeded(0));
        circuit.succeeded(9 * SECOND_US);
        assert_eq!(circuit.room(0), AT_ONCE_AT_FIRST, "and narrow what was wide");
    }

    #[test]
    fn what_is_asked_for_ends_a_pause_and_forgets_no_failure() {
        let mut circuit = fresh();
        (0..FAILURES_TO_OPEN).for_each(|_| circuit.failed(0, None));
        let (before, written) = (circuit.standing(), circuit.standing());
        circuit.taken_up(written);
        assert_eq!((circuit.room(0), circuit.standing()), (0, before));
        circuit.taken_up(Standing { paused_until_us: None, ..written });
        assert_eq!((circuit.room(0), circuit.standing().failures), (1, FAILURES_TO_OPEN));
    }
}
