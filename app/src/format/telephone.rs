//! Telephone numbers in groups that people read and say.

/// Calling codes of two digits (ITU-T E.164 annex D); those of one are 1 and 7, all others have three.
const TWO_DIGITS: [&str; 43] = [
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48", "49", "51",
    "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81", "82", "84", "86", "90",
    "91", "92", "93", "94", "95",
];
/// Digits of a group behind the calling code; up to one more stand in the last.
const GROUP: usize = 3;

/// `+254 722 000 042` as its groups; anything that is no E.164 number is one group.
pub fn telephone(number: &str) -> Vec<&str> {
    let digits = number.strip_prefix('+').unwrap_or_default();
    if digits.len() < 7 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return vec![number];
    }
    let code = match digits {
        _ if digits.starts_with(['1', '7']) => 1,
        _ if TWO_DIGITS.iter().any(|code| digits.starts_with(code)) => 2,
        _ => 3,
    };
    let (code, mut rest) = number.split_at(1 + code);
    let mut groups = vec![code];
    while rest.len() > GROUP + 1 {
        let (group, after) = rest.split_at(GROUP);
        groups.push(group);
        rest = after;
    }
    groups.push(rest);
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_in_groups() {
        assert_eq!(telephone("+254722000042"), ["+254", "722", "000", "042"]);
        assert_eq!(telephone("+27821234567"), ["+27", "821", "234", "567"]);
        assert_eq!(telephone("+12025550123"), ["+1", "202", "555", "0123"]);
    }

    #[test]
    fn names_and_short_codes_stay_whole() {
        for other in ["client:amina", "", "+", "+123", "0722000042", "+25472200004x"] {
            assert_eq!(telephone(other), [other]);
        }
    }

    #[test]
    fn no_digit_is_lost() {
        for number in ["+2547220", "+25472200", "+254722000", "+447911123456", "+2348012345678"] {
            assert_eq!(telephone(number).concat(), number);
        }
    }
}
