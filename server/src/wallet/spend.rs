//! What calls may cost in a day: figures of the wallet's row, so that they are decided under its lock. Pure.
//!
//! A day is the calendar day of the wallet's zone. What counts is what calls were billed on it, so that a call over midnight
//! counts for the day on which it ends, and what live calls hold (`quota`).

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::quota::Day;

const DAY_US: i64 = 86_400 * 1_000_000;
/// No day ends further ahead, whatever its zone does to the clock: what does was reckoned by a clock that was wrong.
const FURTHEST_US: i64 = 2 * DAY_US;

/// The wallet's figures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spend {
    /// What the workspace allows itself, in minor units.
    pub limit_minor: Option<i64>,
    /// What the operator allows it at most; none where the settings' figure counts.
    pub ceiling_minor: Option<i64>,
    /// What calls were billed on the day that ends at `until_us`.
    pub spent_minor: i64,
    /// The end of that day, in microseconds UTC.
    pub until_us: i64,
}

impl Spend {
    /// The figures on the day of `now_us` in `zone`: a new day begins at nothing. So does one that was begun by a clock
    /// that ran ahead, which would not end before that time comes.
    #[must_use]
    pub fn on(self, now_us: i64, zone: &str) -> Self {
        if now_us < self.until_us && self.until_us <= now_us.saturating_add(FURTHEST_US) {
            return self;
        }
        Self { spent_minor: 0, until_us: end_of_day(now_us, zone), ..self }
    }

    /// The limit in force; `settings_minor` is what the settings allow a wallet without a ceiling of its own. None without
    /// any.
    pub fn in_force(self, settings_minor: Option<i64>) -> Option<i64> {
        let ceiling_minor = self.ceiling_minor.or(settings_minor);
        [self.limit_minor, ceiling_minor].into_iter().flatten().min()
    }

    /// The day as the sharing of quota goes by it; none without a limit.
    pub fn day(self, settings_minor: Option<i64>) -> Option<Day> {
        let limit_minor = self.in_force(settings_minor)?;
        Some(Day { limit_minor, spent_minor: self.spent_minor, until_us: self.until_us })
    }
}

/// The first microsecond of the next day in `zone`; of UTC's where the zone is not known.
fn end_of_day(now_us: i64, zone: &str) -> i64 {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let next = || {
        let today = Timestamp::from_microsecond(now_us).ok()?.to_zoned(zone.clone()).date();
        let tomorrow = today.checked_add(1.day()).ok()?.to_zoned(zone.clone()).ok()?;
        Some(tomorrow.timestamp().as_microsecond())
    };
    next().unwrap_or_else(|| now_us.saturating_add(DAY_US))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    #[test]
    fn a_day_ends_at_midnight_of_the_wallets_zone() {
        let spend = Spend::default().on(at("2026-06-30T20:59:59Z"), "Africa/Nairobi");
        assert_eq!(spend.until_us, at("2026-06-30T21:00:00Z"));
        let spent = Spend { spent_minor: 70, ..spend };
        assert_eq!(spent.on(spend.until_us - 1, "Africa/Nairobi"), spent);
        let next = spent.on(spend.until_us, "Africa/Nairobi");
        assert_eq!((next.spent_minor, next.until_us), (0, at("2026-07-01T21:00:00Z")));
        assert_eq!(Spend::default().on(at("2026-06-30T20:59:59Z"), "Nowhere").until_us, at("2026-07-01T00:00:00Z"));
    }

    #[test]
    fn a_day_that_a_clock_ahead_began_is_over_once_the_clock_is_right() {
        let now_us = at("2026-06-30T09:00:00Z");
        let ahead = Spend { spent_minor: 70, ..Spend::default().on(at("2027-06-30T09:00:00Z"), "Africa/Nairobi") };
        let right = ahead.on(now_us, "Africa/Nairobi");
        assert_eq!((right.spent_minor, right.until_us), (0, at("2026-06-30T21:00:00Z")));
        // The longest days that zones have made: summer time ends, and the day of the date line that Samoa left out.
        for (zone, noon) in [("Europe/Berlin", "2026-10-24T22:00:00Z"), ("Pacific/Apia", "2011-12-29T10:00:00Z")] {
            let spent = Spend { spent_minor: 70, ..Spend::default().on(at(noon), zone) };
            assert_eq!(spent.on(at(noon), zone), spent, "{zone}");
        }
    }

    #[test]
    fn the_lower_of_limit_and_ceiling_counts() {
        let spend = |limit_minor, ceiling_minor| Spend { limit_minor, ceiling_minor, ..Spend::default() };
        for (limit, ceiling, settings, in_force) in [
            (None, None, None, None),
            (Some(5), None, None, Some(5)),
            (None, Some(7), Some(3), Some(7)),
            (Some(9), Some(7), None, Some(7)),
            (Some(2), None, Some(3), Some(2)),
            (None, None, Some(3), Some(3)),
        ] {
            assert_eq!(spend(limit, ceiling).in_force(settings), in_force);
        }
    }
}
