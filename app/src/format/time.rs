//! Moments and durations. The server renders UTC and says so; `app/js/times.js` rewrites `<time>` to its own zone.

use crate::i18n::Lang;

/// `21 Nov 2026, 14:26 UTC` of an RFC 3339 UTC time; what does not look like one is shown as it is.
pub fn moment(rfc3339: &str, lang: Lang) -> String {
    match parts(rfc3339) {
        Some((year, month, day, clock)) => {
            let month = lang.text().common.months.split(' ').nth(month - 1).unwrap_or_default();
            format!("{day} {month} {year}, {} UTC", clock.get(..5).unwrap_or(clock))
        }
        None => rfc3339.to_owned(),
    }
}

/// `21 Nov` of a calendar day such as `2026-11-21`; what does not look like one is shown as it is.
pub fn day(date: &str, lang: Lang) -> String {
    match parts(&format!("{date}T00:00:00")) {
        Some((_, month, day, _)) => {
            format!("{day} {}", lang.text().common.months.split(' ').nth(month - 1).unwrap_or_default())
        }
        None => date.to_owned(),
    }
}

/// `14:26:05` of an RFC 3339 UTC time, for the entries of one call.
pub fn clock(rfc3339: &str) -> String {
    parts(rfc3339).map_or_else(|| rfc3339.to_owned(), |(_, _, _, clock)| clock.to_owned())
}

/// `0:47`, `12:03`, `1:02:03`.
pub fn duration(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// `0.8 ms`, `12 ms`, `1,240 ms` of microseconds: tenths only where a whole would say nothing.
pub fn milliseconds(microseconds: i64) -> String {
    let microseconds = microseconds.max(0);
    match microseconds / 1_000 {
        0..10 => format!("{}.{} ms", microseconds / 1_000, microseconds / 100 % 10),
        whole @ 10..1_000 => format!("{whole} ms"),
        whole => format!("{},{:03} ms", whole / 1_000, whole % 1_000),
    }
}

/// Year, month (1 to 12), day without leading zero, `HH:MM:SS`.
fn parts(rfc3339: &str) -> Option<(&str, usize, &str, &str)> {
    let (date, rest) = rfc3339.split_once('T')?;
    let mut fields = date.splitn(3, '-');
    let (year, month, day) = (fields.next()?, fields.next()?.parse().ok()?, fields.next()?);
    (1..=12).contains(&month).then_some((year, month, day.trim_start_matches('0'), rest.get(..8)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_dated_and_say_their_zone() {
        assert_eq!(moment("2026-11-01T14:26:05.123Z", Lang::English), "1 Nov 2026, 14:26 UTC");
        assert_eq!(moment("2026-12-01T14:26:05Z", Lang::Swahili), "1 Des 2026, 14:26 UTC");
        assert_eq!(moment("soon", Lang::English), "soon");
    }

    #[test]
    fn days_are_short() {
        assert_eq!(day("2026-11-01", Lang::English), "1 Nov");
        assert_eq!(day("today", Lang::English), "today");
    }

    #[test]
    fn milliseconds_are_as_fine_as_they_are_few() {
        assert_eq!(milliseconds(840), "0.8 ms");
        assert_eq!(milliseconds(12_340), "12 ms");
        assert_eq!(milliseconds(1_240_900), "1,240 ms");
    }

    #[test]
    fn durations_have_hours_only_when_needed() {
        assert_eq!(duration(47), "0:47");
        assert_eq!(duration(3_723), "1:02:03");
        assert_eq!(duration(-1), "0:00");
    }
}
