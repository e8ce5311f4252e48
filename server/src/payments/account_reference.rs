//! The names under which M-Pesa payments reach us: what a payer types as the account at our Paybill, or what a push bears.
//!
//! Letters and digits that look alike on a telephone's screen or in handwriting are left out, and the last one is a check
//! digit, so that a slip reaches nobody's wallet: it waits for people instead.

/// No 0/O, 1/I/L, 2/Z, 5/S, 6/G, 8/B, U/V. As many as a prime, so that the check finds every single slip and every swap of
/// neighbours.
const ALPHABET: &[u8; 23] = b"ACDEFGHJKMNPQRTVWXY3479";
/// Characters of a workspace's reference, the check among them: 23⁵ workspaces.
const WORKSPACE_CHARS: usize = 6;
/// Characters of a push's reference, the check among them; Daraja takes 12.
const PUSH_CHARS: usize = 11;

/// Whose reference it is, by its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A workspace's at the Paybill.
    Workspace,
    /// One push's.
    Push,
}

/// A reference of random characters; `random` is 16 bytes of them.
pub(super) fn made_of(kind: Kind, random: [u8; 16]) -> String {
    let chars = match kind {
        Kind::Workspace => WORKSPACE_CHARS,
        Kind::Push => PUSH_CHARS,
    };
    let mut number = u128::from_be_bytes(random);
    let mut values = Vec::with_capacity(chars);
    for _ in 1..chars {
        values.push((number % ALPHABET.len() as u128) as usize);
        number /= ALPHABET.len() as u128;
    }
    values.push(check(&values));
    values.into_iter().map(|value| char::from(ALPHABET[value])).collect()
}

/// What was typed as we write it, and whose it may be: without blanks and separators, in upper case. `None` where the
/// check digit does not fit or a character is not one of ours.
pub(super) fn read(typed: &str) -> Option<(Kind, String)> {
    let written = normalised(typed);
    let kind = match written.len() {
        WORKSPACE_CHARS => Kind::Workspace,
        PUSH_CHARS => Kind::Push,
        _ => return None,
    };
    let values: Option<Vec<usize>> =
        written.bytes().map(|byte| ALPHABET.iter().position(|letter| *letter == byte)).collect();
    let (last, front) = values.as_deref().and_then(<[usize]>::split_last)?;
    (check(front) == *last).then_some((kind, written))
}

/// Blanks and separators are the payer's own, and so is the case.
fn normalised(typed: &str) -> String {
    typed.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).take(40).collect()
}

/// Weights 2, 3, 4, … modulo a prime: every change of one character and every swap of two neighbours changes it.
fn check(values: &[usize]) -> usize {
    values.iter().zip(2..).map(|(value, weight)| value * weight).sum::<usize>() % ALPHABET.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_made_is_read_however_it_is_typed(random: [u8; 16], push: bool) {
            let kind = if push { Kind::Push } else { Kind::Workspace };
            let reference = made_of(kind, random);
            prop_assert_eq!(read(&reference), Some((kind, reference.clone())));
            let typed = format!(" {}-{} ", reference[..3].to_lowercase(), &reference[3..]);
            prop_assert_eq!(read(&typed), Some((kind, reference)));
        }

        #[test]
        fn a_slip_of_one_character_or_a_swap_of_neighbours_is_nobodys(random: [u8; 16], at in 0_usize..6, by in 1_usize..23) {
            let reference = made_of(Kind::Workspace, random);
            let mut slipped = reference.clone().into_bytes();
            let value = ALPHABET.iter().position(|letter| *letter == slipped[at]).unwrap();
            slipped[at] = ALPHABET[(value + by) % 23];
            prop_assert_eq!(read(std::str::from_utf8(&slipped).unwrap()), None);
            let mut swapped = reference.clone().into_bytes();
            // The check itself stands for no weight of its own.
            let at = at.min(3);
            swapped.swap(at, at + 1);
            let swapped = String::from_utf8(swapped).unwrap();
            prop_assert!(swapped == reference || read(&swapped).is_none());
        }
    }

    #[test]
    fn what_is_not_ours_is_nobodys() {
        assert!(["", "0712345678", "HELLO1", "ACDEF", "ACDEFGHJKMNPQRT"].iter().all(|typed| read(typed).is_none()));
    }
}
