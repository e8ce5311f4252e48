//! The numbers of a series: a prefix, and every suffix between two. Pure.

use super::SeriesRule;
use crate::telephone;

/// Numbers of one series at most: they are made in one transaction, which on SQLite keeps other writers waiting for about a
/// second. Who has more loads them as several series.
pub const SERIES_NUMBERS: u64 = 10_000;
/// Digits of a whole number (E.164); islands have seven.
const E164_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// Digits of a suffix: far above what a series has numbers for.
const SUFFIX_DIGITS: std::ops::RangeInclusive<usize> = 1..=9;

/// A block of numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// `+` and digits.
    pub prefix: String,
    /// How many digits follow.
    digits: usize,
    first: u64,
    last: u64,
}

impl Range {
    /// Reads a block of a country's numbers.
    ///
    /// # Errors
    /// What of it does not hold, by field.
    pub fn parse(country: &str, prefix: &str, first: &str, last: &str) -> Result<Self, SeriesRule> {
        let plain: String = prefix.chars().filter(|letter| !matches!(letter, ' ' | '-')).collect();
        let digits = plain.strip_prefix('+').filter(|digits| is_digits(digits));
        let Some(digits) = digits else {
            return Err(rule("prefix", "`prefix` is a plus sign and digits, such as +2542070."));
        };
        let code = telephone::calling_code(country).map(|code| code.to_string());
        if !code.is_some_and(|code| digits.starts_with(&code)) {
            return Err(rule("prefix", format!("`prefix` {plain} is not of {country}: begin with its country code.")));
        }
        let (first_text, last_text) = (first.trim(), last.trim());
        let suffix = |field, text: &str| {
            let fits = SUFFIX_DIGITS.contains(&text.len()) && is_digits(text);
            fits.then(|| text.parse::<u64>().ok())
                .flatten()
                .ok_or_else(|| rule(field, format!("`{field}` is 1 to {} digits, such as 0000.", SUFFIX_DIGITS.end())))
        };
        let (first, last) = (suffix("first_suffix", first_text)?, suffix("last_suffix", last_text)?);
        if first_text.len() != last_text.len() {
            let message = format!("`last_suffix` has {} digits, as `first_suffix` has.", first_text.len());
            return Err(rule("last_suffix", message));
        }
        if last < first {
            return Err(rule("last_suffix", "`last_suffix` comes before `first_suffix`."));
        }
        if last - first >= SERIES_NUMBERS {
            let message = format!("A series has at most {SERIES_NUMBERS} numbers. Load the rest as further series.");
            return Err(rule("last_suffix", message));
        }
        if !E164_DIGITS.contains(&(digits.len() + first_text.len())) {
            let message = format!(
                "The numbers would have {} digits. A number has {} to {}.",
                digits.len() + first_text.len(),
                E164_DIGITS.start(),
                E164_DIGITS.end()
            );
            return Err(rule("prefix", message));
        }
        Ok(Self { prefix: plain, digits: first_text.len(), first, last })
    }

    /// How many numbers it has.
    pub fn size(&self) -> u64 {
        self.last - self.first + 1
    }

    /// Its numbers, E.164, upwards.
    pub fn numbers(&self) -> impl Iterator<Item = String> {
        (self.first..=self.last).map(|suffix| self.number(suffix))
    }

    /// Its first number.
    pub fn first_number(&self) -> String {
        self.number(self.first)
    }

    /// Its last number.
    pub fn last_number(&self) -> String {
        self.number(self.last)
    }

    /// What follows the prefix in the first number.
    pub fn first_suffix(&self) -> String {
        self.suffix(self.first)
    }

    /// What follows the prefix in the last number.
    pub fn last_suffix(&self) -> String {
        self.suffix(self.last)
    }

    /// A number that both would make.
    pub fn common(&self, other: &Self) -> Option<String> {
        let same_length = self.first_number().len() == other.first_number().len();
        let first = self.first_number().max(other.first_number());
        let last = self.last_number().min(other.last_number());
        (same_length && first <= last).then_some(first)
    }

    fn number(&self, suffix: u64) -> String {
        format!("{}{}", self.prefix, self.suffix(suffix))
    }

    fn suffix(&self, suffix: u64) -> String {
        format!("{suffix:0width$}", width = self.digits)
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn rule(field: &'static str, message: impl Into<String>) -> SeriesRule {
    SeriesRule { field, message: message.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kenyan(prefix: &str, first: &str, last: &str) -> Result<Range, &'static str> {
        Range::parse("KE", prefix, first, last).map_err(|rule| rule.field)
    }

    #[test]
    fn a_range_makes_every_number_with_its_zeros() {
        let range = kenyan("+254 20-70", "0998", "1001").unwrap();
        let numbers = ["+25420700998", "+25420700999", "+25420701000", "+25420701001"];
        assert_eq!(range.numbers().collect::<Vec<_>>(), numbers);
        assert_eq!((range.size(), range.first_number().as_str()), (4, numbers[0]));
        assert_eq!((range.first_suffix().as_str(), range.last_suffix().as_str()), ("0998", "1001"));
    }

    #[test]
    fn what_is_no_range_names_its_field() {
        for (prefix, first, last, field) in [
            ("25420", "0000", "0001", "prefix"),
            ("+", "0000", "0001", "prefix"),
            ("+256700", "000000", "000001", "prefix"),
            ("+254", "00", "01", "prefix"),
            ("+2547000000000", "000", "001", "prefix"),
            ("+25420", "", "0001", "first_suffix"),
            ("+25420", "00x", "0001", "first_suffix"),
            ("+25420", "0000000000", "0000000001", "first_suffix"),
            ("+25420", "0000", "-001", "last_suffix"),
            ("+25420", "0000", "00001", "last_suffix"),
            ("+25420", "0009", "0001", "last_suffix"),
            ("+25420", "00000", "10000", "last_suffix"),
        ] {
            assert_eq!(kenyan(prefix, first, last), Err(field), "{prefix} {first} {last}");
        }
        assert_eq!(kenyan("+25420", "00000", "09999").map(|range| range.size()), Ok(SERIES_NUMBERS));
    }

    #[test]
    fn ranges_that_share_a_number_say_which() {
        let range = |prefix: &str, first: &str, last: &str| kenyan(prefix, first, last).unwrap();
        let all = range("+25420700", "000", "999");
        assert_eq!(all.common(&range("+254207005", "00", "99")).as_deref(), Some("+25420700500"));
        assert_eq!(all.common(&range("+25420701", "000", "999")), None);
        assert_eq!(all.common(&range("+25420700", "0000", "0999")), None);
    }
}
