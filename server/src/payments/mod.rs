//! Payments into wallets: what a customer asks for ([`create_top_up`]), what providers say of it ([`daraja`], [`paystack`], in
//! development the [`simulator`]), and money that comes without having been asked for ([`incoming`]).
//!
//! ```text
//! top-up, pending ──► the provider is asked ──► it calls back ──► we ask it ourselves ──► settle::credit
//! payment to the Paybill ──► incoming ──► matched by its reference ─────────────────────►      │
//!                               └──► unmatched: claimed by the customer, or the operator ──►   ▼
//!                                                                        wallet, event, receipt by mail
//! ```
//! No provider's message moves money by itself unless it is signed or comes from where the provider is known to be; a push is
//! believed only when our own question says so. What was verified is what is credited, once by its receipt.

mod account_reference;
mod claim;
mod create;
pub mod daraja;
mod error;
pub mod http;
pub mod incoming;
mod letter;
mod operator;
pub mod paystack;
pub mod providers;
mod question;
pub mod reconcile;
pub mod reverse;
mod settle;
pub mod simulator;
pub(crate) mod store;

use async_trait::async_trait;
use sautikit_api::ids::{TopUpId, WorkspaceId};
use sautikit_api::money::Currency;
use sqlx::AnyConnection;
use thiserror::Error;

use crate::accounts::Dependant;
use crate::state::AppState;
use crate::wallet::WalletError;

pub use create::{Created, create_top_up};
pub use operator::waiting_now;
pub(crate) use store::top_ups::mark;

/// How a customer pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// M-Pesa.
    Mpesa,
    /// Paystack.
    Paystack,
}

impl Method {
    /// Every method.
    pub const ALL: &'static [Self] = &[Self::Mpesa, Self::Paystack];

    /// Its name in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mpesa => "mpesa",
            Self::Paystack => "paystack",
        }
    }

    /// The method of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|method| method.as_str() == name)
    }

    /// What people call it.
    const fn name(self) -> &'static str {
        match self {
            Self::Mpesa => "M-Pesa",
            Self::Paystack => "Paystack",
        }
    }
}

/// By which way of its method a payment comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// A request on the payer's telephone.
    Push,
    /// To the Paybill, without having been asked for.
    Paybill,
    /// On a page of the provider.
    Page,
}

impl Channel {
    /// Every channel.
    pub const ALL: &'static [Self] = &[Self::Push, Self::Paybill, Self::Page];

    /// Its name in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Paybill => "paybill",
            Self::Page => "page",
        }
    }

    /// The channel of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|channel| channel.as_str() == name)
    }
}

/// Where a top-up stands; succeeded is final.
///
/// ```text
/// pending ──> succeeded
///    │            ▲ the provider's late word
///    └──────> failed
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The provider has not decided.
    Pending,
    /// The wallet was credited.
    Succeeded,
    /// No money came.
    Failed,
}

impl Status {
    /// Every status.
    pub const ALL: &'static [Self] = &[Self::Pending, Self::Succeeded, Self::Failed];

    /// Its name in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }

    /// The status of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|status| status.as_str() == name)
    }
}

/// What a provider's callback said of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// The provider's code; 0 for paid.
    pub code: i64,
    /// The provider's receipt.
    pub receipt: Option<String>,
    /// How much, as the callback has it.
    pub amount_minor: Option<i64>,
    /// Who paid, as the callback has it: it may be masked.
    pub phone: Option<String>,
    /// When, as the callback has it: microseconds UTC.
    pub paid_at: Option<i64>,
}

impl Callback {
    /// Whether it tells that the payer paid.
    pub const fn tells_of_payment(&self) -> bool {
        self.code == 0
    }
}

/// A payment into a wallet.
#[derive(Debug, Clone)]
pub struct TopUp {
    /// Its id.
    pub id: TopUpId,
    /// Whose wallet.
    pub workspace_id: WorkspaceId,
    /// How.
    pub method: Method,
    /// By which way of it.
    pub channel: Channel,
    /// Play money of the development simulator.
    pub simulated: bool,
    /// Where it stands.
    pub status: Status,
    /// How much: what was asked for, once it has succeeded what came.
    pub amount_minor: i64,
    /// The wallet's.
    pub currency: Currency,
    /// The paying phone, E.164.
    pub phone: Option<String>,
    /// Why it failed.
    pub failure_reason: Option<String>,
    /// Whether money may have been taken although it failed.
    pub may_be_paid: bool,
    /// The provider's receipt.
    pub receipt: Option<String>,
    /// Our name for it at the provider.
    pub provider_reference: Option<String>,
    /// The provider's name for it.
    pub checkout_id: Option<String>,
    /// Where the payer goes.
    pub authorization_url: Option<String>,
    /// What the provider called back with.
    pub callback: Option<Callback>,
    /// Microseconds UTC.
    pub created_at: i64,
    /// Microseconds UTC.
    pub settled_at: Option<i64>,
}

