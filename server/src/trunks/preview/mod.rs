//! A look at the INVITE that a carrier will see: of which call it is where nobody says. The message itself is the gateway's.

pub(super) mod http;

/// Digits of a number that is made up of a prefix: as most countries' have.
const SAMPLE_DIGITS: usize = 12;
/// Where a trunk serves all.
const SAMPLE: &str = "+254722000042";

/// A number that begins so.
fn sample_of(prefix: &str) -> String {
    let digits = prefix.trim_start_matches('+');
    if digits.is_empty() {
        return SAMPLE.to_owned();
    }
    let missing = SAMPLE_DIGITS.saturating_sub(digits.len());
    format!("+{digits}{}", &"722000042000"[..missing])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_begins_with_the_prefix_and_has_a_numbers_length() {
        assert_eq!(sample_of("+"), SAMPLE);
        assert_eq!(sample_of("+254"), SAMPLE);
        assert_eq!(sample_of("+254722000042"), SAMPLE);
        assert_eq!(sample_of("+1"), "+172200004200");
    }
}
