//! What a leg costs. Pure integer arithmetic; the one place where call money is rounded, and it is rounded up.
//!
//! `billable = ceil(max(duration, minimum) / increment) × increment`, `cost = ceil(billable × rate / 60)`. Each leg is rated
//! and rounded once, at the rate of its own start. Carriers write a plan as minimum/increment: 60/1 is a minute at least,
//! then by the second. Deliberately absent: where rates come from (`pricing`) and who pays (`wallet`).

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
    /// What an answered call is billed for at least, in seconds; at least 1. One increment is billed in any case.
    #[serde(default = "one_second")]
    pub minimum_seconds: i64,
    /// Time is sold in steps of this many seconds; at least 1.
    pub increment_seconds: i64,
}

/// Of a rate that was written down before there were minima.
const fn one_second() -> i64 {
    1
}

/// A price or duration outside what the arithmetic and the balance column can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("rate, increment or duration out of range")]
pub struct RatingError;

impl Rate {
    /// A call that costs nothing, such as a browser leg or free inbound.
    pub const FREE: Self = Self { per_minute_e4: 0, minimum_seconds: 1, increment_seconds: 1 };

    /// A rate of whole minor units per minute, sold by the second.
    pub const fn per_minute_minor(minor: i64) -> Self {
        Self { per_minute_e4: minor.saturating_mul(RATE_SCALE), ..Self::FREE }
    }

    /// Price of a minute in whole minor units, rounded up: what is shown where the exact one, which is applied, has no room.
    pub const fn shown_per_minute_minor(self) -> i64 {
        self.per_minute_e4 / RATE_SCALE + (self.per_minute_e4 % RATE_SCALE != 0) as i64
    }

    /// What is billed at least, in seconds: the minimum in whole increments.
    pub const fn least_seconds(self) -> i64 {
        let (minimum, increment) = (self.minimum_seconds, self.increment_seconds);
        if increment < 1 || minimum <= increment {
            increment
        } else {
            (minimum + increment - 1) / increment * increment
        }
    }

    /// Cost in minor units of `duration_seconds` of talk, rounded up once. No talk at all costs nothing.
    ///
    /// # Errors
    /// A negative duration or rate, a minimum or increment below 1, or a cost that does not fit 64 bits.
    pub fn cost_minor(self, duration_seconds: i64) -> Result<i64, RatingError> {
        if self.per_minute_e4 < 0 {
            return Err(RatingError);
        }
        let billable = i128::from(self.billable_seconds(duration_seconds)?);
        let scaled = billable.checked_mul(i128::from(self.per_minute_e4)).ok_or(RatingError)?;
        let cost = div_ceil(scaled, SECONDS_PER_MINUTE * i128::from(RATE_SCALE));
        i64::try_from(cost).map_err(|_| RatingError)
    }

