//! Money that a provider says it has for us: credited to whom its reference names, else waiting for people.
//!
//! ```text
//! received ──► credited      its reference is a push's or a workspace's, and the provider stands behind it
//!     └──────► unmatched ──► received    M-Pesa is asked, and says that it has what another address confirmed
//!                  ├───────► credited    the customer claims it, or the operator assigns it
//!                  └───────► dismissed   the operator sent it back
//! ```

use sautikit_api::ids::{IncomingPaymentId, TopUpId, WorkspaceId};
use sautikit_api::money::Currency;
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;

use super::account_reference::{self, Kind};
use super::settle::{self, Paid};
use super::{Channel, Method, PaymentError, TopUp, claim, daraja, store};
use crate::jobs::{Failure, Job};
use crate::mail::Posted;
use crate::state::AppState;
use crate::wallet::{self, with_tries};

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Not looked at.
    Received,
    /// In a wallet.
    Credited,
    /// Waiting for people.
    Unmatched,
    /// Not ours to credit: the operator sent it back.
    Dismissed,
}

impl Status {
    /// Every status.
    pub const ALL: &'static [Self] = &[Self::Received, Self::Credited, Self::Unmatched, Self::Dismissed];

    /// Its name in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Credited => "credited",
            Self::Unmatched => "unmatched",
            Self::Dismissed => "dismissed",
        }
    }

    /// The status of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|status| status.as_str() == name)
    }
}

/// Why a payment waits for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The account that the payer wrote is nobody's.
    UnknownReference,
    /// It was told from an address that is not the provider's.
    Unconfirmed,
    /// What the provider told of one payment differs: amount, telephone or outcome.
    Contradiction,
    /// The wallet that it is for is in another currency.
    WrongCurrency,
}

impl Reason {
    /// Every reason.
    pub const ALL: &'static [Self] =
        &[Self::UnknownReference, Self::Unconfirmed, Self::Contradiction, Self::WrongCurrency];

    /// Its name in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownReference => "unknown_reference",
            Self::Unconfirmed => "unconfirmed",
            Self::Contradiction => "contradiction",
            Self::WrongCurrency => "wrong_currency",
        }
    }

    /// The reason of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.as_str() == name)
    }
}

/// A payment as its provider told it.
#[derive(Debug, Clone)]
pub struct IncomingPayment {
    /// Its id.
    pub id: IncomingPaymentId,
    /// Who has the money.
    pub provider: Method,
    /// The provider's receipt.
    pub receipt: String,
    /// How much.
    pub amount_minor: i64,
    /// Of the amount.
    pub currency: Currency,
    /// As the payer wrote it.
    pub account_reference: String,
    /// As the provider told it: it may be masked or hashed.
    pub payer_phone: String,
    /// As the provider told it.
    pub payer_name: String,
    /// Microseconds UTC.
    pub paid_at: i64,
    /// Whether the provider stands behind it.
    pub confirmed: bool,
    /// Where it stands.
    pub status: Status,
    /// Why it waits.
    pub reason: Option<Reason>,
    /// What it became.
    pub top_up_id: Option<TopUpId>,
    /// Microseconds UTC.
    pub created_at: i64,
}

/// Looks at a payment that was received.
#[derive(Debug, Serialize, Deserialize)]
pub struct MatchPayment {
    /// Which.
    pub payment_id: IncomingPaymentId,
    /// Tells apart the times that it was received: a payment that waited can be confirmed later.
    pub confirmed: bool,
}

impl Job for MatchPayment {
    const KIND: &'static str = "match_payment";

    fn subject(&self) -> String {
        format!("{}:{}", self.payment_id, self.confirmed)
    }

    async fn run(self, app: &AppState) -> Result<(), Failure> {
        Ok(with_tries!(match_payment(app, self.payment_id))?)
    }
}

