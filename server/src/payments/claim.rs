//! "I paid, where is it?": a customer names a payment that waits, and it is theirs if they know what only its payer knows.
//!
//! Receipt, amount and the paying telephone must all fit. A telephone that M-Pesa masked proves nothing, so the operator
//! decides then. Every other answer is the same, so that guessing teaches nothing, and there are five tries a day.

use sautikit_api::ids::WorkspaceId;
use sautikit_api::money::Currency;
use sautikit_api::wallet::{ClaimOutcome, ClaimPayment};
use sqlx::AnyConnection;

use super::create::{self, mpesa_phone};
use super::daraja::wire;
use super::incoming::{self, IncomingPayment, Reason};
use super::store::{self, incoming::Claim};
use super::{Method, PaymentError};
use crate::mail::Posted;
use crate::state::AppState;
use crate::wallet::{self, MAX_AMOUNT_MINOR, WalletError};

/// Claims of a workspace in a day; enough for slips, too few to guess.
const CLAIMS_PER_DAY: i64 = 5;
const DAY_US: i64 = 86_400_000_000;

/// What came of a claim, and the mails to let go after the commit.
pub(super) struct Claimed {
    pub(super) outcome: ClaimOutcome,
    pub(super) posted: Vec<Posted>,
}

/// Claims a payment in the caller's transaction. A claim that fits nothing is counted as well: commit before refusing.
///
/// # Errors
/// A field that can't be used, too many claims today, or the database failed.
pub(super) async fn claim(
    app: &AppState,
    tx: &mut AnyConnection,
    workspace_id: WorkspaceId,
    request: &ClaimPayment,
) -> Result<Claimed, PaymentError> {
    let receipt = wire::receipt(&request.receipt).ok_or(PaymentError::Invalid {
        field: "receipt",
        message: "`receipt` is the code in M-Pesa's message, such as RKT1ABCDEF.",
    })?;
    if !(1..=MAX_AMOUNT_MINOR).contains(&request.amount_minor) {
        return Err(WalletError::InvalidAmount.into());
    }
    let phone =
        mpesa_phone(&request.phone).ok_or(PaymentError::Invalid { field: "phone", message: create::NOT_MPESA })?;
    // Locked, so that five at once are five.
    let wallet = wallet::lock(tx, workspace_id).await?;
    let currency = wallet.wallet().currency;
    if store::incoming::count_claims(tx, workspace_id, app.now_us() - DAY_US).await? >= CLAIMS_PER_DAY {
        return Err(PaymentError::ClaimLimit);
    }
    let found = store::incoming::find_by_receipt(tx, Method::Mpesa, &receipt).await?;
    let fit = found.as_ref().map_or(Fit::None, |payment| fits(payment, request.amount_minor, &phone, currency));
    let (outcome, posted) = match (found, fit) {
        (Some(payment), Fit::Whole) => match incoming::credit_as_decided(app, tx, &payment, workspace_id).await {
            Ok(posted) => (ClaimOutcome::Credited, posted),
            Err(PaymentError::AnotherWorkspace | PaymentError::AlreadyCredited { .. }) => {
                (ClaimOutcome::Refused, Vec::new())
            }
            Err(error) => return Err(error),
        },
        (_, Fit::NeedsPeople) => (ClaimOutcome::Waiting, Vec::new()),
        _ => (ClaimOutcome::Refused, Vec::new()),
    };
    let claim = Claim {
        id: app.new_uuid(),
        workspace_id,
        receipt: &receipt,
        amount_minor: request.amount_minor,
        phone: &phone,
        outcome: outcome.as_str(),
        created_at: app.now_us(),
    };
    store::incoming::insert_claim(tx, &claim).await?;
    Ok(Claimed { outcome, posted })
}

/// How far a claim fits a payment.
#[derive(Debug, PartialEq, Eq)]
enum Fit {
    /// In everything.
    Whole,
    /// In everything that can be compared.
    NeedsPeople,
    /// Not.
    None,
}

fn fits(payment: &IncomingPayment, amount_minor: i64, phone: &str, currency: Currency) -> Fit {
    let waits = payment.status == incoming::Status::Unmatched && payment.currency == currency;
    if !waits || payment.amount_minor != amount_minor {
        return Fit::None;
    }
    let told = wire::readable_phone(&payment.payer_phone);
    if told.is_some_and(|told| told != phone.trim_start_matches('+')) {
        return Fit::None;
    }
    // Only what the provider stands behind, and only what lacks nothing but its owner.
    let is_certain = payment.confirmed && payment.reason == Some(Reason::UnknownReference);
    if told.is_some() && is_certain { Fit::Whole } else { Fit::NeedsPeople }
}

#[cfg(test)]
mod tests {
    use sautikit_api::ids::IncomingPaymentId;

    use super::*;

    fn waiting(phone: &str) -> IncomingPayment {
        IncomingPayment {
            id: IncomingPaymentId(uuid::Uuid::nil()),
            provider: Method::Mpesa,
            receipt: "RKT1ABCDEF".to_owned(),
            amount_minor: 100_000,
            currency: Currency::KES,
            account_reference: "my shop".to_owned(),
            payer_phone: phone.to_owned(),
            payer_name: String::new(),
            paid_at: 0,
            confirmed: true,
            status: incoming::Status::Unmatched,
            reason: Some(Reason::UnknownReference),
            top_up_id: None,
            created_at: 0,
        }
    }

    #[test]
    fn only_who_knows_amount_and_telephone_is_credited_at_once() {
        let fit = |payment: &IncomingPayment, amount| fits(payment, amount, "+254722000001", Currency::KES);
        assert_eq!(fit(&waiting("254722000001"), 100_000), Fit::Whole);
        assert_eq!(fit(&waiting("254722000001"), 100_100), Fit::None);
        assert_eq!(fit(&waiting("254733000001"), 100_000), Fit::None);
        assert_eq!(fit(&waiting("2547 ***** 001"), 100_000), Fit::NeedsPeople);
        let unconfirmed =
            IncomingPayment { confirmed: false, reason: Some(Reason::Unconfirmed), ..waiting("254722000001") };
        assert_eq!(fit(&unconfirmed, 100_000), Fit::NeedsPeople);
        let decided = IncomingPayment { status: incoming::Status::Credited, ..waiting("254722000001") };
        assert_eq!(fit(&decided, 100_000), Fit::None);
        assert_eq!(fits(&waiting("254722000001"), 100_000, "+254722000001", Currency::USD), Fit::None);
    }
}