    /// The sold seconds of a talk of `duration_seconds`: the minimum or more, in whole increments. No talk is none.
    ///
    /// # Errors
    /// A negative duration, or a minimum or increment below 1.
    pub fn billable_seconds(self, duration_seconds: i64) -> Result<i64, RatingError> {
        if duration_seconds < 0 || self.minimum_seconds < 1 || self.increment_seconds < 1 {
            return Err(RatingError);
        }
        if duration_seconds == 0 {
            return Ok(0);
        }
        let talked = i128::from(duration_seconds.max(self.minimum_seconds));
        let increment = i128::from(self.increment_seconds);
        i64::try_from(div_ceil(talked, increment) * increment).map_err(|_| RatingError)
    }
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
        assert_eq!(Rate { minimum_seconds: 0, ..Rate::FREE }.cost_minor(1), Err(RatingError));
        assert_eq!(Rate { per_minute_e4: -1, ..Rate::FREE }.cost_minor(1), Err(RatingError));
        assert_eq!(Rate::FREE.cost_minor(-1), Err(RatingError));
        assert_eq!(Rate { per_minute_e4: i64::MAX, ..Rate::FREE }.cost_minor(i64::MAX), Err(RatingError));
    }

    /// Minor units a minute, minimum, increment, then seconds of talk with what they cost.
    type Row = (i64, i64, i64, [(i64, i64); 7]);

    #[test]
    fn every_plan_costs_what_its_table_says() {
        const TALKS: [i64; 7] = [0, 1, 6, 47, 60, 61, 90];
        // At KES 3.00 a minute in cents, and at UGX 84 a minute, which has no smaller unit.
        let rows: [Row; 12] = [
            (300, 1, 1, [(0, 0), (1, 5), (6, 30), (47, 235), (60, 300), (61, 305), (90, 450)]),
            (300, 6, 6, [(0, 0), (1, 30), (6, 30), (47, 240), (60, 300), (61, 330), (90, 450)]),
            (300, 30, 30, [(0, 0), (1, 150), (6, 150), (47, 300), (60, 300), (61, 450), (90, 450)]),
            (300, 60, 60, [(0, 0), (1, 300), (6, 300), (47, 300), (60, 300), (61, 600), (90, 600)]),
            (300, 60, 1, [(0, 0), (1, 300), (6, 300), (47, 300), (60, 300), (61, 305), (90, 450)]),
            (300, 30, 6, [(0, 0), (1, 150), (6, 150), (47, 240), (60, 300), (61, 330), (90, 450)]),
            (84, 1, 1, [(0, 0), (1, 2), (6, 9), (47, 66), (60, 84), (61, 86), (90, 126)]),
            (84, 6, 6, [(0, 0), (1, 9), (6, 9), (47, 68), (60, 84), (61, 93), (90, 126)]),
            (84, 30, 30, [(0, 0), (1, 42), (6, 42), (47, 84), (60, 84), (61, 126), (90, 126)]),
            (84, 60, 60, [(0, 0), (1, 84), (6, 84), (47, 84), (60, 84), (61, 168), (90, 168)]),
            (84, 60, 1, [(0, 0), (1, 84), (6, 84), (47, 84), (60, 84), (61, 86), (90, 126)]),
            (84, 30, 6, [(0, 0), (1, 42), (6, 42), (47, 68), (60, 84), (61, 93), (90, 126)]),
        ];
        for (minor, minimum_seconds, increment_seconds, costs) in rows {
            let rate = Rate { minimum_seconds, increment_seconds, ..Rate::per_minute_minor(minor) };
            assert_eq!(costs.map(|(seconds, _)| seconds), TALKS);
            for (seconds, cost) in costs {
                assert_eq!(
                    rate.cost_minor(seconds),
                    Ok(cost),
                    "{seconds} s at {minor}, {minimum_seconds}/{increment_seconds}"
                );
            }
        }
    }

    #[test]
    fn a_rate_that_was_written_down_before_minima_reads_on() {
        let read: Rate = serde_json::from_str(r#"{"per_minute_e4":3000000,"increment_seconds":60}"#).unwrap();
        assert_eq!(read, Rate { increment_seconds: 60, ..Rate::per_minute_minor(300) });
        assert_eq!(read.least_seconds(), 60);
    }

    proptest! {
        #[test]
        fn cost_is_the_least_integer_not_below_the_exact_price(
            seconds in 0_i64..10_000_000, per_minute_e4 in 0_i64..1_000_000_000_000, minimum_seconds in 1_i64..3_600,
            increment_seconds in 1_i64..3_600,
        ) {
            let rate = Rate { per_minute_e4, minimum_seconds, increment_seconds };
            let cost = i128::from(rate.cost_minor(seconds).unwrap());
            let exact = i128::from(rate.billable_seconds(seconds).unwrap()) * i128::from(per_minute_e4);
            let unit = 60 * i128::from(RATE_SCALE);
            prop_assert!(cost * unit >= exact && (cost - 1) * unit < exact);
        }

        #[test]
        fn sold_time_is_whole_increments_from_the_minimum_up_and_less_than_one_too_much(
            seconds in 1_i64..1_000_000, minimum_seconds in 1_i64..3_600, increment_seconds in 1_i64..3_600,
        ) {
            let rate = Rate { per_minute_e4: 1, minimum_seconds, increment_seconds };
            let billable = rate.billable_seconds(seconds).unwrap();
            prop_assert_eq!(billable % increment_seconds, 0);
            prop_assert!(billable >= seconds && billable >= rate.least_seconds());
            prop_assert!(billable - increment_seconds < seconds.max(minimum_seconds));
            prop_assert_eq!(rate.billable_seconds(1).unwrap(), rate.least_seconds());
        }

        #[test]
        fn longer_talk_never_costs_less(
            seconds in 0_i64..1_000_000, more in 0_i64..1_000, minimum_seconds in 1_i64..120, increment_seconds in 1_i64..120,
        ) {
            let rate = Rate { per_minute_e4: 3_000_001, minimum_seconds, increment_seconds };
            prop_assert!(rate.cost_minor(seconds + more).unwrap() >= rate.cost_minor(seconds).unwrap());
        }
    }
}
