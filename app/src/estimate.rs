//! What calls would cost, for the calculator of the public price list. The server rates calls by the same rule
//! (`server/src/rating.rs`), and a test there holds the two against each other.

/// A price of calls to one destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// A minute, in 1/10,000 of a minor unit.
    pub per_minute_e4: i64,
    /// Seconds that an answered call is billed for at least.
    pub minimum_seconds: i64,
    /// Time is sold in steps of this many seconds.
    pub increment_seconds: i64,
}

impl Plan {
    /// The seconds that are billed of a talk of so many; `None` where no such plan or talk is possible.
    pub fn billed_seconds(self, seconds: i64) -> Option<i64> {
        if seconds < 0 || self.minimum_seconds < 1 || self.increment_seconds < 1 {
            return None;
        }
        if seconds == 0 {
            return Some(0);
        }
        let least = seconds.max(self.minimum_seconds);
        let steps = least.checked_add(self.increment_seconds - 1)? / self.increment_seconds;
        steps.checked_mul(self.increment_seconds)
    }

    /// Minor units of one call of so many seconds, rounded up; `None` where it can't be told.
    pub fn cost_minor(self, seconds: i64) -> Option<i64> {
        let billed = i128::from(self.billed_seconds(seconds)?);
        let scaled = billed.checked_mul(i128::from(self.per_minute_e4).max(0))?;
        i64::try_from((scaled + 599_999) / 600_000).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_rounded_up_once() {
        let by_the_second = Plan { per_minute_e4: 3_000_000, minimum_seconds: 1, increment_seconds: 1 };
        assert_eq!((by_the_second.cost_minor(24), by_the_second.cost_minor(0)), (Some(120), Some(0)));
        let by_the_minute = Plan { minimum_seconds: 60, increment_seconds: 60, ..by_the_second };
        assert_eq!((by_the_minute.billed_seconds(61), by_the_minute.cost_minor(61)), (Some(120), Some(600)));
        assert_eq!(by_the_second.cost_minor(-1), None);
    }
}
