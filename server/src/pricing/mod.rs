//! What a destination costs a workspace: its own rate, else the price list, else the number's rate at home.
//!
//! Deliberately absent: rounding (`calls::rating`) and the operator's way to load prices.

mod store;

use sautikit_api::ids::WorkspaceId;
use sautikit_api::money::Currency;
use sqlx::AnyConnection;
use thiserror::Error;

use crate::calls::Rate;
use crate::calls::destination::Destination;

pub(crate) use store::STATEMENTS;

/// Why there is no rate.
#[derive(Debug, Error)]
pub enum PricingError {
    /// Nothing prices the destination, so it can't be called.
    #[error("the destination has no price")]
    NoPrice,
    /// The database failed.
    #[error("the prices could not be read")]
    Database(#[from] sqlx::Error),
}

/// The number that a call goes out from.
#[derive(Debug, Clone)]
pub struct Caller<'a> {
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// The wallet's currency.
    pub currency: Currency,
    /// The number's country, ISO 3166-1 alpha-2.
    pub number_country: &'a str,
    /// The number's own rate, valid within its country only.
    pub number_rate: Rate,
}

/// The rate in force at `now_us`: workspace's own, else the longest matching prefix of the price list, else the number's
/// rate for ordinary destinations in the number's own country.
///
/// # Errors
/// The destination has no price, or the database failed.
pub async fn outbound_rate(
    conn: &mut AnyConnection,
    caller: &Caller<'_>,
    to: &Destination,
    now_us: i64,
) -> Result<Rate, PricingError> {
    let digits = to.e164.trim_start_matches('+');
    if let Some(rate) = store::longest_prefix(conn, caller.workspace_id, caller.currency, digits, now_us).await? {
        return Ok(rate);
    }
    let at_home = to.country.as_deref() == Some(caller.number_country);
    if at_home && !to.premium { Ok(caller.number_rate) } else { Err(PricingError::NoPrice) }
}