async fn match_payment(app: &AppState, id: IncomingPaymentId) -> Result<(), PaymentError> {
    let mut tx = app.db.begin_write().await?;
    let seen = store::incoming::find(&mut tx, id).await?.ok_or(PaymentError::NotFound)?;
    if seen.status != Status::Received {
        return Ok(());
    }
    // Where it belongs is decided under the lock of the wallet that it goes to, and then of the payment: another one under the
    // same reference, or its confirmation, may be looked at meanwhile.
    if let Some(workspace_id) = destination(&mut tx, &seen).await?.workspace_id() {
        wallet::lock(&mut tx, workspace_id).await?;
    }
    let payment = store::incoming::lock(&mut tx, id).await?.ok_or(PaymentError::NotFound)?;
    if payment.status != Status::Received {
        return Ok(());
    }
    let posted = match destination(&mut tx, &payment).await? {
        Destination::Nobody(reason) => {
            store::incoming::set_unmatched(&mut tx, id, reason).await?;
            if reason == Reason::Unconfirmed && payment.provider == Method::Mpesa {
                daraja::enqueue_inquiry(app, &mut tx, id, 0).await?;
            }
            let payment = IncomingPayment { status: Status::Unmatched, reason: Some(reason), ..payment };
            claim::settle_waiting(app, &mut tx, &payment).await?
        }
        Destination::TopUp(workspace_id, id) => settle_top_up(app, &mut tx, &payment, (workspace_id, id)).await?,
        Destination::Workspace(workspace_id) => credit_workspace(app, &mut tx, &payment, workspace_id).await?,
    };
    tx.commit().await?;
    settle::committed(app, posted);
    Ok(())
}

/// Where a payment belongs.
enum Destination {
    /// It is the money of this top-up.
    TopUp(WorkspaceId, TopUpId),
    /// It is a payment of its own.
    Workspace(WorkspaceId),
    /// Nobody knows.
    Nobody(Reason),
}

impl Destination {
    /// Whose wallet it goes to.
    const fn workspace_id(&self) -> Option<WorkspaceId> {
        match self {
            Self::TopUp(workspace_id, _) | Self::Workspace(workspace_id) => Some(*workspace_id),
            Self::Nobody(_) => None,
        }
    }
}

async fn destination(conn: &mut AnyConnection, payment: &IncomingPayment) -> Result<Destination, PaymentError> {
    // What a push was settled with bears the same receipt, whatever became of its reference.
    if let Some(top_up) = store::top_ups::find_by_receipt(conn, payment.provider, &payment.receipt).await? {
        return Ok(one_with(&top_up, payment));
    }
    if !payment.confirmed {
        return Ok(Destination::Nobody(Reason::Unconfirmed));
    }
    let workspace_id = match account_reference::read(&payment.account_reference) {
        None => return Ok(Destination::Nobody(Reason::UnknownReference)),
        Some((Kind::Workspace, reference)) => store::references::workspace_of(conn, &reference).await?,
        Some((Kind::Push, reference)) => match store::top_ups::find_by_reference(conn, &reference).await? {
            // Settled with another receipt: this is a payment of its own under the same reference.
            Some(top_up) if top_up.receipt.is_some() => Some(top_up.workspace_id),
            Some(top_up) if !store::references::is_open(conn, top_up.workspace_id).await? => None,
            Some(top_up) => return Ok(one_with(&top_up, payment)),
            None => None,
        },
    };
    let Some(workspace_id) = workspace_id else { return Ok(Destination::Nobody(Reason::UnknownReference)) };
    // Nobody reads a deleted workspace's wallet any more: people find out who paid.
    if !store::references::is_open(conn, workspace_id).await? {
        return Ok(Destination::Nobody(Reason::UnknownReference));
    }
    let wallet = wallet::read(conn, workspace_id).await?;
    if wallet.currency == payment.currency {
        Ok(Destination::Workspace(workspace_id))
    } else {
        Ok(Destination::Nobody(Reason::WrongCurrency))
    }
}

/// The payment is the top-up's money, unless the wallet has another amount for it already.
fn one_with(top_up: &TopUp, payment: &IncomingPayment) -> Destination {
    let is_settled = top_up.status == super::Status::Succeeded;
    if is_settled && (top_up.amount_minor, top_up.currency) != (payment.amount_minor, payment.currency) {
        Destination::Nobody(Reason::Contradiction)
    } else {
        Destination::TopUp(top_up.workspace_id, top_up.id)
    }
}

