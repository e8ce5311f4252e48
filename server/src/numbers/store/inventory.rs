//! SQL of the inventory.

use std::collections::BTreeMap;

use sautikit_api::ids::{InventoryNumberId, SeriesId, WorkspaceId};
use sautikit_api::money::Currency;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::db::batch::Batch;
use crate::db::rows::{Cell, Column, Rows, Tells};
use crate::db::{Dialect, statements};
use crate::numbers::{InventoryNumber, NumberPrice, NumberState, Offer, SeriesStatus, Sort};
use crate::rating::Rate;
use crate::row;

use Column::{Int, Text};

/// What a workspace may claim: what is free, and what is kept for it, of series that offer their numbers.
macro_rules! offers {
    ($condition:literal, $order:literal) => {
        concat!(
            "
        select n.*, s.status as series_status, p.currency, p.monthly_price_minor, p.inbound_per_min_e4,
            p.outbound_per_min_e4, p.billing_minimum_seconds, p.billing_increment_seconds
        from numbers n
        join number_prices p on p.number_id = n.id and p.currency = $1
        left join number_series s on s.id = n.series_id
        where (n.state = 'available' or (n.kept_for = $2 and n.state in ('reserved', 'cooling_off')))
            and (s.status is null or s.status = 'active')
            and ($3 = '' or n.country = $3)
            and ($4 = '' or n.e164 like '%' || $4 || '%')
            and ($5 = '' or n.capabilities like '%\"' || $5 || '\"%')
            and p.monthly_price_minor <= $6
            and ",
            $condition,
            "
        order by ",
            $order,
            "
        limit $9"
        )
    };
}

statements! {
    FIND_NUMBER = "
        select n.*, s.status as series_status
        from numbers n
        left join number_series s on s.id = n.series_id
        where n.id = $1";
    LIST_PRICES = "
        select *
        from number_prices
        where number_id = $1
        order by currency";
    /// An inventory is read by number, upwards, so the cursor goes by E.164.
    OFFERS_BY_NUMBER = offers!("n.e164 > $7 and $8 = ''", "n.e164");
    OFFERS_BY_PRICE = offers!("(p.monthly_price_minor, n.id) > ($7, $8)", "p.monthly_price_minor, n.id");
    TAKE_NUMBER = "
        update numbers
        set state = 'assigned', kept_for = null, kept_until = null
        where id = $1 and (state = 'available' or (kept_for = $2 and state in ('reserved', 'cooling_off')))
            and (series_id is null or series_id in (select id from number_series where status = 'active'))";
    PUT_BACK_NUMBER = "
        update numbers
        set state = $2, kept_for = $3, kept_until = $4
        where id = $1 and state = 'assigned'";
    /// A number of a series that was retired meanwhile goes with it.
    RETIRE_OF_RETIRED = "
        update numbers
        set state = 'retired', kept_for = null, kept_until = null
        where id = $1 and series_id in (select id from number_series where status = 'retired')";
    FREE_COOLED = "
        update numbers
        set state = case when series_id in (select id from number_series where status = 'retired')
                then 'retired' else 'available' end,
            kept_for = null, kept_until = null
        where state = 'cooling_off' and kept_until <= $1";
    /// Currencies in which a number can be claimed now.
    OFFERED_CURRENCIES = "
        select distinct p.currency
        from number_prices p
        join numbers n on n.id = p.number_id
        left join number_series s on s.id = n.series_id
        where n.state = 'available' and (s.status is null or s.status = 'active')";
    /// What numbers cost in each currency, by country and what they can do: those that can be claimed now.
    PRICES_OF_KINDS = "
        select p.currency, n.country, n.capabilities, p.monthly_price_minor, p.inbound_per_min_e4, p.outbound_per_min_e4,
            p.billing_minimum_seconds, p.billing_increment_seconds, count(*) as numbers
        from number_prices p
        join numbers n on n.id = p.number_id
        left join number_series s on s.id = n.series_id
        where n.state = 'available' and (s.status is null or s.status = 'active')
        group by p.currency, n.country, n.capabilities, p.monthly_price_minor, p.inbound_per_min_e4,
            p.outbound_per_min_e4, p.billing_minimum_seconds, p.billing_increment_seconds
        order by n.country, p.monthly_price_minor, p.outbound_per_min_e4, n.capabilities
        limit $1";
}

