//! Moments in queries: RFC 3339, or a day.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::web::error::{ApiError, ApiResult};

/// Length of a date, `YYYY-MM-DD`. jiff's own parser reads a moment without zone as a date too and drops its time.
const DATE_CHARS: usize = 10;

/// RFC 3339, or a date, which as an end means the whole day (UTC). Days at the end of the calendar are later than all else.
pub fn read_moment(text: &str, field: &'static str, absent: i64, is_end: bool) -> ApiResult<i64> {
    if text.is_empty() {
        return Ok(absent);
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment.as_microsecond());
    }
    let day = text.parse::<Date>().ok().filter(|_| text.len() == DATE_CHARS).ok_or_else(|| {
        ApiError::field(
            field,
            format!("`{field}` is a date (2026-06-30) or a moment with its zone (2026-06-30T12:00:00Z)."),
        )
    })?;
    let day = if is_end { day.tomorrow() } else { Ok(day) };
    let start = day.and_then(|day| day.to_zoned(TimeZone::UTC));
    Ok(start.map_or(i64::MAX, |start| start.timestamp().as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, is_end: bool) -> Option<i64> {
        read_moment(text, "to", 7, is_end).ok()
    }

    #[test]
    fn a_day_ends_where_the_next_one_starts() {
        assert_eq!(read("2026-06-30", true), read("2026-07-01", false));
        assert_eq!(read("2026-06-30", false), read("2026-06-30T00:00:00Z", false));
        assert_eq!(read("2026-06-30T03:00:00+03:00", true), read("2026-06-30", false));
        assert_eq!(read("", true), Some(7));
    }

    #[test]
    fn a_moment_without_its_zone_is_not_taken_for_a_day() {
        for text in ["2026-06-30T12:00:00", "20260630", "2026-06-30T12:00:00 03:00", "2026-13-01", "-009999-01-01", "1"]
        {
            assert_eq!(read(text, false), None, "{text}");
        }
    }

    #[test]
    fn the_end_of_the_calendar_is_later_than_all_else() {
        assert_eq!(read("9999-12-31", true), Some(i64::MAX));
        assert_eq!(read("9999-12-31", false), Some(i64::MAX));
        assert!(read("0000-01-01", false).is_some_and(|start| start < 0));
    }
}
