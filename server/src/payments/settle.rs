//! The end of a top-up, whoever decides it: the wallet is credited once, an event told, a receipt mailed; or it failed.
//!
//! Succeeded is final. What failed can still succeed: a provider's late word is worth more than its silence.

use sautikit_api::ids::{EventId, TopUpId};
use serde_json::json;
use sqlx::AnyConnection;

use super::{PaymentError, Status, TopUp, letter, store};
use crate::accounts::members;
use crate::jobs::{self, Lane};
use crate::mail::{self, Posted};
use crate::numbers::renewal::RenewOf;
use crate::state::AppState;
use crate::wallet::{self, EntryKind, Funds, NewEntry};
use crate::webhooks::{self, EventKind, Subject};

/// What a provider received.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paid<'a> {
    /// How much, as it was verified: this is what is credited.
    pub(super) amount_minor: i64,
    /// The provider's receipt, where it is known already.
    pub(super) receipt: Option<&'a str>,
    /// When the payer paid, where it was told: microseconds UTC.
    pub(super) paid_at: Option<i64>,
}

/// Credits the wallet with a top-up's money, in the caller's transaction; once, whatever comes how often. A top-up that has
/// succeeded is given the receipt that it lacks. A receipt that another top-up bears is that one's money: nothing is credited.
/// [`committed`] follows the commit.
///
/// # Errors
/// No such top-up, or the wallet or the database failed.
pub(super) async fn credit(
    app: &AppState,
    tx: &mut AnyConnection,
    id: TopUpId,
    paid: Paid<'_>,
) -> Result<Vec<Posted>, PaymentError> {
    let top_up = store::top_ups::find(tx, id).await?.ok_or(PaymentError::NotFound)?;
    let mut wallet = wallet::lock(tx, top_up.workspace_id).await?;
    // Read again under the lock: another runner may have decided it meanwhile.
    let top_up = store::top_ups::find(tx, id).await?.ok_or(PaymentError::NotFound)?;
    if let Some(receipt) = paid.receipt
        && let Some(other) = store::top_ups::find_by_receipt(tx, top_up.method, receipt).await?
        && other.id != id
    {
        return is_of_another(app, tx, &top_up, &other, receipt).await;
    }
    if top_up.status == Status::Succeeded {
        if let Some(receipt) = paid.receipt.filter(|_| top_up.receipt.is_none()) {
            store::top_ups::receive_receipt(tx, id, receipt, paid.paid_at).await?;
            store::incoming::credit_with_receipt(tx, &top_up, receipt, app.now_us()).await?;
        }
        return Ok(Vec::new());
    }
    let reference = paid.receipt.or(top_up.provider_reference.as_deref()).unwrap_or_default().to_owned();
    let entry = NewEntry {
        kind: EntryKind::TopUp,
        amount_minor: paid.amount_minor,
        tax_minor: 0,
        currency: top_up.currency,
        cause: format!("topup:{id}"),
        reference: &reference,
        funds: Funds::Required,
    };
    let entry_id = wallet.post(tx, app, entry).await?.entry_id();
    if !store::top_ups::succeed(tx, id, paid, entry_id, app.now_us()).await? {
        return Ok(Vec::new());
    }
    let top_up = TopUp { amount_minor: paid.amount_minor, ..top_up };
    if let Some(receipt) = paid.receipt {
        store::incoming::credit_with_receipt(tx, &top_up, receipt, app.now_us()).await?;
    }
    // What is due waits for nothing else.
    let renewal = RenewOf { workspace_id: top_up.workspace_id, cause: format!("topup:{id}") };
    jobs::enqueue(tx, app, &renewal, app.now_us()).await?;
    let after_minor = wallet.wallet().balance_minor;
    let event = webhooks::NewEvent {
        id: EventId(app.new_uuid()),
        workspace_id: top_up.workspace_id,
        kind: EventKind::WalletTopUp,
        subject: Subject::Workspace,
        data: json!({ "top_up_id": id, "method": top_up.method.as_str(), "simulated": top_up.simulated,
            "amount_minor": paid.amount_minor, "currency": top_up.currency.code(), "receipt": paid.receipt,
            "balance_minor": after_minor }),
        created_at: app.now_us(),
    };
    webhooks::emit(tx, &event).await?;
    receipts(app, tx, &top_up, &reference, after_minor).await
}

/// The payment that the top-up is told to be is in a wallet already, as another top-up.
async fn is_of_another(
    app: &AppState,
    tx: &mut AnyConnection,
    top_up: &TopUp,
    other: &TopUp,
    receipt: &str,
) -> Result<Vec<Posted>, PaymentError> {
    if top_up.status == Status::Succeeded {
        tracing::error!(top_up = %top_up.id, other = %other.id, "one payment may be credited twice: compare a statement");
        return Ok(Vec::new());
    }
    let of = if other.workspace_id == top_up.workspace_id { "the wallet" } else { "another wallet" };
    let reason = format!("The payment {receipt} is in {of} already.");
    store::top_ups::fail(tx, top_up.id, (&reason, true), app.now_us()).await?;
    Ok(Vec::new())
}

/// A receipt for whoever keeps the workspace's books.
async fn receipts(
    app: &AppState,
    tx: &mut AnyConnection,
    top_up: &TopUp,
    reference: &str,
    after_minor: i64,
) -> Result<Vec<Posted>, PaymentError> {
    let mut posted = Vec::new();
    for to in members::list_bookkeepers(tx, top_up.workspace_id).await? {
        let write = |to, lang| letter::receipt(&app.public_url, to, top_up, reference, after_minor, app.now_us(), lang);
        posted.push(mail::post_to(app, tx, to, write).await?);
    }
    Ok(posted)
}

/// Lets the mails of a committed settlement go, and its event.
pub(super) fn committed(app: &AppState, posted: impl IntoIterator<Item = Posted>) {
    posted.into_iter().for_each(|mail| mail.committed(app));
    webhooks::ring(app);
    jobs::ring(app, Lane::Own);
}
