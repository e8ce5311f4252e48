//! Blocks of numbers. A series makes its numbers when it is loaded, all of them or none; what they cost is copied to each, so
//! that single numbers can be told apart later. Claimed numbers keep the prices of their claim.

pub mod http;
pub mod import;
mod prices;
mod range;
pub(crate) mod store;

use sautikit_api::ids::{InventoryNumberId, ProviderId, SeriesId};
use sautikit_api::supply::{CreateSeries, NumberCounts, UpdateSeries};
use serde_json::{Value, json};
use sqlx::AnyConnection;
use thiserror::Error;

use super::providers::{self, Provider};
use super::{Doer, SupplyError, invalid};
use crate::numbers::store::inventory::{self, NewNumber};
use crate::numbers::{NumberPrice, ProviderStatus, SeriesStatus};
use crate::state::AppState;

pub use range::{Range, SERIES_NUMBERS};

/// What a number can do, when nobody says more.
const DEFAULT_CAPABILITY: &str = "voice";
/// Capabilities of a number at most, and characters of each: a word.
const CAPABILITIES: usize = 8;
const CAPABILITY_MAX_CHARS: usize = 16;

/// The range or the prices of a series break a rule.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct SeriesRule {
    /// Which member of the body.
    pub field: &'static str,
    /// The rule, as a sentence.
    pub message: String,
}

/// A block of numbers.
#[derive(Debug, Clone)]
pub struct Series {
    /// Its id.
    pub id: SeriesId,
    /// Whose.
    pub provider_id: ProviderId,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// `+` and digits.
    pub prefix: String,
    /// What follows in the first number.
    pub first_suffix: String,
    /// What follows in the last one.
    pub last_suffix: String,
    /// The provider's trunk; may be empty.
    pub trunk: String,
    /// For instance `["voice"]`.
    pub capabilities: Vec<String>,
    /// Where it stands.
    pub status: SeriesStatus,
    /// Microseconds UTC.
    pub created_at: i64,
}

/// A series with what is known beside its row.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) series: Series,
    pub(super) provider_name: String,
    pub(super) prices: Vec<NumberPrice>,
    pub(super) numbers: NumberCounts,
}

/// A series that can be made: its members are checked.
pub(in crate::numbers) struct NewSeries {
    pub(in crate::numbers) provider_id: ProviderId,
    pub(in crate::numbers) country: String,
    pub(in crate::numbers) range: Range,
    pub(in crate::numbers) trunk: String,
    pub(in crate::numbers) capabilities: Vec<String>,
    pub(in crate::numbers) prices: Vec<NumberPrice>,
}

impl NewSeries {
    fn checked(asked: &CreateSeries) -> Result<Self, SupplyError> {
        let country = providers::checked_country(&asked.country)?;
        let range = Range::parse(&country, &asked.prefix, &asked.first_suffix, &asked.last_suffix)?;
        Ok(Self {
            provider_id: asked.provider_id,
            country,
            range,
            trunk: providers::checked_line("trunk", &asked.trunk)?,
            capabilities: checked_capabilities(&asked.capabilities)?,
            prices: prices::checked(&asked.prices)?,
        })
    }
}

async fn create(app: &AppState, doer: Doer, asked: &CreateSeries) -> Result<Series, SupplyError> {
    let new = NewSeries::checked(asked)?;
    let mut tx = app.db.begin_write().await?;
    let series = load(app, &mut tx, &new).await?;
    doer.note(app, &mut tx, "series.created", (None, Some(series.id.to_string())), audited_new(&new)).await?;
    tx.commit().await?;
    Ok(series)
}

/// Makes the series with its numbers and their prices, in the caller's transaction.
pub(in crate::numbers) async fn load(
    app: &AppState,
    tx: &mut AnyConnection,
    new: &NewSeries,
) -> Result<Series, SupplyError> {
    // Locked, so that it is not retired in between.
    providers::store::lock(tx, new.provider_id).await?;
    let provider = providers::store::find(tx, new.provider_id).await?;
    let provider = provider.ok_or_else(|| invalid("provider_id", "No provider has this id. List the providers."))?;
    if provider.status == ProviderStatus::Retired {
        return Err(invalid("provider_id", format!("{} was retired and gives no series any more.", provider.name)));
    }
    refuse_collision(tx, &new.range).await?;
    let now_us = app.now_us();
    let series = Series {
        id: SeriesId(app.new_uuid()),
        provider_id: new.provider_id,
        country: new.country.clone(),
        prefix: new.range.prefix.clone(),
        first_suffix: new.range.first_suffix(),
        last_suffix: new.range.last_suffix(),
        trunk: new.trunk.clone(),
        capabilities: new.capabilities.clone(),
        status: SeriesStatus::Active,
        created_at: now_us,
    };
    store::insert(tx, &series).await?;
    store::insert_prices(tx, series.id, &new.prices).await?;
    let numbers = new.range.numbers().map(|e164| NewNumber { id: InventoryNumberId(app.new_uuid()), e164 });
    let of = (series.id, series.country.as_str(), series.capabilities.as_slice());
    let added = inventory::insert_all(tx, app.db.dialect(), of, numbers, now_us).await?;
    if added < new.range.size() {
        // Another series came between the look and the write.
        refuse_collision(tx, &new.range).await?;
    }
    store::spread_prices(tx, series.id).await?;
    Ok(series)
}

