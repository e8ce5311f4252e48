//! Billing months: calendar months in the zone that a workspace fixed at onboarding, and the pro-rata share of one.
//!
//! Periods are `[start, end)`. Deliberately absent: the clock (`now` is an argument) and posting (`wallet::post`).

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use thiserror::Error;

/// One calendar month in a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillingMonth {
    /// `yyyy-mm`, the period's name in causes and statements.
    pub name: String,
    /// First microsecond, UTC.
    pub start_us: i64,
    /// First microsecond of the next month, UTC: when the next rental is due.
    pub end_us: i64,
    /// 28 to 31.
    pub days_in_month: i64,
    /// Days from the given moment's own day to the month's last, both counted; 1 to 31.
    pub days_left: i64,
}

/// Why no month could be told.
#[derive(Debug, Error)]
pub enum PeriodError {
    /// The stored zone is not in the time-zone database.
    #[error("unknown time zone {0}")]
    UnknownZone(String),
    /// The moment lies outside the calendar that can be computed.
    #[error("moment outside the calendar")]
    OutOfRange(#[from] jiff::Error),
    /// A price times 31 days does not fit 64 bits.
    #[error("price out of range")]
    PriceOutOfRange,
}

impl BillingMonth {
    /// The month that holds `now_us` in `zone` (an IANA name such as `Africa/Nairobi`).
    ///
    /// # Errors
    /// An unknown zone, or a moment outside the calendar.
    pub fn containing(now_us: i64, zone: &str) -> Result<Self, PeriodError> {
        let tz = TimeZone::get(zone).map_err(|_| PeriodError::UnknownZone(zone.to_owned()))?;
        let today = Timestamp::from_microsecond(now_us)?.to_zoned(tz.clone()).date();
        let first = today.first_of_month();
        let next_first = first.checked_add(1.month())?;
        let days_in_month = i64::from(today.days_in_month());
        Ok(Self {
            name: first.strftime("%Y-%m").to_string(),
            start_us: start_of(first, &tz)?,
            end_us: start_of(next_first, &tz)?,
            days_in_month,
            days_left: days_in_month - i64::from(today.day()) + 1,
        })
    }

    /// The share of `price_minor` for the days that are left, today included: `ceil(price × left / days)`.
    ///
    /// # Errors
    /// A negative or oversized price.
    pub fn pro_rata_minor(&self, price_minor: i64) -> Result<i64, PeriodError> {
        if price_minor < 0 {
            return Err(PeriodError::PriceOutOfRange);
        }
        let scaled = i128::from(price_minor) * i128::from(self.days_left);
        let days = i128::from(self.days_in_month);
        let share = scaled / days + i128::from(scaled % days != 0);
        i64::try_from(share).map_err(|_| PeriodError::PriceOutOfRange)
    }
}

/// The zone whose months a new workspace of that country (ISO 3166-1 alpha-2) is billed by; UTC where none is set.
pub fn zone_of_country(country: &str) -> &'static str {
    match country {
        "KE" => "Africa/Nairobi",
        "UG" => "Africa/Kampala",
        "TZ" => "Africa/Dar_es_Salaam",
        "NG" => "Africa/Lagos",
        "GH" => "Africa/Accra",
        "ZA" => "Africa/Johannesburg",
        _ => "UTC",
    }
}

/// The first moment of a civil day in a zone; a midnight that a zone change skips is the moment after the gap.
fn start_of(day: Date, tz: &TimeZone) -> Result<i64, PeriodError> {
    Ok(day.to_zoned(tz.clone())?.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn month(at: &str) -> BillingMonth {
        let now: Timestamp = at.parse().unwrap();
        BillingMonth::containing(now.as_microsecond(), "Africa/Nairobi").unwrap()
    }

    #[test]
    fn the_first_of_a_month_pays_the_whole_month() {
        let june = month("2026-06-01T09:00:00Z");
        assert_eq!((june.days_left, june.days_in_month, june.name.as_str()), (30, 30, "2026-06"));
        assert_eq!(june.pro_rata_minor(10_000).unwrap(), 10_000);
    }

    #[test]
    fn the_last_day_pays_one_day_rounded_up() {
        assert_eq!(month("2026-06-30T20:59:59Z").pro_rata_minor(10_000).unwrap(), 334);
    }

    #[test]
    fn midnight_is_nairobis_not_londons() {
        let july = month("2026-06-30T21:00:00Z");
        assert_eq!((july.name.as_str(), july.days_left), ("2026-07", 31));
        assert_eq!(july.start_us, "2026-06-30T21:00:00Z".parse::<Timestamp>().unwrap().as_microsecond());
        assert_eq!(july.end_us, "2026-07-31T21:00:00Z".parse::<Timestamp>().unwrap().as_microsecond());
    }

    #[test]
    fn february_of_a_leap_year_has_29_days() {
        assert_eq!(month("2028-02-10T00:00:00Z").days_in_month, 29);
    }

    #[test]
    fn an_unknown_zone_is_an_error() {
        assert!(matches!(BillingMonth::containing(0, "Africa/Atlantis"), Err(PeriodError::UnknownZone(_))));
    }

    proptest! {
        #[test]
        fn a_moment_lies_in_its_month_and_shares_never_exceed_the_price(
            us in 0_i64..4_000_000_000_000_000, price in 0_i64..9_000_000_000_000_000,
        ) {
            let month = BillingMonth::containing(us, "Africa/Lagos").unwrap();
            prop_assert!(month.start_us <= us && us < month.end_us);
            let share = month.pro_rata_minor(price).unwrap();
            prop_assert!(share <= price && (price == 0 || share > 0));
        }
    }
}
