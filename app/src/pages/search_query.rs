//! What somebody looks for: words, or the name of one thing that they have copied from somewhere. Pure.

/// What was typed or pasted.
#[derive(Debug, PartialEq)]
pub(super) enum Asked {
    /// A call by its `HD_` id.
    Call(String),
    /// Anything by its id, a UUID.
    Id(String),
    /// An event by its `evt_` id.
    Event(String),
    /// A request by the id of its answer.
    Request(String),
    /// A telephone number, `+` and digits.
    Telephone(String),
    /// A code of the error catalogue.
    Error(String),
    /// Perhaps the receipt of an M-Pesa payment; else words.
    Receipt(String),
    /// Words, in lower case.
    Words(String),
    /// Nothing.
    Nothing,
}

/// Letters of an M-Pesa receipt.
const RECEIPT_LETTERS: usize = 10;
/// More than anything has that can be found.
const LONGEST: usize = 200;
/// Digits of the shortest number that is searched for as one.
const SHORTEST_NUMBER: usize = 7;

/// Reads what was typed.
pub(super) fn read(typed: &str) -> Asked {
    let text: String = typed.trim().chars().take(LONGEST).collect();
    let digits: String = text.chars().filter(|letter| !matches!(letter, ' ' | '-' | '(' | ')' | '.')).collect();
    match &text {
        text if text.is_empty() => Asked::Nothing,
        text if text.strip_prefix("HD_").is_some_and(is_name) => Asked::Call(text.clone()),
        text if text.strip_prefix("evt_").is_some_and(is_name) => Asked::Event(text.clone()),
        text if text.strip_prefix("req_").is_some_and(is_name) => Asked::Request(text.clone()),
        text if is_uuid(text) => Asked::Id(text.to_ascii_lowercase()),
        _ if digits.strip_prefix('+').is_some_and(is_number) => Asked::Telephone(digits),
        text if is_receipt(text) => Asked::Receipt(text.to_ascii_uppercase()),
        text if is_code(text) => Asked::Error(text.to_ascii_lowercase()),
        text => Asked::Words(text.to_lowercase()),
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn is_number(digits: &str) -> bool {
    digits.len() >= SHORTEST_NUMBER && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    lengths == [8, 4, 4, 4, 12] && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Ten letters and digits, some of each: `RKT1ABCDEF`.
fn is_receipt(text: &str) -> bool {
    let is_of_both =
        text.bytes().any(|byte| byte.is_ascii_digit()) && text.bytes().any(|byte| byte.is_ascii_alphabetic());
    text.len() == RECEIPT_LETTERS && is_of_both && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// `wallet.insufficient_funds`.
fn is_code(text: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    text.split_once('.').is_some_and(|(room, rest)| is_word(room) && rest.split('.').all(is_word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasted_names_are_known_by_their_form() {
        let id = "019A0000-0000-7000-8000-000000000001";
        assert_eq!(read(" HD_019a00 "), Asked::Call("HD_019a00".to_owned()));
        assert_eq!(read("evt_019a0000-0000"), Asked::Event("evt_019a0000-0000".to_owned()));
        assert_eq!(read("req_019a0000-0000"), Asked::Request("req_019a0000-0000".to_owned()));
        assert_eq!(read(id), Asked::Id(id.to_ascii_lowercase()));
        assert_eq!(read("+254 722 000-042"), Asked::Telephone("+254722000042".to_owned()));
        assert_eq!(read("rkt1abcdef"), Asked::Receipt("RKT1ABCDEF".to_owned()));
        assert_eq!(read("wallet.insufficient_funds"), Asked::Error("wallet.insufficient_funds".to_owned()));
    }

    #[test]
    fn everything_else_is_words() {
        for words in ["Calls", "0722", "recordings", "1234567890", "hd_x y", "a.b c", "…", "019a0000-0000-7000-8000"]
        {
            assert_eq!(read(words), Asked::Words(words.to_lowercase()), "{words}");
        }
        assert_eq!(read("  "), Asked::Nothing);
        assert!(matches!(read(&"x".repeat(10_000)), Asked::Words(words) if words.len() == 200));
    }
}
