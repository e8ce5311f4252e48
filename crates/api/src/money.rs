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
    fn codes_parse_back() {
        assert!(Currency::ALL.iter().all(|currency| Currency::parse(currency.code()) == Some(*currency)));
        assert_eq!(Currency::parse("kes"), None);
    }
}
