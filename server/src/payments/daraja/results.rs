//! M-Pesa's result codes in words that help whoever paid, and what a code says about the payment.

/// What a result code means for a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The money moved.
    Paid,
    /// Not decided: ask again.
    Processing,
    /// No money moved, and none will.
    Refused,
}

/// Codes of a push's end, with their sentence. Others are told with their number.
const SENTENCES: &[(i64, &str)] = &[
    (1, "There was not enough money in the M-Pesa account."),
    (2, "The amount is smaller than M-Pesa's smallest payment."),
    (3, "The amount is larger than M-Pesa's largest payment."),
    (4, "M-Pesa's limit of a day was reached."),
    (5, "The M-Pesa account would fall below the balance that it must keep."),
    (6, "M-Pesa does not know the paying phone."),
    (7, "M-Pesa does not know the receiving account. Tell us: it is ours."),
    (8, "The receiving M-Pesa account is full. Tell us: it is ours."),
    (11, "The paying M-Pesa account can't be used."),
    (12, "The receiving M-Pesa account can't be used. Tell us: it is ours."),
    (13, "M-Pesa does not know the paying account."),
    (14, "M-Pesa does not know the receiving account. Tell us: it is ours."),
    (15, "M-Pesa took the request for one that it has already. Try again in a minute."),
    (17, "M-Pesa's own limit was reached: of one payment, of a day, or of the account."),
    (20, "M-Pesa does not know who asks. Tell us: it is ours to mend."),
    (26, "M-Pesa was busy. Try again in a minute."),
    (1001, "Another M-Pesa request is open on this phone. Close it and try again in a minute."),
    (1019, "The request was not answered in time."),
    (1025, "M-Pesa could not show the request on the phone."),
    (1031, "The request was cancelled on the phone."),
    (1032, "The request was cancelled on the phone."),
    (1036, "The phone could not be reached, or nobody answered the request."),
    (1037, "The phone could not be reached, or nobody answered the request."),
    (2001, "The M-Pesa PIN was wrong."),
    (2006, "The paying M-Pesa account is not active."),
    (2028, "The paying M-Pesa account may not pay this way."),
    (8006, "The M-Pesa PIN is locked after wrong tries. Safaricom's 100 or 234 unlocks it."),
    (9999, "M-Pesa could not show the request on the phone."),
    (IN_WORDS, "M-Pesa refused the payment."),
];

/// Stands for a code that is no number.
pub(super) const IN_WORDS: i64 = -1;

/// Codes that say something of who asks, and nothing of the payment that was asked about: the credential is wrong, locked or
/// without the right, M-Pesa is busy or failed inside.
const OF_OURS: &[i64] = &[15, 17, 18, 20, 21, 26, 2001, 8006];

/// Whether a code says nothing of the payment that was asked about.
pub(super) fn is_of_ours(code: i64) -> bool {
    OF_OURS.contains(&code)
}

/// The code of an answer to a question that came too early.
pub(super) const STILL_PROCESSING: &str = "500.001.1001";

/// What the code of a query or a callback says. 4999 is M-Pesa's own "still under processing".
pub(super) const fn outcome(code: i64) -> Outcome {
    match code {
        0 => Outcome::Paid,
        4999 => Outcome::Processing,
        _ => Outcome::Refused,
    }
}

/// Why no money came.
pub(in crate::payments) fn sentence(code: i64) -> String {
    match SENTENCES.iter().find(|(known, _)| *known == code) {
        Some((_, sentence)) => (*sentence).to_owned(),
        None => format!("M-Pesa refused the payment (its code {code})."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_sentence() {
        assert!(sentence(1032).contains("cancelled"));
        assert_eq!(sentence(7777), "M-Pesa refused the payment (its code 7777).");
        assert!(SENTENCES.iter().all(|(code, sentence)| outcome(*code) == Outcome::Refused && sentence.ends_with('.')));
    }

    #[test]
    fn every_sentence_is_said_in_swahili_too() {
        use app::i18n::{Lang, payment_failure};
        for (code, _) in SENTENCES.iter().chain([&(7_777, "")]) {
            assert_ne!(payment_failure(Lang::Swahili, &sentence(*code)), sentence(*code), "{code}");
        }
    }
}
