//! Amounts: minor units to text and back, never through floating point.

use sautikit_api::money::Currency;

/// `KES 1,234.50`; an unknown currency shows its minor units, which is ugly but never wrong.
pub fn money(amount_minor: i64, currency: &str) -> String {
    match Currency::parse(currency) {
        Some(currency) => currency.format_minor(amount_minor),
        None => format!("{currency} {amount_minor} minor"),
    }
}

/// Minor units of what a person typed in major units: `1,000`, `1000.5`, ` 12.34 `.
/// `None` for anything else, for more decimals than the currency has, and for amounts beyond `i64`.
pub fn parse_major(typed: &str, currency: &str) -> Option<i64> {
    let exponent = Currency::parse(currency)?.exponent() as usize;
    let plain: String = typed.trim().chars().filter(|letter| !matches!(letter, ',' | ' ' | '_')).collect();
    let (whole, decimals) = plain.split_once('.').unwrap_or((&plain, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(decimals) || decimals.len() > exponent {
        return None;
    }
    format!("{whole}{decimals:0<exponent$}").parse().ok()
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
    fn what_is_no_amount_is_refused() {
        for typed in ["", "-5", "1.234", "1e3", ".5", "99999999999999999999", "kes 5"] {
            assert_eq!(parse_major(typed, "KES"), None, "{typed}");
        }
        assert_eq!(parse_major("1.5", "UGX"), None);
    }
}