static INSERT_NUMBERS: Rows = Rows::new(
    "INSERT_NUMBERS",
    // A series has thousands.
    8,
    Tells::Changes,
    "insert into numbers (id, e164, country, capabilities, series_id, created_at)
    select {columns}
    from {rows} as v
    where v.column1 is not null
    on conflict (e164) do nothing",
    &[Text, Text, Text, Text, Text, Int],
);
/// A series' numbers in few messages.
pub(crate) static INSERT: Batch = Batch::new("NUMBERS", &[&INSERT_NUMBERS]);

/// Which offers a list shows; empty text matches all.
pub(crate) struct Filter {
    pub(crate) currency: Currency,
    pub(crate) workspace_id: WorkspaceId,
    pub(crate) country: String,
    pub(crate) contains: String,
    pub(crate) capability: String,
    /// The dearest rental.
    pub(crate) max_monthly_minor: i64,
}

/// A number that does not exist yet.
pub(in crate::numbers) struct NewNumber {
    pub(in crate::numbers) id: InventoryNumberId,
    pub(in crate::numbers) e164: String,
}

/// Adds the numbers of a series, but for those that exist; how many it added.
pub(in crate::numbers) async fn insert_all(
    tx: &mut AnyConnection,
    dialect: Dialect,
    (series_id, country, capabilities): (SeriesId, &str, &[String]),
    numbers: impl Iterator<Item = NewNumber>,
    now_us: i64,
) -> Result<u64, sqlx::Error> {
    let cells = numbers.flat_map(|number| {
        [
            Cell::from(number.id.to_string()),
            number.e164.into(),
            country.into(),
            capabilities_text(capabilities).into(),
            series_id.to_string().into(),
            now_us.into(),
        ]
    });
    let told = INSERT.run(tx, dialect, vec![INSERT_NUMBERS.with(cells)]).await?;
    Ok(told.changes(&INSERT_NUMBERS))
}

pub(crate) async fn find(
    conn: &mut AnyConnection,
    id: InventoryNumberId,
) -> Result<Option<InventoryNumber>, sqlx::Error> {
    let row = sqlx::query(FIND_NUMBER).bind(id.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(number).transpose()
}

/// What the number costs, by currency.
pub(crate) async fn list_prices(
    conn: &mut AnyConnection,
    id: InventoryNumberId,
) -> Result<Vec<NumberPrice>, sqlx::Error> {
    let rows = sqlx::query(LIST_PRICES).bind(id.to_string()).fetch_all(conn).await?;
    rows.iter().map(price).collect()
}

/// Numbers that can be claimed, after `(number or price, id)` in that order.
pub(crate) async fn list_offers(
    conn: &mut AnyConnection,
    filter: &Filter,
    sort: Sort,
    after: &After,
    limit: i64,
) -> Result<Vec<Offer>, sqlx::Error> {
    let statement = match sort {
        Sort::Number => OFFERS_BY_NUMBER,
        Sort::Price => OFFERS_BY_PRICE,
    };
    let query = sqlx::query(statement)
        .bind(filter.currency.code())
        .bind(filter.workspace_id.to_string())
        .bind(filter.country.clone())
        .bind(filter.contains.clone())
        .bind(filter.capability.clone())
        .bind(filter.max_monthly_minor);
    let query = match sort {
        Sort::Number => query.bind(after.e164.clone()).bind(String::new()),
        Sort::Price => query.bind(after.price_minor).bind(after.id.clone()),
    };
    let rows = query.bind(limit).fetch_all(conn).await?;
    rows.iter().map(|row| Ok(Offer { number: number(row)?, price: price(row)? })).collect()
}

/// Where the page before ended, by either order.
pub(crate) struct After {
    pub(crate) e164: String,
    pub(crate) price_minor: i64,
    pub(crate) id: String,
}

/// False when another claim was first.
pub(crate) async fn take(
    tx: &mut AnyConnection,
    id: InventoryNumberId,
    workspace_id: WorkspaceId,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(TAKE_NUMBER).bind(id.to_string()).bind(workspace_id.to_string()).execute(tx).await?;
    Ok(done.rows_affected() == 1)
}

/// The number's workspace has given it back: it is free, or cools off for it until then.
pub(crate) async fn put_back(
    tx: &mut AnyConnection,
    id: InventoryNumberId,
    kept: Option<(WorkspaceId, i64)>,
) -> Result<(), sqlx::Error> {
    let state = if kept.is_some() { NumberState::CoolingOff } else { NumberState::Available };
    let query = sqlx::query(PUT_BACK_NUMBER)
        .bind(id.to_string())
        .bind(state.as_str())
        .bind(kept.map(|(workspace_id, _)| workspace_id.to_string()))
        .bind(kept.map(|(_, until)| until));
    query.execute(&mut *tx).await?;
    sqlx::query(RETIRE_OF_RETIRED).bind(id.to_string()).execute(tx).await.map(drop)
}

/// Numbers that have cooled off are free for everybody; how many.
pub(crate) async fn free_cooled(tx: &mut AnyConnection, now_us: i64) -> Result<u64, sqlx::Error> {
    Ok(sqlx::query(FREE_COOLED).bind(now_us).execute(tx).await?.rows_affected())
}

/// Currencies in which a number can be claimed now.
pub(crate) async fn offered_currencies(conn: &mut AnyConnection) -> Result<Vec<Currency>, sqlx::Error> {
    let codes: Vec<String> = sqlx::query_scalar(OFFERED_CURRENCIES).fetch_all(conn).await?;
    Ok(Currency::ALL.iter().copied().filter(|known| codes.iter().any(|code| code == known.code())).collect())
}

/// What numbers of one kind cost, and how many of them can be claimed.
#[derive(Debug, Clone)]
pub struct PriceOfNumbers {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// What they can do.
    pub capabilities: Vec<String>,
    /// In one currency.
    pub price: NumberPrice,
    /// How many.
    pub numbers: i64,
}

pub(crate) async fn prices_of_kinds(conn: &mut AnyConnection, limit: i64) -> Result<Vec<PriceOfNumbers>, sqlx::Error> {
    let rows = sqlx::query(PRICES_OF_KINDS).bind(limit).fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            Ok(PriceOfNumbers {
                country: row.try_get("country")?,
                capabilities: capabilities(row)?,
                price: price(row)?,
                numbers: row.try_get("numbers")?,
            })
        })
        .collect()
}

