//! What an attempt means for its delivery: pure, so that three days are tested in no time.

/// Until the next attempt, by the number of attempts so far, in seconds (webhooks.md). After the last one the delivery is
/// exhausted.
const DELAYS_SECONDS: [i64; 9] = [5, 30, 120, 600, 1_800, 7_200, 21_600, 43_200, 86_400];
/// Each delay varies by this share either way, so that what failed together does not return together.
const JITTER_PERCENT: i64 = 20;
/// The longest that an endpoint may ask us to wait: what it asks for beyond is a mistake.
const LONGEST_RETRY_AFTER_SECONDS: i64 = 86_400;

/// The status that says for good.
const GONE: u16 = 410;

/// A second in microseconds.
pub(super) const SECOND_US: i64 = 1_000_000;

/// Why an attempt delivered nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The answer's status is no 2xx.
    Status,
    /// No answer came within ten seconds.
    Timeout,
    /// No connection, or it broke.
    Connection,
    /// The URL, or every address of its name, is one that is not called.
    Address,
    /// There is nothing to sign with.
    SecretUnset,
}

impl Failure {
    /// Its name in the log of attempts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Timeout => "timeout",
            Self::Connection => "connection",
            Self::Address => "address_refused",
            Self::SecretUnset => "secret_unset",
        }
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Why it delivered nothing; none when it did.
    pub failure: Option<Failure>,
    /// Of the answer.
    pub status: Option<u16>,
    /// What the answer asked for.
    pub retry_after_seconds: Option<i64>,
    /// How long it took, in microseconds.
    pub took_us: i64,
}

/// What becomes of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It arrived.
    Delivered,
    /// It is tried again at this moment, in microseconds UTC.
    Again(i64),
    /// That was the last attempt.
    Exhausted,
    /// What it was sent to is gone for good.
    Gone,
}

impl Outcome {
    /// The endpoint took it.
    pub const fn delivered(status: u16) -> Self {
        Self { failure: None, status: Some(status), retry_after_seconds: None, took_us: 0 }
    }

    /// It did not.
    pub const fn failed(failure: Failure, status: Option<u16>) -> Self {
        Self { failure: Some(failure), status, retry_after_seconds: None, took_us: 0 }
    }

    /// As it is for an endpoint that is another one by now: that the former is gone says nothing of it.
    pub(super) fn of_another(&self) -> Self {
        Self { status: self.status.filter(|status| *status != GONE), ..*self }
    }

    /// What it means after so many `tries`, this one among them; `random` is any number.
    pub fn verdict(&self, tries: i64, now_us: i64, random: u32) -> Verdict {
        match (self.failure, self.status) {
            (None, _) => Verdict::Delivered,
            (_, Some(GONE)) => Verdict::Gone,
            _ => match delay_us(tries, random) {
                None => Verdict::Exhausted,
                Some(delay_us) => Verdict::Again(now_us + delay_us.max(self.asked_us())),
            },
        }
    }

    /// Until when the endpoint wants to be left alone altogether, in microseconds UTC: it has too much to do.
    pub fn pause_until(&self, now_us: i64) -> Option<i64> {
        let is_busy = matches!(self.status, Some(429 | 503));
        (is_busy && self.asked_us() > 0).then(|| now_us + self.asked_us())
    }

    /// How long the answer asks us to wait.
    fn asked_us(&self) -> i64 {
        self.retry_after_seconds.unwrap_or(0).clamp(0, LONGEST_RETRY_AFTER_SECONDS) * SECOND_US
    }
}

/// Microseconds until the attempt after so many; none after the last.
fn delay_us(tries: i64, random: u32) -> Option<i64> {
    let base_us = DELAYS_SECONDS.get(usize::try_from(tries - 1).ok()?)? * SECOND_US;
    let percent = i64::from(random % 41) - JITTER_PERCENT;
    Some(base_us + base_us * percent / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: Outcome = Outcome::failed(Failure::Connection, None);

    #[test]
    fn delays_are_those_of_the_schedule_within_a_fifth_and_then_it_is_exhausted() {
        for (tries, seconds) in (1_i64..).zip(DELAYS_SECONDS) {
            for random in 0..100 {
                let Verdict::Again(at_us) = REFUSED.verdict(tries, 0, random) else { panic!("{tries}") };
                assert!((seconds * 800_000..=seconds * 1_200_000).contains(&at_us), "{tries}: {at_us}");
            }
        }
        assert_eq!(REFUSED.verdict(10, 0, 0), Verdict::Exhausted);
        assert_eq!(REFUSED.verdict(i64::MAX, 0, 0), Verdict::Exhausted);
    }

    #[test]
    fn every_2xx_is_delivered_and_410_is_for_good() {
        assert_eq!(Outcome::delivered(204).verdict(1, 0, 0), Verdict::Delivered);
        assert_eq!(Outcome::failed(Failure::Status, Some(410)).verdict(1, 0, 0), Verdict::Gone);
        assert!(matches!(Outcome::failed(Failure::Status, Some(302)).verdict(1, 0, 0), Verdict::Again(_)));
    }

    #[test]
    fn what_the_answer_asks_for_is_waited_up_to_a_day() {
        let asks = |seconds, status| Outcome {
            retry_after_seconds: Some(seconds),
            ..Outcome::failed(Failure::Status, Some(status))
        };
        assert_eq!(asks(60, 500).verdict(1, 7, 20), Verdict::Again(7 + 60 * SECOND_US));
        // Sooner than the schedule it is not.
        assert_eq!(asks(1, 500).verdict(2, 0, 20), Verdict::Again(30 * SECOND_US));
        assert_eq!(asks(i64::MAX, 500).verdict(1, 0, 20), Verdict::Again(86_400 * SECOND_US));
        assert_eq!((asks(60, 429).pause_until(7), asks(60, 500).pause_until(7)), (Some(7 + 60 * SECOND_US), None));
        assert_eq!((asks(0, 503).pause_until(7), asks(-5, 503).pause_until(7)), (None, None));
    }
}
