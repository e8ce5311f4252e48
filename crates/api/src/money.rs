//! Currencies and amounts. Amounts are integers in minor units; no floating point comes near them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A currency that a workspace can be denominated in (ISO 4217).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Currency {
    /// Kenyan shilling.
    KES,
    /// Ugandan shilling, which has no minor unit.
    UGX,
    /// Tanzanian shilling.
    TZS,
    /// Nigerian naira.
    NGN,
    /// Ghanaian cedi.
    GHS,
    /// South African rand.
    ZAR,
    /// US dollar.
    USD,
}

impl Currency {
    /// Every currency that the code knows; which of them are offered is the operator's data.
    pub const ALL: &'static [Self] = &[Self::KES, Self::UGX, Self::TZS, Self::NGN, Self::GHS, Self::ZAR, Self::USD];

    /// The ISO 4217 letters.
    pub const fn code(self) -> &'static str {
        match self {
            Self::KES => "KES",
            Self::UGX => "UGX",
            Self::TZS => "TZS",
            Self::NGN => "NGN",
            Self::GHS => "GHS",
            Self::ZAR => "ZAR",
            Self::USD => "USD",
        }
    }

    /// How many decimal digits the minor unit stands for (ISO 4217): 2, or 0 for UGX.
    pub const fn exponent(self) -> u32 {
        match self {
            Self::UGX => 0,
            _ => 2,
        }
    }

    /// The currency of these letters; upper case only, as ISO writes them.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|currency| currency.code() == code)
    }

    /// Minor units of an amount as people write it in whole units: `1,000`, `12.34`. None for anything else, for more decimals
    /// than the currency has, for a comma that separates no thousands (`1,50` may mean either), and for amounts beyond 64 bits.
    pub fn parse_minor(self, written: &str) -> Option<i64> {
        scaled(written, self.exponent())
    }

    /// A price per minute as people write it in whole units, in 1/10,000 of a minor unit: of KES `3.00` is 3,000,000.
    pub fn parse_e4(self, written: &str) -> Option<i64> {
        scaled(written, self.exponent() + FINER_DIGITS)
    }

    /// [`Self::parse_e4`]'s inverse: at least the currency's own decimals, and further ones where there are any.
    pub fn format_e4(self, rate_e4: i64) -> String {
        let digits = self.exponent() + FINER_DIGITS;
        let scale = 10_u64.pow(digits);
        let (sign, magnitude) = (if rate_e4 < 0 { "-" } else { "" }, rate_e4.unsigned_abs());
        let decimals = format!("{:0width$}", magnitude % scale, width = digits as usize);
        let shown = decimals.trim_end_matches('0').len().max(self.exponent() as usize);
        let whole = magnitude / scale;
        match decimals.get(..shown) {
            Some(decimals) if !decimals.is_empty() => format!("{sign}{whole}.{decimals}"),
            _ => format!("{sign}{whole}"),
        }
    }

    /// An amount as people read it: `KES 1,234.50`, `-KES 2.35`.
    pub fn format_minor(self, amount_minor: i64) -> String {
        let scale = 10_u64.pow(self.exponent());
        let magnitude = amount_minor.unsigned_abs();
        let sign = if amount_minor < 0 { "-" } else { "" };
        let whole = group_thousands(magnitude / scale);
        match self.exponent() {
            0 => format!("{sign}{} {whole}", self.code()),
            digits => format!("{sign}{} {whole}.{:0width$}", self.code(), magnitude % scale, width = digits as usize),
        }
    }
}

/// Decimals of a rate beyond those of the minor unit.
const FINER_DIGITS: u32 = 4;

/// A decimal number without sign, times ten to the power of `digits`.
fn scaled(written: &str, digits: u32) -> Option<i64> {
    let digits = digits as usize;
    let plain: String = written.trim().chars().filter(|letter| !matches!(letter, ' ' | '_')).collect();
    let (grouped, decimals) = plain.split_once('.').unwrap_or((&plain, ""));
    let mut groups = grouped.split(',');
    let are_thousands = groups.next().is_some_and(|first| grouped == first || (1..=3).contains(&first.len()))
        && groups.all(|group| group.len() == 3);
    if !are_thousands {
        return None;
    }
    let whole = grouped.replace(',', "");
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(&whole) || !all_digits(decimals) || decimals.len() > digits {
        return None;
    }
    format!("{whole}{decimals:0<digits$}").parse().ok()
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

fn group_thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_people_write_them() {
        assert_eq!(Currency::KES.format_minor(123_450), "KES 1,234.50");
        assert_eq!(Currency::KES.format_minor(-235), "-KES 2.35");
        assert_eq!(Currency::UGX.format_minor(1_000_000), "UGX 1,000,000");
        assert_eq!(Currency::KES.format_minor(i64::MIN), "-KES 92,233,720,368,547,758.08");
    }

    #[test]
    fn prices_are_read_and_written_exactly() {
        assert_eq!(Currency::KES.parse_e4("3.00"), Some(3_000_000));
        assert_eq!(Currency::KES.parse_e4("0.051234"), Some(51_234));
        assert_eq!(Currency::UGX.parse_e4("84.5"), Some(845_000));
        assert_eq!(Currency::KES.parse_minor("1,234.5"), Some(123_450));
        // A comma for the decimals would make a hundred times as much of it.
        for written in ["1,50", "3,0", ",500", "1,000,00", "1000,000", "1.000,00"] {
            assert_eq!(Currency::KES.parse_minor(written), None, "{written}");
        }
        assert_eq!(Currency::KES.parse_minor("1,000,000"), Some(100_000_000));
        for wrong in ["", "-3", "1e3", ".5", "3.0000001", "99999999999999999999"] {
            assert_eq!(Currency::KES.parse_e4(wrong), None, "{wrong}");
        }
        for (currency, rate, written) in [
            (Currency::KES, 3_000_000, "3.00"),
            (Currency::USD, 24_500, "0.0245"),
            (Currency::UGX, 840_000, "84"),
            (Currency::UGX, 845_000, "84.5"),
            (Currency::KES, 0, "0.00"),
        ] {
            assert_eq!(currency.format_e4(rate), written);
            assert_eq!(currency.parse_e4(written), Some(rate));
        }
    }

    #[test]
    fn codes_parse_back() {
        assert!(Currency::ALL.iter().all(|currency| Currency::parse(currency.code()) == Some(*currency)));
        assert_eq!(Currency::parse("kes"), None);
    }
}
