//! What a leg costs. Pure integer arithmetic; the one place where call money is rounded, and it is rounded up.
//!
//! `billable = ceil(duration / increment) × increment`, `cost = ceil(billable × rate / 60)`. Each leg is rated and rounded
//! once, at the rate of its own start. Deliberately absent: where rates come from (`pricing`) and who pays (`wallet`).

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Rates are kept in this many parts of a minor unit, so that KES 0.05 a second and finer wholesale prices are exact.
pub const RATE_SCALE: i64 = 10_000;

const SECONDS_PER_MINUTE: i128 = 60;
const MICROS_PER_SECOND: i64 = 1_000_000;

/// A price per minute with the step in which time is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// Price of a minute in 1/10,000 of a minor unit; KES 3.00 is 3,000,000.
    pub per_minute_e4: i64,
    /// Time is sold in steps of this many seconds; at least 1.
    pub increment_seconds: i64,
}

/// A price or duration outside what the arithmetic and the balance column can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("rate, increment or duration out of range")]
pub struct RatingError;

impl Rate {
    /// A call that costs nothing, such as a browser leg or free inbound.
    pub const FREE: Self = Self { per_minute_e4: 0, increment_seconds: 1 };

    /// A rate of whole minor units per minute, sold by the second.
    pub const fn per_minute_minor(minor: i64) -> Self {
        Self { per_minute_e4: minor.saturating_mul(RATE_SCALE), increment_seconds: 1 }
    }

    /// Cost in minor units of `duration_seconds` of talk, rounded up once.
    ///
    /// # Errors
    /// A negative duration or rate, an increment below 1, or a cost that does not fit 64 bits.
    pub fn cost_minor(self, duration_seconds: i64) -> Result<i64, RatingError> {
        if self.per_minute_e4 < 0 {
            return Err(RatingError);
        }
        let billable = i128::from(billable_seconds(duration_seconds, self.increment_seconds)?);
        let scaled = billable.checked_mul(i128::from(self.per_minute_e4)).ok_or(RatingError)?;
        let cost = div_ceil(scaled, SECONDS_PER_MINUTE * i128::from(RATE_SCALE));
        i64::try_from(cost).map_err(|_| RatingError)
    }
}

/// The sold seconds of a talk of `duration_seconds`: the next multiple of the increment.
///
/// # Errors
/// A negative duration or an increment below 1.
pub fn billable_seconds(duration_seconds: i64, increment_seconds: i64) -> Result<i64, RatingError> {
    if duration_seconds < 0 || increment_seconds < 1 {
        return Err(RatingError);
    }
    let steps = div_ceil(i128::from(duration_seconds), i128::from(increment_seconds));
    i64::try_from(steps * i128::from(increment_seconds)).map_err(|_| RatingError)
}

/// Whole seconds from answer to hang-up, rounded up; both in microseconds UTC. A clock that stepped back counts as 0.
pub fn duration_seconds(answered_at_us: i64, ended_at_us: i64) -> i64 {
    let micros = i128::from(ended_at_us) - i128::from(answered_at_us);
    let seconds = div_ceil(micros.max(0), i128::from(MICROS_PER_SECOND));
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

/// Seconds that an answered telephone leg is billed for: as [`duration_seconds`], and one at least, because a leg that was
/// answered and hung up in the same instant is not free (billing.md); its increment rounds that up.
pub fn billed_seconds(answered_at_us: i64, ended_at_us: i64) -> i64 {
    duration_seconds(answered_at_us, ended_at_us).max(1)
}

/// Division rounded up for a non-negative numerator and a positive denominator.
fn div_ceil(numerator: i128, denominator: i128) -> i128 {
    numerator / denominator + i128::from(numerator % denominator != 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn forty_seven_seconds_at_three_shillings_cost_235() {
        assert_eq!(Rate::per_minute_minor(300).cost_minor(47), Ok(235));
    }

    #[test]
    fn ninety_seconds_by_the_minute_cost_two_minutes() {
        let rate = Rate { increment_seconds: 60, ..Rate::per_minute_minor(300) };
        assert_eq!(rate.cost_minor(90), Ok(600));
    }

    #[test]
    fn an_unanswered_call_and_a_free_rate_cost_nothing() {
        assert_eq!(Rate::per_minute_minor(300).cost_minor(0), Ok(0));
        assert_eq!(Rate::FREE.cost_minor(100_000), Ok(0));
    }

    #[test]
    fn a_started_second_counts_whole() {
        assert_eq!(duration_seconds(0, 46_500_000), 47);
        assert_eq!(duration_seconds(0, 47_000_000), 47);
        assert_eq!(duration_seconds(5, 0), 0);
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(Rate { increment_seconds: 0, ..Rate::FREE }.cost_minor(1), Err(RatingError));
        assert_eq!(Rate { per_minute_e4: -1, increment_seconds: 1 }.cost_minor(1), Err(RatingError));
        assert_eq!(Rate::FREE.cost_minor(-1), Err(RatingError));
        assert_eq!(Rate { per_minute_e4: i64::MAX, increment_seconds: 1 }.cost_minor(i64::MAX), Err(RatingError));
    }

    proptest! {
        #[test]
        fn cost_is_the_least_integer_not_below_the_exact_price(
            seconds in 0_i64..10_000_000, rate in 0_i64..1_000_000_000_000, increment in 1_i64..3_600,
        ) {
            let cost = i128::from(Rate { per_minute_e4: rate, increment_seconds: increment }.cost_minor(seconds).unwrap());
            let exact = i128::from(billable_seconds(seconds, increment).unwrap()) * i128::from(rate);
            let unit = 60 * i128::from(RATE_SCALE);
            prop_assert!(cost * unit >= exact && (cost - 1) * unit < exact);
        }

        #[test]
        fn longer_talk_never_costs_less(seconds in 0_i64..1_000_000, more in 0_i64..1_000, increment in 1_i64..120) {
            let rate = Rate { per_minute_e4: 3_000_001, increment_seconds: increment };
            prop_assert!(rate.cost_minor(seconds + more).unwrap() >= rate.cost_minor(seconds).unwrap());
        }
    }
}
