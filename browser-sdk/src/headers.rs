//! What a page tells with its call: names `X-…` and plain values, as the gateway hands them on.

/// Headers of one call.
const MOST: usize = 10;
/// Bytes of a name and of a value.
const LONGEST_NAME: usize = 64;
const LONGEST_VALUE: usize = 256;

/// Names with their values, from lines of both in turn.
pub(crate) fn pairs(told: &str) -> Vec<(&str, &str)> {
    let mut lines = told.split('\n');
    let mut pairs = Vec::new();
    while let (Some(name), Some(value)) = (lines.next(), lines.next()) {
        pairs.push((name, value));
    }
    pairs
}

/// Whether these may be sent together.
pub(crate) fn may_send(headers: &[(&str, &str)]) -> bool {
    headers.len() <= MOST && headers.iter().all(|(name, value)| is_custom(name) && is_plain(value))
}

/// Whether a header is one of a page's own.
pub(crate) fn is_custom(name: &str) -> bool {
    let begins = |prefix: &str| name.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
    let is_token = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_token && (3..=LONGEST_NAME).contains(&name.len()) && begins("x-") && !begins("x-sautikit-")
}

fn is_plain(value: &str) -> bool {
    value.len() <= LONGEST_VALUE && value.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(name: &str, value: &str) -> bool {
        may_send(&[(name, value)])
    }

    #[test]
    fn a_page_says_plain_things_under_names_of_its_own() {
        assert!(may("X-Customer", "Asha W., order 17") && may("x-a", ""));
        for (name, value) in [
            ("Customer", "v"),
            ("X-", "v"),
            ("X-Sautikit-From", "+254700000001"),
            ("x-sautikit-on-net", "v"),
            ("X-A: b\r\nVia", "v"),
            ("X-A", "v\r\nVia: x"),
            ("X-A", "Nāme"),
            ("X-A", &"v".repeat(LONGEST_VALUE + 1)),
        ] {
            assert!(!may(name, value), "{name} {value:?}");
        }
        let many = vec![("X-A", ""); MOST + 1];
        assert!(!may_send(&many));
    }
}
