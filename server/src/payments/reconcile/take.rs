//! Taking in what a statement shows and our books lack: payments of which nothing was told, and money that went back.
//!
//! The statement is the provider's, brought by whoever operates this installation; so a payment of M-Pesa's is received as one
//! that was confirmed, and goes where its account says. What Paystack shows of a top-up of ours is asked about, as always. Each once
//! by its receipt, however often a statement is taken in.

use sautikit_api::ids::IncomingPaymentId;
use serde_json::json;
use sqlx::AnyConnection;

use super::{Difference, Line, Report, Reversal};
use crate::audit::{self, Actor};
use crate::jobs::{self, Lane};
use crate::payments::incoming::{self, IncomingPayment, MatchPayment};
use crate::payments::paystack::Verify;
use crate::payments::question::TOLD_LATE;
use crate::payments::reverse::Reverse;
use crate::payments::{Method, Status, store};
use crate::state::AppState;

/// What was taken in.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Payments that a running server credits or shows to an operator.
    pub payments: usize,
    /// Returns that a running server takes out of wallets.
    pub reversals: usize,
}

/// [`take_by`] the command line.
///
/// # Errors
/// The database failed.
pub async fn take(app: &AppState, provider: Method, report: &Report) -> Result<Taken, sqlx::Error> {
    take_by(app, &Actor::Operator(None), provider, report).await
}

/// Takes in what of a comparison's differences can be; the rest is left to people. The work is left to the jobs of a running
/// server.
///
/// # Errors
/// The database failed.
pub async fn take_by(app: &AppState, actor: &Actor, provider: Method, report: &Report) -> Result<Taken, sqlx::Error> {
    let mut taken = Taken::default();
    for difference in &report.differences {
        let mut tx = app.db.begin_write().await?;
        match difference {
            Difference::MissingHere(line) if payment(app, &mut tx, actor, provider, line).await? => taken.payments += 1,
            Difference::ReversedThere(gone, known_minor)
                if reversal(app, &mut tx, actor, provider, gone, *known_minor).await? =>
            {
                taken.reversals += 1;
            }
            _ => continue,
        }
        tx.commit().await?;
    }
    jobs::ring(app, Lane::Own);
    jobs::ring(app, Lane::Payments);
    Ok(taken)
}

async fn payment(
    app: &AppState,
    tx: &mut AnyConnection,
    actor: &Actor,
    provider: Method,
    line: &Line,
) -> Result<bool, sqlx::Error> {
    if provider == Method::Paystack {
        let reference = line.account_reference.as_deref().unwrap_or(&line.receipt);
        let found = store::top_ups::find_by_reference(tx, reference).await?;
        let Some(top_up) = found.filter(|top_up| top_up.method == provider) else { return Ok(false) };
        jobs::enqueue(tx, app, &Verify { top_up_id: top_up.id, question: TOLD_LATE }, app.now_us()).await?;
        note(app, tx, actor, &line.receipt, line.amount_minor, "payment.taken").await?;
        return Ok(true);
    }
    let payment = IncomingPayment {
        id: IncomingPaymentId(app.new_uuid()),
        provider,
        receipt: line.receipt.clone(),
        amount_minor: line.amount_minor,
        currency: line.currency,
        account_reference: line.account_reference.clone().unwrap_or_default(),
        payer_phone: String::new(),
        payer_name: String::new(),
        paid_at: line.at_us,
        confirmed: true,
        status: incoming::Status::Received,
        reason: None,
        top_up_id: None,
        created_at: app.now_us(),
    };
    let Some(payment_id) = store::incoming::receive(tx, &payment).await? else { return Ok(false) };
    jobs::enqueue(tx, app, &MatchPayment { payment_id, confirmed: true }, app.now_us()).await?;
    note(app, tx, actor, &line.receipt, line.amount_minor, "payment.taken").await?;
    Ok(true)
}

async fn reversal(
    app: &AppState,
    tx: &mut AnyConnection,
    actor: &Actor,
    provider: Method,
    gone: &Reversal,
    known_minor: i64,
) -> Result<bool, sqlx::Error> {
    let Some(of) = gone.of.as_deref() else { return Ok(false) };
    let found = match store::top_ups::find_by_receipt(tx, provider, of).await? {
        Some(found) => Some(found),
        None => store::top_ups::find_by_reference(tx, of).await?,
    };
    let Some(top_up) = found.filter(|top_up| top_up.method == provider && top_up.status == Status::Succeeded) else {
        return Ok(false);
    };
    // A payment's returns are known in one sum: what of this one is missing.
    let missing_minor = match provider {
        Method::Mpesa => gone.amount_minor,
        Method::Paystack => gone.amount_minor - known_minor,
    };
    let reverse = Reverse {
        top_up_id: top_up.id,
        // Paystack's statement names the transaction there, whose id can be that of some refund too.
        cause: match provider {
            Method::Mpesa => format!("refund:mpesa:{}", gone.receipt),
            Method::Paystack => format!("refund:paystack:transaction-{}", gone.receipt),
        },
        taken_minor: Some(missing_minor),
        gives_back: None,
        kept_minor: 0,
    };
    jobs::enqueue(tx, app, &reverse, app.now_us()).await?;
    note(app, tx, actor, &gone.receipt, -missing_minor, "payment.returned").await?;
    Ok(true)
}

async fn note(
    app: &AppState,
    tx: &mut AnyConnection,
    actor: &Actor,
    receipt: &str,
    amount_minor: i64,
    action_kind: &'static str,
) -> Result<(), sqlx::Error> {
    let entry = audit::Entry {
        workspace_id: None,
        actor: actor.clone(),
        action_kind,
        subject_id: Some(receipt.to_owned()),
        details: json!({ "receipt": receipt, "amount_minor": amount_minor }),
        ip: None,
    };
    audit::record(app, tx, &entry).await
}
