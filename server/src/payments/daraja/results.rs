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
    (17, "M-Pesa's own limit was reached: of one payment, of a day, or of the account."),
    (26, "M-Pesa was busy. Try again in a minute."),
    (1001, "Another M-Pesa request is open on this phone. Close it and try again in a minute."),
    (1019, "The request was not answered in time."),
    (1025, "M-Pesa could not show the request on the phone."),
    (1032, "The request was cancelled on the phone."),
    (1037, "The phone could not be reached, or nobody answered the request."),
    (2001, "The M-Pesa PIN was wrong."),
    (9999, "M-Pesa could not show the request on the phone."),
];

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
        assert_eq!(sentence(8006), "M-Pesa refused the payment (its code 8006).");
        assert!(SENTENCES.iter().all(|(code, sentence)| outcome(*code) == Outcome::Refused && sentence.ends_with('.')));
    }
}
