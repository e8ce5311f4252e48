//! Numbers: where they come from (providers, series), the inventory, claiming, routing, the monthly renewal and release.
//!
//! A claim is one transaction: the number changes hands, the share of the month is debited, and the event is written, or
//! none of it. Deliberately absent: SIP credentials, a room of their own.

mod claim;
mod error;
pub mod http;
mod inventory;
mod owed;
mod release;
pub mod renewal;
mod routing;
mod states;
pub(crate) mod store;
pub mod supply;

use async_trait::async_trait;
use sautikit_api::ids::{InventoryNumberId, NumberId, SeriesId, WorkspaceId};
use sautikit_api::money::Currency;
use sautikit_api::numbers::Compat;
use sqlx::AnyConnection;
use thiserror::Error;

use crate::accounts::{Dependant, OffersCurrencies};
use crate::rating::Rate;
use crate::secrets::SealBroken;
use crate::wallet::WalletError;

pub use claim::{Claim, claim};
pub use inventory::{free_cooled, seed_development};
pub use release::release;
pub use routing::{check_callback_url, number_signing, rotate_signing_secret, update_routing};
pub use states::{NumberState, ProviderStatus, SeriesStatus, Sort};
pub use store::inventory::PriceOfNumbers;
pub(crate) use store::tenants::{list_e164_of_trunk, list_workspaces_of_trunk};

/// A number that was claimed and works.
const ACTIVE: &str = "active";
/// A number whose rental is not paid: no calls from it or to it.
const SUSPENDED: &str = "suspended";
/// Where a number that is shown can stand; a released one is not shown.
pub const STATUSES: [&str; 2] = [ACTIVE, SUSPENDED];

/// Why a number could not be had or changed.
#[derive(Debug, Error)]
pub enum NumberError {
    /// No such number in the inventory.
    #[error("no such number")]
    NotFound,
    /// Not one of the workspace's numbers.
    #[error("the number is not one of the workspace's")]
    NotAssigned,
    /// Another workspace, or this one, has it.
    #[error("the number is taken")]
    AlreadyClaimed,
    /// Withdrawn for good.
    #[error("the number was withdrawn")]
    Retired,
    /// Its series offers nothing just now.
    #[error("the number's series is paused")]
    SeriesNotActive,
    /// Not priced in the workspace's currency.
    #[error("the number has no price in {0}")]
    PriceMissing(Currency),
    /// A URL that can't be called.
    #[error("`{field}`: {reason}")]
    InvalidUrl {
        /// Which member of the body.
        field: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// The secret before the present one signs still, and would no more.
    #[error("{0}")]
    FormerSigns(String),
    /// Another member of the body.
    #[error("{message}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// Why, and what would do.
        message: String,
    },
    /// The wallet refused or was busy.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// A stored secret does not open.
    #[error(transparent)]
    Seal(#[from] SealBroken),
    /// The database failed.
    #[error("the numbers could not be read or written")]
    Database(#[from] sqlx::Error),
}

impl NumberError {
    /// Whether the whole transaction may succeed when it is tried again.
    pub fn is_contention(&self) -> bool {
        match self {
            Self::Wallet(error) => error.is_contention(),
            Self::Database(error) => crate::db::is_contention(error),
            _ => false,
        }
    }
}

/// Numbers that a workspace has.
pub struct OfWorkspaces;

#[async_trait]
impl Dependant for OfWorkspaces {
    async fn hinders_deletion(
        &self,
        conn: &mut AnyConnection,
        workspace: WorkspaceId,
    ) -> Result<Option<&'static str>, sqlx::Error> {
        let has_numbers = store::tenants::has_numbers(conn, workspace).await?;
        Ok(has_numbers.then_some("numbers are still claimed; release them"))
    }
}

#[async_trait]
impl OffersCurrencies for OfWorkspaces {
    async fn offered_currencies(&self, conn: &mut AnyConnection) -> Result<Vec<Currency>, sqlx::Error> {
        offered_currencies(conn).await
    }
}

/// Currencies in which a number can be claimed now, and so calls be paid: a number's price names both.
///
/// # Errors
/// The database failed.
pub async fn offered_currencies(conn: &mut AnyConnection) -> Result<Vec<Currency>, sqlx::Error> {
    store::inventory::offered_currencies(conn).await
}

/// What numbers that can be claimed cost, by country, kind and currency: a look through the whole inventory.
///
/// # Errors
/// The database failed.
pub async fn prices_of_kinds(conn: &mut AnyConnection, limit: i64) -> Result<Vec<PriceOfNumbers>, sqlx::Error> {
    store::inventory::prices_of_kinds(conn, limit).await
}

/// What a number costs in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberPrice {
    /// Which.
    pub currency: Currency,
    /// Rental of a whole month.
    pub monthly_price_minor: i64,
    /// Calls to it.
    pub inbound_rate: Rate,
    /// Calls from it within its country.
    pub outbound_rate: Rate,
}

