//! "I paid, where is it?": a customer names a payment that waits, and it is theirs if they know what only its payer knows.
//!
//! Receipt, amount and the paying telephone must all fit. A telephone that M-Pesa told as its hash is known by that; one that it
//! masked proves nothing, so the operator decides then. Every other answer is the same, so that guessing teaches nothing, and there are five tries a day. Behind that
//! answer M-Pesa is asked about a payment that nobody told us of; what it has goes to whoever claimed it and fits.

use sautikit_api::ids::WorkspaceId;
use sautikit_api::money::Currency;
use sautikit_api::wallet::{ClaimOutcome, ClaimPayment};
use sqlx::AnyConnection;

use super::create::{self, mpesa_phone};
use super::daraja::wire;
use super::incoming::{self, IncomingPayment, Reason};
use super::store::{self, claims::Claim};
use super::{Method, PaymentError, TopUp, daraja};
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
    /// What the payment is: what was claimed, or what is in the workspace's wallet already.
    pub(super) amount_minor: i64,
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
    if store::claims::count(tx, workspace_id, app.now_us() - DAY_US).await? >= CLAIMS_PER_DAY {
        return Err(PaymentError::ClaimLimit);
    }
    // The customer's own wallet is no secret to them.
    let in_wallet = store::top_ups::find_by_receipt(tx, Method::Mpesa, &receipt).await?;
    let in_wallet = in_wallet.filter(|top_up| top_up.workspace_id == workspace_id);
    let found = store::incoming::find_by_receipt(tx, Method::Mpesa, &receipt).await?;
    let fit = found.as_ref().map_or(Fit::None, |payment| fits(payment, request.amount_minor, &phone, currency));
    let is_unknown = found.is_none() && in_wallet.is_none();
    let (outcome, posted) = match (found, fit) {
        _ if in_wallet.is_some() => (ClaimOutcome::Credited, Vec::new()),
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
    let id = app.new_uuid();
    // It stands as waiting for M-Pesa's word, which the customer is not told: the answer is the same as to a guess.
    let is_asked = is_unknown && daraja::enqueue_claim(app, tx, id, 0).await?;
    let claim = Claim {
        id,
        workspace_id,
        // Read from the workspace, never written.
        workspace_name: String::new(),
        receipt,
        amount_minor: request.amount_minor,
        phone,
        outcome: if is_asked { ClaimOutcome::Waiting } else { outcome },
        created_at: app.now_us(),
    };
    store::claims::insert(tx, &claim).await?;
    let amount_minor = in_wallet.map_or(request.amount_minor, |top_up| top_up.amount_minor);
    Ok(Claimed { outcome, posted, amount_minor })
}

/// Credits a payment that waits for its owner to whoever claimed it before and fits in everything; the mails to let go after the
/// commit.
///
/// # Errors
/// The wallet or the database failed.
pub(super) async fn settle_waiting(
    app: &AppState,
    tx: &mut AnyConnection,
    payment: &IncomingPayment,
) -> Result<Vec<Posted>, PaymentError> {
    for claim in store::claims::waiting(tx, &payment.receipt).await? {
        let wallet = wallet::lock(tx, claim.workspace_id).await?;
        if fits(payment, claim.amount_minor, &claim.phone, wallet.wallet().currency) != Fit::Whole {
            continue;
        }
        let posted = match push_of(tx, payment, &claim.phone).await? {
            // The payment is that push's, of whose receipt nobody told.
            Some(top_up) if top_up.workspace_id == claim.workspace_id => {
                incoming::settle_top_up(app, tx, payment, (top_up.workspace_id, top_up.id)).await?
            }
            // Another workspace asked this telephone for the same: people find out whose it is.
            Some(_) => continue,
            None => match incoming::credit_as_decided(app, tx, payment, claim.workspace_id).await {
                Ok(posted) => posted,
                Err(PaymentError::AnotherWorkspace | PaymentError::AlreadyCredited { .. }) => continue,
                Err(error) => return Err(error),
            },
        };
        store::claims::decide(tx, claim.id, ClaimOutcome::Credited).await?;
        return Ok(posted);
    }
    Ok(Vec::new())
}

/// How long before it was paid a push can have been sent, and how far our clock can be ahead of M-Pesa's.
const PUSH_BEFORE_US: i64 = 3_600_000_000;
const CLOCK_MARGIN_US: i64 = 300_000_000;

/// The push that a payment answers which names no account: the one that asked this telephone for this amount shortly before.
async fn push_of(
    conn: &mut AnyConnection,
    payment: &IncomingPayment,
    phone: &str,
) -> Result<Option<TopUp>, sqlx::Error> {
    if !payment.account_reference.is_empty() {
        return Ok(None);
    }
    let span = (payment.paid_at - PUSH_BEFORE_US, payment.paid_at + CLOCK_MARGIN_US);
    store::top_ups::find_push_of_payer(conn, (phone, payment.amount_minor), span).await
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
    let knows_payer = wire::is_phone(&payment.payer_phone, phone);
    if knows_payer == Some(false) {
        return Fit::None;
    }
    // Only what the provider stands behind, and only what lacks nothing but its owner.
    let is_certain = payment.confirmed && payment.reason == Some(Reason::UnknownReference);
    if knows_payer == Some(true) && is_certain { Fit::Whole } else { Fit::NeedsPeople }
}

#[cfg(test)]
mod tests {
    use sautikit_api::ids::IncomingPaymentId;

    use super::*;

    const HASHED: &str = "ec9e16a786d56cba51a64463c2593e04240462af38cf7237dd13405cbdaffdd5";

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
        // SHA-256 of 254722000001; and one of who knows what.
        assert_eq!(fit(&waiting(HASHED), 100_000), Fit::Whole);
        assert_eq!(fit(&waiting(&"0a1b".repeat(16)), 100_000), Fit::NeedsPeople);
        let unconfirmed =
            IncomingPayment { confirmed: false, reason: Some(Reason::Unconfirmed), ..waiting("254722000001") };
        assert_eq!(fit(&unconfirmed, 100_000), Fit::NeedsPeople);
        let decided = IncomingPayment { status: incoming::Status::Credited, ..waiting("254722000001") };
        assert_eq!(fit(&decided, 100_000), Fit::None);
        assert_eq!(fits(&waiting("254722000001"), 100_000, "+254722000001", Currency::USD), Fit::None);
    }
}
