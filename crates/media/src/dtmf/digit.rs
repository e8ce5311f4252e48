//! The sixteen keys and their event codes and tones.

use thiserror::Error;

/// A character that is no telephone key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a DTMF digit: 0-9, *, # and A-D are")]
pub struct InvalidDigit;

/// One key of the telephone: `0`–`9`, `*`, `#`, `A`–`D`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digit(u8);

const KEYS: &[u8; 16] = b"0123456789*#ABCD";

impl Digit {
    /// The key of an event code (RFC 4733 §3.2), 0 to 15; other events (flash, fax tones) are none.
    pub fn from_code(code: u8) -> Option<Self> {
        (code < 16).then_some(Self(code))
    }

    /// Event code, 0 to 15.
    pub fn code(self) -> u8 {
        self.0
    }

    /// The key as printed, upper case.
    pub fn as_char(self) -> char {
        KEYS.get(usize::from(self.0)).map_or('?', |key| char::from(*key))
    }

    /// Low and high frequency in hertz (ITU-T Q.23).
    pub fn frequencies_hz(self) -> (u16, u16) {
        const LOW: [u16; 4] = [697, 770, 852, 941];
        const HIGH: [u16; 4] = [1_209, 1_336, 1_477, 1_633];
        let (row, column) = match self.as_char() {
            '1' => (0, 0),
            '2' => (0, 1),
            '3' => (0, 2),
            'A' => (0, 3),
            '4' => (1, 0),
            '5' => (1, 1),
            '6' => (1, 2),
            'B' => (1, 3),
            '7' => (2, 0),
            '8' => (2, 1),
            '9' => (2, 2),
            'C' => (2, 3),
            '*' => (3, 0),
            '0' => (3, 1),
            '#' => (3, 2),
            _ => (3, 3),
        };
        (LOW[row], HIGH[column])
    }
}

impl TryFrom<char> for Digit {
    type Error = InvalidDigit;

    fn try_from(key: char) -> Result<Self, InvalidDigit> {
        let key = u8::try_from(key.to_ascii_uppercase()).map_err(|_| InvalidDigit)?;
        let code = KEYS.iter().position(|known| *known == key).ok_or(InvalidDigit)?;
        Ok(Self(code as u8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_its_code_and_its_own_pair_of_tones() {
        let mut pairs = std::collections::BTreeSet::new();
        for code in 0..16 {
            let digit = Digit::from_code(code).unwrap();
            assert_eq!(Digit::try_from(digit.as_char()), Ok(digit));
            assert!(pairs.insert(digit.frequencies_hz()));
        }
        assert_eq!(Digit::try_from('d').map(Digit::code), Ok(15));
        assert_eq!(Digit::try_from('e'), Err(InvalidDigit));
        assert_eq!(Digit::try_from('é'), Err(InvalidDigit));
        assert_eq!(Digit::from_code(16), None, "hook flash is no digit");
    }
}
