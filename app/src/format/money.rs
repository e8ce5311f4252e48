//! Amounts: minor units to text and back, never through floating point.

use sautikit_api::money::Currency;

/// `KES 1,234.50`; an unknown currency shows its minor units, which is ugly but never wrong.
pub fn money(amount_minor: i64, currency: &str) -> String {
    match Currency::parse(currency) {
        Some(currency) => currency.format_minor(amount_minor),
        None => format!("{currency} {amount_minor} minor"),
    }
}

/// `KES 3.00`, `USD 0.0245`: a price per minute, of 1/10,000 of a minor unit, with all its decimals.
pub fn rate(per_min_e4: i64, currency: &str) -> String {
    match Currency::parse(currency) {
        Some(known) => format!("{currency} {}", known.format_e4(per_min_e4)),
        None => format!("{currency} {per_min_e4}"),
    }
}

/// Minor units of what a person typed in major units: `1,000`, `1000.5`, ` 12.34 `.
/// `None` for anything else, for more decimals than the currency has, and for amounts beyond `i64`.
pub fn parse_major(typed: &str, currency: &str) -> Option<i64> {
    Currency::parse(currency)?.parse_minor(typed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_amounts_become_minor_units() {
        assert_eq!(parse_major("1,000", "KES"), Some(100_000));
        assert_eq!(parse_major(" 12.5 ", "KES"), Some(1_250));
        assert_eq!(parse_major("5000", "UGX"), Some(5_000));
    }

    #[test]
    fn a_rate_is_shown_to_its_last_decimal() {
        assert_eq!(rate(24_000, "USD"), "USD 0.024");
        assert_eq!(rate(3_000_000, "KES"), "KES 3.00");
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for typed in ["", "-5", "1.234", "1e3", ".5", "99999999999999999999", "kes 5"] {
            assert_eq!(parse_major(typed, "KES"), None, "{typed}");
        }
        assert_eq!(parse_major("1.5", "UGX"), None);
    }
}
