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

/// `21 Nov 2026` of an RFC 3339 UTC time; what does not look like one is shown as it is.
pub fn date(rfc3339: &str, lang: Lang) -> String {
    match parts(rfc3339) {
        Some((year, month, day, _)) => {
            format!("{day} {} {year}", lang.text().common.months.split(' ').nth(month - 1).unwrap_or_default())
        }
        None => rfc3339.to_owned(),
    }
}

/// `14:26:05` of an RFC 3339 UTC time, for the entries of one call.
pub fn clock(rfc3339: &str) -> String {
    parts(rfc3339).map_or_else(|| rfc3339.to_owned(), |(_, _, _, clock)| clock.to_owned())
}

/// `14:26:05.120` of an RFC 3339 UTC time, where the order within a second counts.
pub fn exact(rfc3339: &str) -> String {
    match (parts(rfc3339), micros(rfc3339)) {
        (Some((_, _, _, clock)), Some(micros)) => format!("{clock}.{:03}", micros.rem_euclid(1_000_000) / 1_000),
        _ => rfc3339.to_owned(),
    }
}

/// Microseconds since 1970 of an RFC 3339 UTC time; finer fractions are cut off.
pub fn micros(rfc3339: &str) -> Option<i64> {
    let (date, rest) = rfc3339.strip_suffix('Z')?.split_once('T')?;
    let (clock, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let mut date = date.splitn(3, '-').map(str::parse::<i64>);
    let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let mut clock = clock.splitn(3, ':').map(str::parse::<i64>);
    let (hour, minute, second) = (clock.next()?.ok()?, clock.next()?.ok()?, clock.next()?.ok()?);
    let digits: String = fraction.chars().chain("000000".chars()).take(6).collect();
    let seconds = days(year, month, day).checked_mul(86_400)? + hour * 3_600 + minute * 60 + second;
    seconds.checked_mul(1_000_000)?.checked_add(digits.parse().ok()?)
}

/// Days since 1970 of a day of the Gregorian calendar (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// How long something took, as fine as it was short: `84 ms`, `1.24 s`, `12.3 s`, `1:05`.
pub fn span(microseconds: i64) -> String {
    let ms = microseconds.max(0) / 1_000;
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..10_000 => format!("{}.{:02} s", ms / 1_000, ms % 1_000 / 10),
        10_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => duration(ms / 1_000),
    }
}

/// A round time on an axis, without what is not needed to tell it: `20 ms`, `0.5 s`, `5 s`, `1:30`.
pub fn mark(microseconds: i64) -> String {
    let ms = microseconds.max(0) / 1_000;
    match ms {
        0..100 => format!("{ms} ms"),
        100..60_000 if ms % 1_000 == 0 => format!("{} s", ms / 1_000),
        100..60_000 => format!("{}.{} s", ms / 1_000, format!("{:03}", ms % 1_000).trim_end_matches('0')),
        _ => duration(ms / 1_000),
    }
}

/// How far into something a moment is: `+0.084 s`, `+12.300 s`, `+1:05.250`.
pub fn offset(microseconds: i64) -> String {
    let ms = microseconds.max(0) / 1_000;
    match ms {
        0..60_000 => format!("+{}.{:03} s", ms / 1_000, ms % 1_000),
        _ => format!("+{}.{:03}", duration(ms / 1_000), ms % 1_000),
    }
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
        assert_eq!(date("2026-11-01T14:26:05Z", Lang::English), "1 Nov 2026");
    }

    #[test]
    fn milliseconds_are_as_fine_as_they_are_few() {
        assert_eq!(milliseconds(840), "0.8 ms");
        assert_eq!(milliseconds(12_340), "12 ms");
        assert_eq!(milliseconds(1_240_900), "1,240 ms");
    }

    #[test]
    fn moments_are_counted_as_the_calendar_has_them() {
        assert_eq!(micros("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(micros("2023-11-14T22:13:20.25Z"), Some(1_700_000_000_250_000));
        assert_eq!(micros("2024-02-29T00:00:00.000001999Z"), Some(1_709_164_800_000_001));
        assert_eq!(micros("2024-02-29T00:00:00+03:00"), None);
        assert_eq!(exact("2023-11-14T22:13:20.25Z"), "22:13:20.250");
        assert_eq!(exact("soon"), "soon");
    }

    #[test]
    fn stretches_and_offsets_are_as_fine_as_they_are_short() {
        assert_eq!([84_000, 1_249_000, 12_390_000, 65_000_000].map(span), ["84 ms", "1.24 s", "12.3 s", "1:05"]);
        assert_eq!([84_000, 12_300_000, 65_250_000].map(offset), ["+0.084 s", "+12.300 s", "+1:05.250"]);
        assert_eq!(
            [20_000, 120_000, 500_000, 5_000_000, 90_000_000].map(mark),
            ["20 ms", "0.12 s", "0.5 s", "5 s", "1:30"]
        );
    }

    #[test]
    fn durations_have_hours_only_when_needed() {
        assert_eq!(duration(47), "0:47");
        assert_eq!(duration(3_723), "1:02:03");
        assert_eq!(duration(-1), "0:00");
    }
}
