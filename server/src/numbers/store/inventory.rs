//! SQL of the inventory.

use sautikit_api::ids::InventoryNumberId;
use sautikit_api::money::Currency;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::db::statements;
use crate::numbers::InventoryNumber;
use crate::rating::Rate;
use crate::row;

statements! {
    INSERT_NUMBER = "
        insert into numbers (id, e164, country, capabilities, currency, monthly_price_minor, inbound_per_min_e4,
            outbound_per_min_e4, billing_increment_seconds, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (e164) do nothing";
    FIND_NUMBER = "
        select *
        from numbers
        where id = $1";
    /// Oldest number first: an inventory is read by number, so the cursor goes by E.164.
    LIST_AVAILABLE = "
        select *
        from numbers
        where state = 'available'
            and ($1 = '' or country = $1)
            and ($2 = '' or currency = $2)
            and ($3 = '' or e164 like '%' || $3 || '%')
            and ($4 = '' or capabilities like '%\"' || $4 || '\"%')
            and e164 > $5
        order by e164
        limit $6";
    TAKE_NUMBER = "
        update numbers
        set state = 'claimed'
        where id = $1 and state = 'available'";
    PUT_BACK_NUMBER = "
        update numbers
        set state = 'available'
        where id = $1 and state = 'claimed'";
}

/// Which numbers a list shows; empty text matches all.
pub(crate) struct Filter {
    pub(crate) country: String,
    pub(crate) currency: String,
    pub(crate) contains: String,
    pub(crate) capability: String,
}

pub(crate) async fn insert(tx: &mut AnyConnection, number: &InventoryNumber, now_us: i64) -> Result<(), sqlx::Error> {
    sqlx::query(INSERT_NUMBER)
        .bind(number.id.to_string())
        .bind(number.e164.clone())
        .bind(number.country.clone())
        .bind(capabilities_text(&number.capabilities))
        .bind(number.currency.code())
        .bind(number.monthly_price_minor)
        .bind(number.inbound_rate.per_minute_e4)
        .bind(number.outbound_rate.per_minute_e4)
        .bind(number.outbound_rate.increment_seconds)
        .bind(now_us)
        .execute(tx)
        .await
        .map(drop)
}

pub(crate) async fn find(
    conn: &mut AnyConnection,
    id: InventoryNumberId,
) -> Result<Option<InventoryNumber>, sqlx::Error> {
    let row = sqlx::query(FIND_NUMBER).bind(id.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(number).transpose()
}

pub(crate) async fn list_available(
    conn: &mut AnyConnection,
    filter: &Filter,
    after_e164: &str,
    limit: i64,
) -> Result<Vec<InventoryNumber>, sqlx::Error> {
    let rows = sqlx::query(LIST_AVAILABLE)
        .bind(filter.country.clone())
        .bind(filter.currency.clone())
        .bind(filter.contains.clone())
        .bind(filter.capability.clone())
        .bind(after_e164.to_owned())
        .bind(limit)
        .fetch_all(conn)
        .await?;
    rows.iter().map(number).collect()
}

/// False when another claim was first.
pub(crate) async fn take(tx: &mut AnyConnection, id: InventoryNumberId) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(TAKE_NUMBER).bind(id.to_string()).execute(tx).await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn put_back(tx: &mut AnyConnection, id: InventoryNumberId) -> Result<(), sqlx::Error> {
    sqlx::query(PUT_BACK_NUMBER).bind(id.to_string()).execute(tx).await.map(drop)
}

pub(super) fn capabilities(row: &AnyRow) -> Result<Vec<String>, sqlx::Error> {
    let text: String = row.try_get("capabilities")?;
    serde_json::from_str(&text).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

pub(super) fn rate(row: &AnyRow, column: &str) -> Result<Rate, sqlx::Error> {
    Ok(Rate { per_minute_e4: row.try_get(column)?, increment_seconds: row.try_get("billing_increment_seconds")? })
}

fn capabilities_text(capabilities: &[String]) -> String {
    serde_json::Value::from(capabilities.to_vec()).to_string()
}

fn number(row: &AnyRow) -> Result<InventoryNumber, sqlx::Error> {
    Ok(InventoryNumber {
        id: row::parsed(row, "id")?,
        e164: row.try_get("e164")?,
        country: row.try_get("country")?,
        capabilities: capabilities(row)?,
        currency: row::known(row, "currency", Currency::parse)?,
        monthly_price_minor: row.try_get("monthly_price_minor")?,
        inbound_rate: rate(row, "inbound_per_min_e4")?,
        outbound_rate: rate(row, "outbound_per_min_e4")?,
        state: row.try_get("state")?,
    })
}