/// The payment is the top-up's money: settles it, or gives it the receipt that it still lacks. Its wallet is locked.
pub(super) async fn settle_top_up(
    app: &AppState,
    tx: &mut AnyConnection,
    payment: &IncomingPayment,
    top_up: (WorkspaceId, TopUpId),
) -> Result<Vec<Posted>, PaymentError> {
    let paid =
        Paid { amount_minor: payment.amount_minor, receipt: Some(&payment.receipt), paid_at: Some(payment.paid_at) };
    let posted = settle::credit(app, tx, top_up.1, paid).await?;
    store::incoming::credit(tx, payment.id, top_up, app.now_us()).await?;
    Ok(posted)
}

/// Credits the workspace, whose wallet is locked, with a payment that waited, as people decided. What answers a top-up that was asked for settles that
/// one: the provider's late word about it then finds it settled, and credits nothing again.
///
/// # Errors
/// It is the money of another workspace's top-up, or of one that is credited already; or the wallet or the database failed.
pub(super) async fn credit_as_decided(
    app: &AppState,
    tx: &mut AnyConnection,
    payment: &IncomingPayment,
    workspace_id: WorkspaceId,
) -> Result<Vec<Posted>, PaymentError> {
    let Some(top_up) = asked_for(tx, payment).await? else {
        return credit_workspace(app, tx, payment, workspace_id).await;
    };
    if top_up.workspace_id != workspace_id {
        return Err(PaymentError::AnotherWorkspace);
    }
    if top_up.status == super::Status::Succeeded {
        return Err(PaymentError::AlreadyCredited { amount_minor: top_up.amount_minor, currency: top_up.currency });
    }
    // What we called the top-up stands in the receipt's place where none was told.
    let receipt =
        Some(payment.receipt.as_str()).filter(|receipt| top_up.provider_reference.as_deref() != Some(*receipt));
    let paid = Paid { amount_minor: payment.amount_minor, receipt, paid_at: Some(payment.paid_at) };
    let posted = settle::credit(app, tx, top_up.id, paid).await?;
    if !store::incoming::credit(tx, payment.id, (workspace_id, top_up.id), app.now_us()).await? {
        return Err(PaymentError::NotFound);
    }
    Ok(posted)
}

/// The top-up whose money the payment is: it bears its receipt, or was told without one, or the top-up has none of its own.
async fn asked_for(conn: &mut AnyConnection, payment: &IncomingPayment) -> Result<Option<TopUp>, sqlx::Error> {
    if let Some(top_up) = store::top_ups::find_by_receipt(conn, payment.provider, &payment.receipt).await? {
        return Ok(Some(top_up));
    }
    let reference = match account_reference::read(&payment.account_reference) {
        Some((Kind::Push, reference)) => reference,
        Some((Kind::Workspace, _)) => return Ok(None),
        None => payment.account_reference.clone(),
    };
    let found =
        store::top_ups::find_by_reference(conn, &reference).await?.filter(|found| found.method == payment.provider);
    Ok(found.filter(|top_up| top_up.receipt.is_none() || payment.receipt == reference))
}

/// Credits a payment that no top-up stands for yet to the workspace, once.
async fn credit_workspace(
    app: &AppState,
    tx: &mut AnyConnection,
    payment: &IncomingPayment,
    workspace_id: WorkspaceId,
) -> Result<Vec<Posted>, PaymentError> {
    let top_up = TopUp {
        channel: Channel::Paybill,
        ..TopUp::new(app, workspace_id, payment.provider, payment.amount_minor, payment.currency)
    };
    store::top_ups::insert(tx, &top_up).await?;
    if !store::incoming::credit(tx, payment.id, (workspace_id, top_up.id), app.now_us()).await? {
        return Err(PaymentError::NotFound);
    }
    let paid =
        Paid { amount_minor: payment.amount_minor, receipt: Some(&payment.receipt), paid_at: Some(payment.paid_at) };
    settle::credit(app, tx, top_up.id, paid).await
}