impl TopUp {
    /// A pending one of now.
    fn new(app: &AppState, workspace_id: WorkspaceId, method: Method, amount_minor: i64, currency: Currency) -> Self {
        Self {
            id: TopUpId(app.new_uuid()),
            workspace_id,
            method,
            channel: Channel::Push,
            simulated: false,
            status: Status::Pending,
            amount_minor,
            currency,
            phone: None,
            failure_reason: None,
            may_be_paid: false,
            receipt: None,
            provider_reference: None,
            checkout_id: None,
            authorization_url: None,
            callback: None,
            created_at: app.now_us(),
            settled_at: None,
        }
    }
}

/// Why a payment was refused or could not be settled.
#[derive(Debug, Error)]
pub enum PaymentError {
    /// No such top-up in the workspace.
    #[error("no such top-up")]
    NotFound,
    /// No provider serves this method, or it does not answer.
    #[error("{0:?} is not configured or does not answer")]
    Unavailable(Method),
    /// The provider refuses what we are configured with.
    #[error("{0:?} refuses our credentials")]
    Credentials(Method),
    /// A field of the request can't be used.
    #[error("{message}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// Why, and what would do.
        message: &'static str,
    },
    /// M-Pesa knows whole shillings only.
    #[error("the amount is not in whole shillings")]
    NotWhole,
    /// Paystack does not take it here.
    #[error("Paystack takes no payments in {0} here")]
    UnsupportedCurrency(Currency),
    /// Less than the smallest top-up.
    #[error("the smallest top-up is {}", .currency.format_minor(*.minimum_minor))]
    BelowMinimum {
        /// The smallest.
        minimum_minor: i64,
        /// Of it.
        currency: Currency,
    },
    /// No payment waits under this receipt, amount and telephone.
    #[error("no such payment waits")]
    NoSuchPayment,
    /// The same, and M-Pesa is asked whether it has one.
    #[error("no such payment waits yet")]
    NoSuchPaymentYet,
    /// The payment answers a top-up that another workspace asked for.
    #[error("the payment is another workspace's")]
    AnotherWorkspace,
    /// The top-up that the payment answers is in the wallet already.
    #[error("the payment's top-up is credited already")]
    AlreadyCredited {
        /// With how much.
        amount_minor: i64,
        /// Of it.
        currency: Currency,
    },
    /// Too many claims today.
    #[error("too many claims today")]
    ClaimLimit,
    /// The wallet refused.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// The database failed.
    #[error("the payments could not be read or written")]
    Database(#[from] sqlx::Error),
}

/// Whether the method's provider is configured; in development a simulator plays one that is not.
pub fn is_configured(app: &AppState, method: Method) -> bool {
    match method {
        Method::Mpesa => daraja::Daraja::of(app).is_some(),
        Method::Paystack => paystack::Paystack::of(app).is_some(),
    }
}

impl PaymentError {
    /// Whether the whole transaction may succeed when it is tried again.
    pub fn is_contention(&self) -> bool {
        match self {
            Self::Wallet(error) => error.is_contention(),
            Self::Database(error) => crate::db::is_contention(error),
            _ => false,
        }
    }
}

/// What this room says of workspaces that are to be deleted.
pub struct OfWorkspaces;

#[async_trait]
impl Dependant for OfWorkspaces {
    async fn hinders_deletion(
        &self,
        conn: &mut AnyConnection,
        workspace: WorkspaceId,
    ) -> Result<Option<&'static str>, sqlx::Error> {
        let has_pending = store::top_ups::has_pending(conn, workspace).await?;
        Ok(has_pending.then_some("a top-up is under way; it ends within a day"))
    }
}

/// One of the workspace's top-ups.
///
/// # Errors
/// No such top-up, or the database failed.
pub async fn get_top_up(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    id: TopUpId,
) -> Result<TopUp, PaymentError> {
    store::top_ups::find_of(conn, workspace_id, id).await?.ok_or(PaymentError::NotFound)
}

/// The name under which the workspace is paid to at the Paybill; made when it is first asked for, the same ever after.
///
/// # Errors
/// The database failed.
pub async fn account_reference(app: &AppState, workspace_id: WorkspaceId) -> Result<String, PaymentError> {
    if let Some(reference) = store::references::find(&mut *app.db.acquire().await?, workspace_id).await? {
        return Ok(reference);
    }
    // A few tries: another workspace may have drawn the same.
    for _ in 0..8 {
        let mut tx = app.db.begin_write().await?;
        let drawn = account_reference::made_of(account_reference::Kind::Workspace, app.entropy.bytes());
        store::references::insert(&mut tx, workspace_id, &drawn, app.now_us()).await?;
        let reference = store::references::find(&mut tx, workspace_id).await?;
        tx.commit().await?;
        if let Some(reference) = reference {
            return Ok(reference);
        }
    }
    Err(PaymentError::Database(sqlx::Error::RowNotFound))
}
