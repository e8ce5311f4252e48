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

/// Reads `dialled` as someone in `home_country` (ISO 3166-1 alpha-2) would dial it; the forms are [`telephone`]'s.
///
/// # Errors
/// Emergency and short codes, then everything that is no valid number.
pub fn read_destination(dialled: &str, home_country: &str) -> Result<Telephone, DestinationError> {
    let keys = telephone::keys_of(dialled).ok_or(DestinationError::Invalid)?;
    let digits = keys.strip_prefix('+').or_else(|| keys.strip_prefix("00")).unwrap_or(&keys);
    if digits.len() <= LONGEST_SHORT_CODE || EMERGENCY.contains(&digits) || digits.contains(['*', '#']) {
        return Err(DestinationError::Emergency);
    }
    telephone::read(dialled, Some(home_country)).ok_or(DestinationError::Invalid)
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
    fn nonsense_is_invalid() {
        for dialled in ["", "hello", "+2547", "+25472200004212345678", "sip:a@b"] {
            assert!(e164(dialled).is_err(), "{dialled}");
        }
    }
}
