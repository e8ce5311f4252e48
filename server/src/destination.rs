//! Reading a dialled string: emergency and short codes are refused first, then it must be a valid telephone number.
//!
//! The order matters: a phone-number library calls 999 merely invalid, but it must be refused as an emergency number.

use thiserror::Error;

use crate::telephone::{self, Telephone};

/// Digits below which a dialled string is a short code in every country: the shortest subscriber numbers with their
/// area codes have more.
const LONGEST_SHORT_CODE: usize = 6;

/// Emergency numbers that people dial with a prefix (`+999`, `00112`) as well.
const EMERGENCY: &[&str] = &["999", "112", "911", "000", "110", "118", "119", "113", "10111", "10177", "199", "767"];

/// Why a dialled string is not a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DestinationError {
    /// An emergency number or a short code.
    #[error("emergency numbers and short codes can't be called here")]
    Emergency,
    /// Not a valid telephone number.
    #[error("not a telephone number; use E.164, such as +254722000001")]
    Invalid,
}

/// Whether it is an emergency number or a short code, wherever it is dialled. What is no number at all is none.
pub fn is_emergency(dialled: &str) -> bool {
    let Some(keys) = telephone::keys_of(dialled) else { return false };
    let digits = keys.strip_prefix('+').or_else(|| keys.strip_prefix("00")).unwrap_or(&keys);
    digits.len() <= LONGEST_SHORT_CODE || EMERGENCY.contains(&digits) || digits.contains(['*', '#'])
}

/// Reads `dialled` as someone in `home_country` (ISO 3166-1 alpha-2) would dial it; the forms are [`telephone`]'s.
///
/// # Errors
/// Emergency and short codes, then everything that is no valid number.
pub fn read_destination(dialled: &str, home_country: &str) -> Result<Telephone, DestinationError> {
    if is_emergency(dialled) {
        return Err(DestinationError::Emergency);
    }
    telephone::keys_of(dialled).ok_or(DestinationError::Invalid)?;
    let number = telephone::read(dialled, Some(home_country)).or_else(|| telephone::read_of_no_country(dialled));
    number.ok_or(DestinationError::Invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn e164(dialled: &str) -> Result<String, DestinationError> {
        read_destination(dialled, "KE").map(|destination| destination.e164)
    }

    #[test]
    fn emergency_and_short_codes_come_before_e164() {
        for dialled in [
            "999",
            "112",
            "911",
            "+999",
            "100",
            "*144#",
            "10111",
            "tel:999",
            "9-1-1",
            "00112",
            "112;phone-context=+254",
        ] {
            assert_eq!(e164(dialled), Err(DestinationError::Emergency), "{dialled}");
        }
    }

    #[test]
    fn national_form_is_normalised_with_the_home_country() {
        assert_eq!(e164("0722000042").as_deref(), Ok("+254722000042"));
        assert_eq!(e164("tel:+254-722-000-042").as_deref(), Ok("+254722000042"));
        assert_eq!(e164("00254722000042").as_deref(), Ok("+254722000042"));
    }

    #[test]
    fn the_sandboxs_numbers_are_valid() {
        for ending in ["9901", "9902", "9903", "0042"] {
            assert!(e164(&format!("+25472200{ending}")).is_ok());
        }
    }

    #[test]
    fn a_mobile_that_begins_like_an_emergency_number_is_none() {
        assert_eq!(e164("0112000100").as_deref(), Ok("+254112000100"));
        for dialled in ["112", "0112", "00112", "+112", "1 1 2", "112#", "*112", "999", "0999", "00999", "999;ext=1"] {
            assert_eq!(e164(dialled), Err(DestinationError::Emergency), "{dialled}");
        }
    }

    #[test]
    fn networks_of_no_country_are_read_whether_or_not_a_table_knows_them() {
        for dialled in ["+870773111632", "00881612345678", "+88213000000", "+883510000000", "+979123456789"] {
            assert!(e164(dialled).is_ok_and(|e164| telephone::is_of_no_country(&e164)), "{dialled}");
        }
    }

    #[test]
    fn nonsense_is_invalid() {
        for dialled in ["", "hello", "+2547", "+25472200004212345678", "sip:a@b"] {
            assert!(e164(dialled).is_err(), "{dialled}");
        }
    }
}
