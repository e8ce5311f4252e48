//! Moments in queries: RFC 3339, or a day.

use jiff::Timestamp;

use crate::error::{ApiError, ApiResult};

/// RFC 3339, or a date, which as an end means the whole day (UTC).
pub fn read_moment(text: &str, field: &'static str, absent: i64, is_end: bool) -> ApiResult<i64> {
    if text.is_empty() {
        return Ok(absent);
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment.as_microsecond());
    }
    let day = text.parse::<jiff::civil::Date>().ok();
    let day = if is_end { day.and_then(|day| day.tomorrow().ok()) } else { day };
    let start = day.and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok());
    start.map(|start| start.timestamp().as_microsecond()).ok_or_else(|| {
        ApiError::field(field, format!("`{field}` is a date (2026-06-30) or a moment (2026-06-30T12:00:00Z)."))
    })
}