/// A number that can be claimed, with its price in the currency that was asked for.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The number.
    pub number: InventoryNumber,
    /// What it costs.
    pub price: NumberPrice,
}

/// A number of the inventory.
#[derive(Debug, Clone)]
pub struct InventoryNumber {
    /// Its id.
    pub id: InventoryNumberId,
    /// `+` and digits.
    pub e164: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// For instance `["voice"]`.
    pub capabilities: Vec<String>,
    /// Where it stands.
    pub state: NumberState,
    /// The series that made it; none from before there were any.
    pub series_id: Option<SeriesId>,
    /// Where that one stands.
    pub series_status: Option<SeriesStatus>,
    /// Who alone may claim it while it is reserved or cools off.
    pub kept_for: Option<WorkspaceId>,
    /// When it has cooled off (microseconds UTC).
    pub kept_until: Option<i64>,
    /// Microseconds UTC.
    pub created_at: i64,
}

/// A claimed number that was not released.
#[derive(Debug, Clone)]
pub struct TenantNumber {
    /// Its id.
    pub id: NumberId,
    /// The inventory's row.
    pub inventory_id: InventoryNumberId,
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// `+` and digits.
    pub e164: String,
    /// One of [`STATUSES`].
    pub status: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// For instance `["voice"]`.
    pub capabilities: Vec<String>,
    /// Of its prices.
    pub currency: Currency,
    /// Rental of a whole month, as agreed at the claim.
    pub monthly_price_minor: i64,
    /// Calls to it.
    pub inbound_rate: Rate,
    /// Calls from it within its country.
    pub outbound_rate: Rate,
    /// Microseconds UTC.
    pub created_at: i64,
    /// Who is asked for voice actions.
    pub voice_callback_url: Option<String>,
    /// Who is told of the number's calls.
    pub events_url: Option<String>,
    /// Who is asked when the voice callback fails.
    pub fallback_url: Option<String>,
    /// Who gets a copy of each voice callback request.
    pub shadow_url: Option<String>,
    /// Whether browsers and devices ring when no callback is set.
    pub ring_devices: bool,
    /// Whose words the voice callbacks are in.
    pub compat: Compat,
    /// The customer's own signing secret, sealed.
    pub(crate) sealed_signing_secret: Option<String>,
    /// What signed before the secret was rotated, sealed, and until when it still may, in microseconds UTC.
    pub(crate) former_secret: Option<(String, i64)>,
}

/// The active number of that E.164, whosever it is.
///
/// # Errors
/// The database failed.
pub async fn find_active_by_e164(conn: &mut AnyConnection, e164: &str) -> Result<Option<TenantNumber>, sqlx::Error> {
    store::tenants::find_active_by_e164(conn, e164).await
}

/// How often it changed which numbers are active, on any node.
///
/// # Errors
/// The database failed.
pub async fn revision(conn: &mut AnyConnection) -> Result<i64, sqlx::Error> {
    store::tenants::revision(conn).await
}

/// The E.164 of active numbers, whosever they are, at most `limit`.
///
/// # Errors
/// The database failed.
pub async fn list_all_active_e164(conn: &mut AnyConnection, limit: i64) -> Result<Vec<String>, sqlx::Error> {
    store::tenants::list_all_active_e164(conn, limit).await
}

/// The E.164 of every active number of the workspace.
///
/// # Errors
/// The database failed.
pub async fn list_active_e164(conn: &mut AnyConnection, workspace_id: WorkspaceId) -> Result<Vec<String>, sqlx::Error> {
    store::tenants::list_active_e164(conn, workspace_id).await
}

/// One of the workspace's numbers, active or suspended.
///
/// # Errors
/// Not the workspace's, or the database failed.
pub async fn get_number(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    id: NumberId,
) -> Result<TenantNumber, NumberError> {
    store::tenants::find(conn, workspace_id, id).await?.ok_or(NumberError::NotAssigned)
}