/// Names the first number that is there already.
async fn refuse_collision(tx: &mut AnyConnection, range: &Range) -> Result<(), SupplyError> {
    match store::find_within(tx, &range.first_number(), &range.last_number()).await? {
        Some((number, series_id)) => Err(SupplyError::SuffixCollision { number, series_id }),
        None => Ok(()),
    }
}

/// Changes what is given. A retired series changes no more.
async fn update(app: &AppState, doer: Doer, id: SeriesId, asked: UpdateSeries) -> Result<Series, SupplyError> {
    let status = asked.status.as_deref().map(checked_status).transpose()?;
    let trunk = asked.trunk.as_deref().map(|trunk| providers::checked_line("trunk", trunk)).transpose()?;
    let capabilities = asked.capabilities.as_deref().map(checked_capabilities).transpose()?;
    let new_prices = asked.prices.as_deref().map(prices::checked).transpose()?;
    let mut tx = app.db.begin_write().await?;
    store::lock(&mut tx, id).await?;
    let before = store::find(&mut tx, id).await?.ok_or(SupplyError::SeriesUnknown)?;
    if before.status == SeriesStatus::Retired {
        let asks_nothing = status.is_none_or(|status| status == SeriesStatus::Retired)
            && trunk.is_none()
            && capabilities.is_none()
            && new_prices.is_none();
        return if asks_nothing { Ok(before) } else { Err(SupplyError::SeriesRetired) };
    }
    let mut after = before.clone();
    after.status = status.unwrap_or(before.status);
    after.trunk = trunk.unwrap_or(after.trunk);
    after.capabilities = capabilities.unwrap_or(after.capabilities);
    let old_prices = store::list_prices(&mut tx, id).await?;
    let prices = new_prices.unwrap_or_else(|| old_prices.clone());
    let (told_before, told_after) = (audited(&before, &old_prices), audited(&after, &prices));
    if told_before == told_after {
        return Ok(after);
    }
    store::update(&mut tx, &after).await?;
    if after.capabilities != before.capabilities {
        store::spread_capabilities(&mut tx, &after).await?;
    }
    if prices != old_prices {
        store::replace_prices(&mut tx, id, &prices).await?;
    }
    if after.status == SeriesStatus::Retired {
        store::retire_free_numbers(&mut tx, id).await?;
    }
    let details = json!({ "before": told_before, "after": told_after });
    doer.note(app, &mut tx, "series.updated", (None, Some(id.to_string())), details).await?;
    tx.commit().await?;
    Ok(after)
}

fn audited(series: &Series, prices: &[NumberPrice]) -> Value {
    json!({ "status": series.status.as_str(), "trunk": series.trunk, "capabilities": series.capabilities,
        "prices": prices::bodies(prices) })
}

fn audited_new(new: &NewSeries) -> Value {
    json!({ "first_number": new.range.first_number(), "last_number": new.range.last_number(),
        "prices": prices::bodies(&new.prices) })
}

fn checked_status(text: &str) -> Result<SeriesStatus, SupplyError> {
    SeriesStatus::parse(text).ok_or_else(|| invalid("status", "`status` is `active`, `paused` or `retired`."))
}

/// Words in lower case; `voice` when there are none.
pub(in crate::numbers) fn checked_capabilities(asked: &[String]) -> Result<Vec<String>, SupplyError> {
    if asked.is_empty() {
        return Ok(vec![DEFAULT_CAPABILITY.to_owned()]);
    }
    let is_word = |text: &String| {
        (1..=CAPABILITY_MAX_CHARS).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    if asked.len() > CAPABILITIES || !asked.iter().all(is_word) {
        let message = format!("`capabilities` are at most {CAPABILITIES} words in lower case, such as `voice`.");
        return Err(invalid("capabilities", message));
    }
    let mut capabilities = asked.to_vec();
    capabilities.sort();
    capabilities.dedup();
    Ok(capabilities)
}

/// The provider of that name or id.
async fn provider_named(tx: &mut AnyConnection, named: &str) -> Result<Option<Provider>, sqlx::Error> {
    if let Some(provider) = providers::store::find_by_name(tx, named).await? {
        return Ok(Some(provider));
    }
    match named.parse() {
        Ok(id) => providers::store::find(tx, id).await,
        Err(_) => Ok(None),
    }
}
