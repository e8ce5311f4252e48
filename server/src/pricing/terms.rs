//! What people write of a price: prefix, price per minute, minimum and increment, from when. Pure.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::rating::Rate;

/// Digits of a prefix at most: a whole number (E.164).
const PREFIX_DIGITS: std::ops::RangeInclusive<usize> = 1..=15;
/// Highest price per minute in 1/10,000 of a minor unit: what the balance column can hold.
const HIGHEST_E4: i64 = 9_000_000_000_000_000;
/// Longest minimum and increment: an hour.
const LONGEST_SECONDS: i64 = 3_600;
/// Length of a day as people write it, `YYYY-MM-DD`.
const DATE_CHARS: usize = 10;

/// Digits of E.164 without the plus sign.
pub(super) fn prefix(written: &str) -> Result<String, String> {
    let plain: String = written.chars().filter(|letter| !matches!(letter, ' ' | '-')).collect();
    let digits = plain.strip_prefix('+').unwrap_or(&plain);
    let is_prefix = PREFIX_DIGITS.contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0');
    let rule =
        || format!("`prefix` is 1 to {} digits that begin with a country code, such as 2547.", PREFIX_DIGITS.end());
    is_prefix.then(|| digits.to_owned()).ok_or_else(rule)
}

/// A rate; of minimum and increment 0 stands for the least.
pub(super) fn rate(
    per_minute_e4: i64,
    minimum_seconds: i64,
    increment_seconds: i64,
) -> Result<Rate, (&'static str, String)> {
    if !(0..=HIGHEST_E4).contains(&per_minute_e4) {
        return Err(("per_min_e4", format!("`per_min_e4` is 0 to {HIGHEST_E4}.")));
    }
    for (field, seconds) in
        [("billing_minimum_seconds", minimum_seconds), ("billing_increment_seconds", increment_seconds)]
    {
        if !(0..=LONGEST_SECONDS).contains(&seconds) {
            return Err((field, format!("`{field}` is 1 to {LONGEST_SECONDS}.")));
        }
    }
    let increment_seconds = increment_seconds.max(1);
    let minimum_seconds = if minimum_seconds == 0 { increment_seconds } else { minimum_seconds };
    if minimum_seconds % increment_seconds != 0 {
        let message =
            format!("The minimum is a multiple of the increment: {minimum_seconds} is none of {increment_seconds}.");
        return Err(("billing_minimum_seconds", message));
    }
    Ok(Rate { per_minute_e4, minimum_seconds, increment_seconds })
}

/// A moment that is not over: RFC 3339, or a day (UTC), which begins now where it has begun.
pub(super) fn moment(field: &str, written: &str, now_us: i64) -> Result<i64, String> {
    let written = written.trim();
    if let Ok(moment) = written.parse::<Timestamp>() {
        let at_us = moment.as_microsecond();
        return if at_us < now_us { Err(format!("`{field}` {written} is over.")) } else { Ok(at_us) };
    }
    let day = written.parse::<Date>().ok().filter(|_| written.len() == DATE_CHARS);
    let bounds = day.and_then(|day| {
        let start = |day: Date| day.to_zoned(TimeZone::UTC).ok().map(|start| start.timestamp().as_microsecond());
        Some((start(day)?, start(day.tomorrow().ok()?)?))
    });
    match bounds {
        Some((_, end)) if end <= now_us => Err(format!("`{field}` {written} is over.")),
        Some((start, _)) => Ok(start.max(now_us)),
        None => Err(format!("`{field}` is a day (2026-12-01) or a moment with its zone (2026-12-01T00:00:00Z).")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(written: &str) -> i64 {
        written.parse::<Timestamp>().unwrap().as_microsecond()
    }

    #[test]
    fn prefixes_are_digits_from_a_country_code_on() {
        assert_eq!(prefix("+254 7-1").as_deref(), Ok("25471"));
        for wrong in ["", "+", "0254", "25x", "1234567890123456", "+254+7"] {
            assert!(prefix(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_rate_names_the_member_that_is_wrong() {
        assert_eq!(rate(30_000, 0, 0), Ok(Rate { per_minute_e4: 30_000, ..Rate::FREE }));
        assert_eq!(rate(1, 0, 60).map(|rate| rate.minimum_seconds), Ok(60));
        let field = |(price, minimum, increment)| rate(price, minimum, increment).unwrap_err().0;
        assert_eq!(field((-1, 0, 0)), "per_min_e4");
        assert_eq!(field((1, 60, 7)), "billing_minimum_seconds");
        assert_eq!(field((1, 0, 3_601)), "billing_increment_seconds");
    }

    #[test]
    fn nothing_begins_in_the_past() {
        let now = at("2026-11-30T15:00:00Z");
        assert_eq!(moment("valid_from", "2026-12-01", now), Ok(at("2026-12-01T00:00:00Z")));
        assert_eq!(moment("valid_from", "2026-11-30", now), Ok(now));
        assert_eq!(moment("valid_from", "2026-11-30T18:00:00+03:00", now), Ok(now));
        for wrong in ["2026-11-29", "2026-11-30T14:59:59Z", "tomorrow", "", "2026-12-01T00:00:00", "20261201"] {
            assert!(moment("valid_from", wrong, now).is_err(), "{wrong}");
        }
    }
}
