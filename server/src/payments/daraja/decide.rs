//! What becomes of a push, from what the callback said and what our own question was answered. Pure.
//!
//! The question is ours, over a connection that we made, so it decides; the callback can be anybody's and only adds what the
//! question does not tell: receipt, amount and payer. Where the two contradict each other, nothing is credited and people look.

use super::{results, wire};
use crate::payments::{Callback, Status, TopUp};

/// What our question was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Query {
    /// It could not be asked, or nobody answered.
    Unknown,
    /// M-Pesa has not decided.
    Processing,
    /// M-Pesa's code of the end.
    Ended(i64),
}

/// What was asked of the payer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) amount_minor: i64,
    /// E.164.
    pub(super) phone: &'a str,
}

/// What becomes of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    /// The money is there.
    Credit {
        /// M-Pesa's, where it was told.
        receipt: Option<String>,
    },
    /// No money came, for M-Pesa's reason.
    Fail(i64),
    /// The callback tells of a payment that our question does not know as it is told.
    Review,
    /// Not known yet.
    Wait,
}

/// What is left to do about a push that was heard of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// Nothing: what was told is known.
    Nothing,
    /// M-Pesa is asked what became of it.
    Ask,
    /// It is credited, and the callback tells the receipt that it lacks.
    Receipt,
    /// It is credited with another payment than the callback tells of.
    AnotherPayment,
}

/// What is left to do. A push that failed is asked about again when a callback tells that it was paid: it came late.
pub(super) fn left(top_up: &TopUp) -> Left {
    let paid = top_up.callback.as_ref().filter(|callback| callback.tells_of_payment());
    let Some(callback) = paid else {
        return if top_up.status == Status::Pending { Left::Ask } else { Left::Nothing };
    };
    if top_up.status != Status::Succeeded {
        return Left::Ask;
    }
    let asked = Asked { amount_minor: top_up.amount_minor, phone: top_up.phone.as_deref().unwrap_or_default() };
    match (&callback.receipt, &top_up.receipt) {
        (None, _) => Left::Nothing,
        (Some(told), Some(known)) if told == known => Left::Nothing,
        (Some(_), None) if agrees(asked, callback) => Left::Receipt,
        (Some(_), _) => Left::AnotherPayment,
    }
}

/// Decides.
pub(super) fn decide(asked: Asked<'_>, callback: Option<&Callback>, query: Query) -> Decision {
    let tells_of_payment = callback.filter(|callback| callback.tells_of_payment());
    match (query, tells_of_payment) {
        (Query::Ended(0), None) => Decision::Credit { receipt: None },
        (Query::Ended(0), Some(callback)) if agrees(asked, callback) => {
            Decision::Credit { receipt: callback.receipt.clone() }
        }
        (Query::Ended(_), Some(_)) => Decision::Review,
        (Query::Ended(code), None) => match results::outcome(code) {
            results::Outcome::Processing => Decision::Wait,
            results::Outcome::Paid | results::Outcome::Refused => Decision::Fail(code),
        },
        (Query::Processing, _) | (Query::Unknown, Some(_)) => Decision::Wait,
        // A refusal moves nothing, and a late payment still turns it around.
        (Query::Unknown, None) => callback.map_or(Decision::Wait, |callback| Decision::Fail(callback.code)),
    }
}

/// Whether nothing that the callback tells differs from what was asked for. A telephone that is masked or hashed says nothing.
fn agrees(asked: Asked<'_>, callback: &Callback) -> bool {
    let phone = callback.phone.as_deref().and_then(wire::readable_phone);
    callback.amount_minor.is_none_or(|amount_minor| amount_minor == asked.amount_minor)
        && phone.is_none_or(|phone| phone == asked.phone.trim_start_matches('+'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Asked<'_> = Asked { amount_minor: 100_000, phone: "+254722000001" };

    fn paid(amount_minor: i64, phone: &str) -> Callback {
        let receipt = Some("NLJ7RT61SV".to_owned());
        Callback { code: 0, receipt, amount_minor: Some(amount_minor), phone: Some(phone.to_owned()), paid_at: None }
    }

    fn refused() -> Callback {
        Callback { code: 1032, receipt: None, amount_minor: None, phone: None, paid_at: None }
    }

    #[test]
    fn our_own_question_decides() {
        let receipt = || Some("NLJ7RT61SV".to_owned());
        let good = paid(100_000, "254722000001");
        let masked = paid(100_000, "2547 ***** 001");
        // Some short codes are told telephones as SHA-256.
        let hashed = paid(100_000, &"0a1b".repeat(16));
        for (callback, query, decision) in [
            (None, Query::Ended(0), Decision::Credit { receipt: None }),
            (Some(&good), Query::Ended(0), Decision::Credit { receipt: receipt() }),
            (Some(&masked), Query::Ended(0), Decision::Credit { receipt: receipt() }),
            (Some(&hashed), Query::Ended(0), Decision::Credit { receipt: receipt() }),
            (
                Some(&Callback { amount_minor: None, phone: None, ..good.clone() }),
                Query::Ended(0),
                Decision::Credit { receipt: receipt() },
            ),
            (Some(&refused()), Query::Ended(0), Decision::Credit { receipt: None }),
            (None, Query::Ended(1032), Decision::Fail(1032)),
            (Some(&refused()), Query::Ended(1037), Decision::Fail(1037)),
        ] {
            assert_eq!(decide(ASKED, callback, query), decision, "{callback:?} {query:?}");
        }
    }

    #[test]
    fn a_callback_alone_credits_nothing() {
        let good = paid(100_000, "254722000001");
        for query in [Query::Unknown, Query::Processing] {
            assert_eq!(decide(ASKED, Some(&good), query), Decision::Wait);
        }
        assert_eq!(decide(ASKED, Some(&good), Query::Ended(1032)), Decision::Review);
        assert_eq!(decide(ASKED, Some(&refused()), Query::Unknown), Decision::Fail(1032));
        assert_eq!(decide(ASKED, None, Query::Unknown), Decision::Wait);
    }

    #[test]
    fn another_amount_or_payer_is_looked_at_by_people() {
        for callback in [paid(10_000, "254722000001"), paid(100_000, "254733000001")] {
            assert_eq!(decide(ASKED, Some(&callback), Query::Ended(0)), Decision::Review);
        }
    }
}
