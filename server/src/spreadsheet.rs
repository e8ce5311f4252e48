//! Text files as spreadsheets and portals save them: in several encodings, with several separators. Pure.

/// What can stand between the fields of a line.
pub const SEPARATORS: [u8; 3] = *b",;\t";

/// How files begin that are no text: a workbook, an old one, a PDF.
const NO_TEXT: [&[u8]; 3] = [b"PK\x03\x04", b"\xd0\xcf\x11", b"%PDF"];

/// The text of a file: UTF-8, UTF-16 with its mark ("Unicode text"), or else Windows' Western encoding, in which names of people
/// are written. A file that is no text gives what [`is_no_text`] knows it by.
pub fn text(bytes: &[u8]) -> String {
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf_16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf_16(rest, u16::from_be_bytes),
        _ if NO_TEXT.iter().any(|begin| bytes.starts_with(begin)) => String::from_utf8_lossy(bytes).into_owned(),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text).to_owned(),
            Err(_) => bytes.iter().copied().map(char::from).collect(),
        },
    }
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (pairs, _) = bytes.as_chunks::<2>();
    let units = pairs.iter().copied().map(unit);
    char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// Whether it is a workbook or a PDF that somebody took for CSV.
pub fn is_no_text(text: &str) -> bool {
    NO_TEXT.iter().any(|begin| text.starts_with(&*String::from_utf8_lossy(begin)))
}

/// What stands between the fields below this line of names: what it has most of.
pub fn separator(names: &str) -> u8 {
    let count = |separator: u8| names.bytes().filter(|byte| *byte == separator).count();
    let found = SEPARATORS.into_iter().filter(|separator| count(*separator) > 0);
    // Of as many the last, which stands within a name more seldom.
    found.max_by_key(|separator| count(*separator)).unwrap_or(b',')
}

/// An amount with a decimal point, whichever sign a spreadsheet writes there: `1.500,00` and `1 500,00` are `1500.00`.
pub fn with_point(amount: &str) -> String {
    let amount: String = amount.chars().filter(|letter| !letter.is_whitespace()).collect();
    match amount.rsplit_once(',') {
        Some((whole, decimals)) if (1..=2).contains(&decimals.len()) && !decimals.contains('.') => {
            format!("{}.{decimals}", whole.replace('.', ""))
        }
        _ => amount,
    }
}

/// A price per minute with a decimal point, whichever sign a spreadsheet writes there. As it may have more than two decimals,
/// `1,234` may be either: none then.
pub fn rate_with_point(rate: &str) -> Option<String> {
    let rate: String = rate.chars().filter(|letter| !letter.is_whitespace()).collect();
    match rate.rsplit_once(',') {
        Some((whole, decimals)) if !decimals.contains('.') => {
            let are_thousands = decimals.len() == 3 && whole.contains(',');
            let may_be_thousands = decimals.len() == 3 && !whole.contains('.') && !matches!(whole, "" | "0");
            match (are_thousands, may_be_thousands) {
                (true, _) => Some(rate),
                (false, true) => None,
                (false, false) => Some(format!("{}.{decimals}", whole.replace('.', ""))),
            }
        }
        _ => Some(rate),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_in_whatever_encoding_it_was_saved() {
        let name = "JOSÉ,10";
        let little: Vec<u8> = [0xfeff].into_iter().chain(name.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = [0xfeff].into_iter().chain(name.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        let marked = format!("\u{feff}{name}");
        for saved in [name.as_bytes(), marked.as_bytes(), &little, &big, b"JOS\xc9,10"] {
            assert_eq!(text(saved), name, "{saved:?}");
        }
        // Half a unit at the end, and half a pair.
        assert_eq!(text(b"\xff\xfea\x00\x3d\xd8b"), "a\u{fffd}");
    }

    #[test]
    fn what_is_no_text_is_known() {
        for file in [&b"PK\x03\x04\x14\x00\xff"[..], b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"%PDF-1.7\xe2"] {
            assert!(is_no_text(&text(file)), "{file:?}");
        }
        assert!(!is_no_text("PK,prefix") && !is_no_text(""));
    }

    #[test]
    fn the_separator_is_what_the_names_have_most_of() {
        for (names, expected) in [
            ("prefix,per minute", b','),
            ("prefix;per minute, KES", b';'),
            ("a\tb", b'\t'),
            ("alone", b','),
            ("", b','),
        ] {
            assert_eq!(separator(names), expected, "{names}");
        }
    }

    #[test]
    fn a_decimal_comma_is_a_point() {
        for (written, expected) in [
            ("1.500,00", "1500.00"),
            ("1 500,5", "1500.5"),
            ("1\u{a0}500,00", "1500.00"),
            ("1,500.00", "1,500.00"),
            ("1,500", "1,500"),
            ("-15,00", "-15.00"),
            ("10", "10"),
        ] {
            assert_eq!(with_point(written), expected);
        }
    }

    #[test]
    fn a_rates_decimal_comma_is_a_point_where_it_can_be_nothing_else() {
        for (written, expected) in [
            ("3,00", Some("3.00")),
            ("0,0245", Some("0.0245")),
            ("0,024", Some("0.024")),
            ("1.234,5", Some("1234.5")),
            ("1.234,567", Some("1234.567")),
            ("1,234.50", Some("1,234.50")),
            ("1,234,567", Some("1,234,567")),
            ("1 234", Some("1234")),
            ("3.00", Some("3.00")),
            ("1,234", None),
        ] {
            assert_eq!(rate_with_point(written).as_deref(), expected, "{written}");
        }
    }
}
