//! Payments into wallets: top-ups and, in development, the simulator that decides them.
//!
//! Deliberately absent: real providers. Where neither they nor the simulator serve, a top-up is refused as unavailable.

mod error;
pub mod http;
pub mod simulator;
pub(crate) mod store;

use sautikit_api::ids::{TopUpId, WorkspaceId};
use sautikit_api::money::Currency;
use sautikit_api::wallet::CreateTopUp;
use sqlx::AnyConnection;
use thiserror::Error;

use crate::jobs;
use crate::state::AppState;
use crate::telephone::{self, Telephone};
use crate::wallet::{self, MAX_AMOUNT_MINOR, WalletError};

/// How a customer pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// M-Pesa, pushed to a phone.
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
}

/// Where a top-up stands; succeeded and failed are final.
///
/// ```text
/// pending ──> succeeded
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

/// A payment into a wallet.
#[derive(Debug, Clone)]
pub struct TopUp {
    /// Its id.
    pub id: TopUpId,
    /// Whose wallet.
    pub workspace_id: WorkspaceId,
    /// How.
    pub method: Method,
    /// Play money of the development simulator.
    pub simulated: bool,
    /// Where it stands.
    pub status: Status,
    /// How much.
    pub amount_minor: i64,
    /// The wallet's.
    pub currency: Currency,
    /// The paying phone, E.164.
    pub phone: Option<String>,
    /// Why it failed.
    pub failure_reason: Option<String>,
    /// The provider's receipt.
    pub receipt: Option<String>,
    /// Microseconds UTC.
    pub created_at: i64,
    /// Microseconds UTC.
    pub settled_at: Option<i64>,
}

/// Why a payment was refused or could not be settled.
#[derive(Debug, Error)]
pub enum PaymentError {
    /// No such top-up in the workspace.
    #[error("no such top-up")]
    NotFound,
    /// No provider serves this method.
    #[error("{0:?} is not configured")]
    Unavailable(Method),
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
    /// The wallet refused.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// The database failed.
    #[error("the payments could not be read or written")]
    Database(#[from] sqlx::Error),
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

/// Starts a top-up in the caller's transaction; it stays pending until its provider decides.
///
/// # Errors
/// An unusable method, amount or phone, no provider, or the database failed.
pub async fn create_top_up(
    app: &AppState,
    tx: &mut AnyConnection,
    workspace_id: WorkspaceId,
    country: &str,
    request: &CreateTopUp,
) -> Result<TopUp, PaymentError> {
    let method = Method::parse(&request.method)
        .ok_or(PaymentError::Invalid { field: "method", message: "`method` is `mpesa` or `paystack`." })?;
    let wallet = wallet::read(tx, workspace_id).await?;
    check_amount(method, request.amount_minor, wallet.currency)?;
    let phone = checked_phone(method, request.phone.as_deref(), country)?;
    if !app.config.is_development() {
        return Err(PaymentError::Unavailable(method));
    }
    let now_us = app.now_us();
    let top_up = TopUp {
        id: TopUpId(app.new_uuid()),
        workspace_id,
        method,
        simulated: true,
        status: Status::Pending,
        amount_minor: request.amount_minor,
        currency: wallet.currency,
        phone,
        failure_reason: None,
        receipt: None,
        created_at: now_us,
        settled_at: None,
    };
    store::insert(tx, &top_up).await?;
    let due_us = now_us + simulator::DECISION_DELAY_US;
    jobs::enqueue(tx, app, &simulator::Settle { top_up_id: top_up.id }, due_us).await?;
    Ok(top_up)
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
    store::find_of(conn, workspace_id, id).await?.ok_or(PaymentError::NotFound)
}

fn check_amount(method: Method, amount_minor: i64, currency: Currency) -> Result<(), PaymentError> {
    if amount_minor <= 0 || amount_minor > MAX_AMOUNT_MINOR {
        return Err(WalletError::InvalidAmount.into());
    }
    if method == Method::Mpesa {
        if currency != Currency::KES {
            return Err(WalletError::CurrencyMismatch { wallet: currency, amount: Currency::KES }.into());
        }
        if amount_minor % 10_i64.pow(currency.exponent()) != 0 {
            return Err(PaymentError::NotWhole);
        }
    }
    Ok(())
}

fn checked_phone(method: Method, phone: Option<&str>, country: &str) -> Result<Option<String>, PaymentError> {
    let invalid = PaymentError::Invalid {
        field: "phone",
        message: "`phone` is the paying phone in E.164, such as +254722000001.",
    };
    match (phone, method) {
        (Some(phone), _) => match telephone::read(phone, Some(country)) {
            Some(number) if method == Method::Mpesa && !pays_by_mpesa(&number) => Err(PaymentError::Invalid {
                field: "phone",
                message: "`phone` is the Kenyan mobile telephone that pays, such as +254722000001.",
            }),
            Some(number) => Ok(Some(number.e164)),
            None => Err(invalid),
        },
        (None, Method::Mpesa) => Err(invalid),
        (None, Method::Paystack) => Ok(None),
    }
}

/// A top-up is in shillings, so its M-Pesa is Kenya's, and that is on mobile telephones.
fn pays_by_mpesa(number: &Telephone) -> bool {
    number.country.as_deref() == Some("KE") && number.is_mobile
}
