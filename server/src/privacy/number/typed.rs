//! A number as people type it, with something between its digits: `0722 000 042`, `+254 (0) 722-000042`, `%2B254+722+000042`.

use sautikit_api::telephone::is_separator;

use super::ERASED;

/// Most of what stands between two digits: a bracket, a blank and another one.
const MOST_BETWEEN: usize = 3;
/// A separator as URLs and forms write it.
const ENCODED: [&str; 6] = ["%20", "%28", "%29", "%2D", "%2E", "%C2%A0"];
/// What a number begins with, before its digits.
const BEFORE: [&str; 7] = ["+", "%2B", "(", "%28", "+(", "%2B%28", "%2B("];

/// The text without the number; none where it is not in it.
pub(super) fn out_of(text: &str, code: &str, subscriber: &str) -> Option<String> {
    let mut forms = vec![format!("{code}{subscriber}")];
    if !code.is_empty() {
        forms.push(format!("00{code}{subscriber}"));
        forms.push(format!("0{subscriber}"));
        // With the national zero in brackets.
        forms.push(format!("{code}0{subscriber}"));
    }
    let (mut kept, mut rest, mut at) = (String::new(), 0, 0);
    while let Some(digit) = text.get(at..).and_then(|tail| tail.find(|letter: char| letter.is_ascii_digit())) {
        let start = at + digit;
        let before = text.get(rest..start).unwrap_or_default();
        let found = if begins(before) { forms.iter().find_map(|form| end_of(text, start, form)) } else { None };
        match found {
            Some(end) => {
                let sign = BEFORE.iter().filter(|sign| ends_with(before, sign)).map(|sign| sign.len()).max();
                kept.push_str(before.get(..before.len() - sign.unwrap_or(0)).unwrap_or_default());
                kept.push_str(ERASED);
                (rest, at) = (end, end);
            }
            None => at = start + 1,
        }
    }
    (rest > 0).then(|| kept + text.get(rest..).unwrap_or_default())
}

/// Whether a number may begin after this: not within a word, an id or another number.
fn begins(before: &str) -> bool {
    let is_within = before.ends_with(|last: char| last.is_ascii_alphanumeric());
    !is_within || ["%2B", "%20", "%28", "%3D", "%22"].iter().any(|sign| ends_with(before, sign))
}

/// Signs are written in either case.
fn ends_with(text: &str, sign: &str) -> bool {
    let begin = text.len().checked_sub(sign.len());
    begin.and_then(|begin| text.get(begin..)).is_some_and(|end| end.eq_ignore_ascii_case(sign))
}

/// Where the digits end that begin at `start`, with something between some of them; none where they are others.
fn end_of(text: &str, start: usize, digits: &str) -> Option<usize> {
    let mut at = start;
    let mut is_apart = false;
    for (index, digit) in digits.chars().enumerate() {
        let mut between = 0;
        while index > 0
            && between < MOST_BETWEEN
            && let Some(length) = separator(text.get(at..)?)
        {
            (at, between, is_apart) = (at + length, between + 1, true);
        }
        if !text.get(at..)?.starts_with(digit) {
            return None;
        }
        at += 1;
    }
    let goes_on = text.get(at..)?.starts_with(|next: char| next.is_ascii_alphanumeric());
    (is_apart && !goes_on).then_some(at)
}

/// How long the separator is that a text begins with.
fn separator(text: &str) -> Option<usize> {
    let encoded = ENCODED.iter().find(|one| text.get(..one.len()).is_some_and(|head| head.eq_ignore_ascii_case(one)));
    if let Some(encoded) = encoded {
        return Some(encoded.len());
    }
    // Forms write a blank as a plus.
    let first = text.chars().next().filter(|first| is_separator(*first) || *first == '+')?;
    Some(first.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kenyan(text: &str) -> Option<String> {
        out_of(text, "254", "722000042")
    }

    #[test]
    fn what_people_type_between_digits_hides_nothing() {
        for typed in [
            "0722 000 042",
            "0722-000-042",
            "(0722) 000042",
            "+254 722 000 042",
            "+254 (0) 722 000 042",
            "00254.722.000.042",
            "254\u{a0}722\u{a0}000\u{a0}042",
            "0722%20000%20042",
            "%2B254+722+000042",
            "+254-722000042",
        ] {
            assert_eq!(kenyan(typed).as_deref(), Some(ERASED), "{typed}");
            let text = format!("call {typed}, or {typed}");
            assert_eq!(kenyan(&text).as_deref(), Some("call erased, or erased"), "{typed}");
        }
        assert_eq!(kenyan("phone=0722+000+042&x=1").as_deref(), Some("phone=erased&x=1"));
    }

    #[test]
    fn digits_of_others_stay() {
        for other in [
            "0722 000 0421",
            "10722 000 042",
            "0722    000 042",
            "722 000 042",
            "a0722-000042",
            "0722-000042b",
            "0722, 000 042",
            "+255 722 000 042",
            "0722000042",
            "é0722",
            "",
        ] {
            assert_eq!(kenyan(other), None, "{other}");
        }
    }
}
