//! The inventory of development mode, and what frees numbers that have cooled off.

use sautikit_api::ids::ProviderId;
use sautikit_api::money::Currency;

use super::supply::SupplyError;
use super::supply::providers::{self, Provider};
use super::supply::series::{self, NewSeries, Range};
use super::{NumberPrice, ProviderStatus, store};
use crate::rating::Rate;
use crate::state::AppState;

/// Who gives the numbers of development mode.
const PROVIDER: &str = "Sandbox carrier";
/// Twenty Kenyan numbers.
const PREFIX: &str = "+2547000000";
const SUFFIXES: (&str, &str) = ("01", "20");
/// Currency, a month, a minute within Kenya in 1/10,000 of a minor unit. The guides name those in KES: KES 100 a month, KES 3.00
/// a minute. The others let people see a currency without a minor unit, and a rate finer than one.
const PRICES: [(Currency, i64, i64); 3] =
    [(Currency::KES, 10_000, 3_000_000), (Currency::UGX, 2_900, 840_000), (Currency::USD, 78, 24_000)];

/// Adds the development inventory, where it is missing.
///
/// # Errors
/// The database failed.
pub async fn seed_development(app: &AppState) -> Result<(), sqlx::Error> {
    let mut tx = app.db.begin_write().await?;
    let provider = Provider {
        id: ProviderId(app.new_uuid()),
        name: PROVIDER.to_owned(),
        country: "KE".to_owned(),
        contact: String::new(),
        notes: "Plays carriers and telephones in development.".to_owned(),
        status: ProviderStatus::Active,
        created_at: app.now_us(),
    };
    if !providers::store::insert(&mut tx, &provider).await? {
        // Seeded before.
        return Ok(());
    }
    let range = Range::parse("KE", PREFIX, SUFFIXES.0, SUFFIXES.1).map_err(unfit)?;
    let price = |(currency, monthly_price_minor, per_minute_e4)| NumberPrice {
        currency,
        monthly_price_minor,
        inbound_rate: Rate::FREE,
        outbound_rate: Rate { per_minute_e4, ..Rate::FREE },
    };
    let new = NewSeries {
        provider_id: provider.id,
        country: "KE".to_owned(),
        range,
        trunk: "sandbox".to_owned(),
        capabilities: vec!["voice".to_owned()],
        prices: PRICES.into_iter().map(price).collect(),
    };
    match series::load(app, &mut tx, &new).await {
        Ok(_) => tx.commit().await,
        Err(SupplyError::Database(error)) => Err(error),
        // The numbers are there from before there were series; they work as they are.
        Err(SupplyError::SuffixCollision { .. }) => tx.rollback().await,
        Err(error) => Err(unfit(error)),
    }
}

/// Frees numbers that have cooled off; how many.
///
/// # Errors
/// The database failed.
pub async fn free_cooled(app: &AppState) -> Result<u64, sqlx::Error> {
    let mut tx = app.db.begin_write().await?;
    let freed = store::inventory::free_cooled(&mut tx, app.now_us()).await?;
    tx.commit().await?;
    Ok(freed)
}

fn unfit(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> sqlx::Error {
    sqlx::Error::Configuration(error.into())
}