pub(in crate::numbers) fn capabilities(row: &AnyRow) -> Result<Vec<String>, sqlx::Error> {
    let text: String = row.try_get("capabilities")?;
    serde_json::from_str(&text).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

pub(in crate::numbers) fn rate(row: &AnyRow, column: &str) -> Result<Rate, sqlx::Error> {
    Ok(Rate {
        per_minute_e4: row.try_get(column)?,
        minimum_seconds: row.try_get("billing_minimum_seconds")?,
        increment_seconds: row.try_get("billing_increment_seconds")?,
    })
}

pub(in crate::numbers) fn capabilities_text(capabilities: &[String]) -> String {
    serde_json::Value::from(capabilities.to_vec()).to_string()
}

pub(in crate::numbers) fn price(row: &AnyRow) -> Result<NumberPrice, sqlx::Error> {
    Ok(NumberPrice {
        currency: row::known(row, "currency", Currency::parse)?,
        monthly_price_minor: row.try_get("monthly_price_minor")?,
        inbound_rate: rate(row, "inbound_per_min_e4")?,
        outbound_rate: rate(row, "outbound_per_min_e4")?,
    })
}

/// By what they belong to, in their order.
pub(in crate::numbers) fn prices_by<K: Ord>(
    rows: &[AnyRow],
    key: impl Fn(&AnyRow) -> Result<K, sqlx::Error>,
) -> Result<BTreeMap<K, Vec<NumberPrice>>, sqlx::Error> {
    let mut prices: BTreeMap<K, Vec<NumberPrice>> = BTreeMap::new();
    for row in rows {
        prices.entry(key(row)?).or_default().push(price(row)?);
    }
    Ok(prices)
}

pub(in crate::numbers) fn number(row: &AnyRow) -> Result<InventoryNumber, sqlx::Error> {
    let series_status: Option<String> = row.try_get("series_status")?;
    Ok(InventoryNumber {
        id: row::parsed(row, "id")?,
        e164: row.try_get("e164")?,
        country: row.try_get("country")?,
        capabilities: capabilities(row)?,
        state: row::known(row, "state", NumberState::parse)?,
        series_id: row::parsed_opt(row, "series_id")?,
        series_status: series_status.as_deref().and_then(SeriesStatus::parse),
        kept_for: row::parsed_opt(row, "kept_for")?,
        kept_until: row.try_get("kept_until")?,
        created_at: row.try_get("created_at")?,
    })
}
