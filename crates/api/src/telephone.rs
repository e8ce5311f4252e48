//! How telephone numbers are written: what surrounds the digits, and nothing about countries. Pure.
//!
//! Spaces, dashes, dots, brackets and the parameters of a `tel:` URI say nothing about which number is meant
//! (RFC 3966 §5.1.1).

/// Characters of a number as written, beyond which it is none: 15 digits with separators and parameters around them.
const MAX_CHARS: usize = 256;
/// Keys of a number; E.164 has 15 digits at most, national and international prefixes come before them.
const MAX_KEYS: usize = 64;

/// A number without what surrounds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written<'a> {
    /// `+` or not, then digits, stars and hashes.
    pub keys: String,
    /// The global prefix, `+` included, that the writer says the number belongs to (`phone-context`, RFC 3966 §5.1.5).
    pub context: Option<&'a str>,
}

impl<'a> Written<'a> {
    /// Reads a number; none when something else is in the text.
    pub fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim();
        if text.len() > MAX_CHARS {
            return None;
        }
        let text = match text.split_at_checked(4) {
            Some((scheme, number)) if scheme.eq_ignore_ascii_case("tel:") => number,
            _ => text,
        };
        let (number, params) = text.split_once(';').unwrap_or((text, ""));
        if params.chars().any(|letter| letter.is_control() || letter.is_whitespace()) {
            return None;
        }
        let context = params
            .split(';')
            .filter_map(|param| param.split_once('='))
            .filter(|(name, _)| name.eq_ignore_ascii_case("phone-context"))
            .map(|(_, value)| value)
            .rfind(|value| value.starts_with('+'));
        let keys: String = number.chars().filter(|letter| !is_separator(*letter)).collect();
        let pressed = keys.strip_prefix('+').unwrap_or(&keys);
        let is_number = (1..=MAX_KEYS).contains(&pressed.len())
            && pressed.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'*' | b'#'));
        is_number.then_some(Self { keys, context })
    }
}

/// What stands between digits for the eye: RFC 3966's visual separators, and what they become in print and on web pages.
pub fn is_separator(letter: char) -> bool {
    matches!(letter, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}' | '\u{2009}' | '\u{202f}' | '\u{2010}'..='\u{2013}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Option<String> {
        Written::parse(text).map(|written| written.keys)
    }

    #[test]
    fn what_surrounds_a_number_is_taken_away() {
        for written in [
            "+254722000042",
            " +254 722 000 042 ",
            "+254-722-000-042",
            "+254 (722) 000.042",
            "+254/722000042",
            "+254\u{a0}722\u{2011}000\u{2013}042",
            "tel:+254722000042",
            "TEL:+254-722-000-042;isub=12;ext=7",
            "+254722000042;npdi;rn=+254711000000",
        ] {
            assert_eq!(keys(written).as_deref(), Some("+254722000042"), "{written}");
        }
        assert_eq!(keys("*144#").as_deref(), Some("*144#"));
    }

    #[test]
    fn the_writers_context_is_told() {
        assert_eq!(Written::parse("tel:722;phone-context=+254").unwrap().context, Some("+254"));
        assert_eq!(Written::parse("tel:722;phone-context=a.example").unwrap().context, None);
    }

    #[test]
    fn anything_else_is_no_number() {
        let text = "1".repeat(100_000);
        for written in ["", "+", "tel:", "asha", "sip:1@a", "++1", "1@a", "1,2", "٠٧", "1;a\r\nX: y", "a;1", &text] {
            assert_eq!(keys(written), None, "{written:?}");
        }
    }
}
