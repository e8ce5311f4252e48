//! SQL of series.

use std::collections::BTreeMap;

use sautikit_api::ids::SeriesId;
use sautikit_api::supply::NumberCounts;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{Series, Shown};
use crate::db::statements;
use crate::numbers::store::inventory::{capabilities, capabilities_text, price, prices_by};
use crate::numbers::{NumberPrice, NumberState, SeriesStatus};
use crate::row;

statements! {
    INSERT_SERIES = "
        insert into number_series (id, provider_id, country, prefix, first_suffix, last_suffix, trunk, capabilities,
            status, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    INSERT_SERIES_PRICE = "
        insert into series_prices (series_id, currency, monthly_price_minor, inbound_per_min_e4, outbound_per_min_e4,
            billing_minimum_seconds, billing_increment_seconds)
        values ($1, $2, $3, $4, $5, $6, $7)";
    DELETE_SERIES_PRICES = "
        delete from series_prices
        where series_id = $1";
    DELETE_NUMBER_PRICES = "
        delete from number_prices
        where number_id in (select id from numbers where series_id = $1)";
    /// Each number of the series costs what the series does.
    SPREAD_PRICES = "
        insert into number_prices (number_id, currency, monthly_price_minor, inbound_per_min_e4, outbound_per_min_e4,
            billing_minimum_seconds, billing_increment_seconds)
        select n.id, p.currency, p.monthly_price_minor, p.inbound_per_min_e4, p.outbound_per_min_e4,
            p.billing_minimum_seconds, p.billing_increment_seconds
        from numbers n
        join series_prices p on p.series_id = n.series_id
        where n.series_id = $1
        on conflict (number_id, currency) do nothing";
    SPREAD_CAPABILITIES = "
        update numbers
        set capabilities = $2
        where series_id = $1";
    RETIRE_FREE_NUMBERS = "
        update numbers
        set state = 'retired', kept_for = null, kept_until = null
        where series_id = $1 and state in ('available', 'reserved', 'cooling_off')";
    /// Of one length, so that numbers are in the order of their digits.
    FIND_WITHIN = "
        select e164, series_id
        from numbers
        where e164 >= $1 and e164 <= $2 and length(e164) = length($1)
        order by e164
        limit 1";
    LOCK_SERIES = "
        update number_series
        set status = status
        where id = $1";
    FIND_SERIES = "
        select *
        from number_series
        where id = $1";
    LIST_SERIES = "
        select s.*, p.name as provider_name
        from number_series s
        join providers p on p.id = s.provider_id
        where ($1 = '' or s.provider_id = $1) and ($2 = '' or s.country = $2) and ($3 = '' or s.status = $3)
            and ($4 = '' or s.id = $4)
            and (s.created_at, s.id) < ($5, $6)
        order by s.created_at desc, s.id desc
        limit $7";
    LIST_SERIES_PRICES = "
        select *
        from series_prices
        where series_id = $1
        order by currency";
    /// Of the series of one page.
    PRICES_BETWEEN = "
        select p.*
        from series_prices p
        join number_series s on s.id = p.series_id
        where (s.created_at, s.id) >= ($1, $2) and (s.created_at, s.id) <= ($3, $4)
        order by p.series_id, p.currency";
    COUNTS_BETWEEN = "
        select n.series_id, n.state, count(*) as numbers
        from numbers n
        join number_series s on s.id = n.series_id
        where (s.created_at, s.id) >= ($1, $2) and (s.created_at, s.id) <= ($3, $4)
        group by n.series_id, n.state";
    UPDATE_SERIES = "
        update number_series
        set status = $2, trunk = $3, capabilities = $4
        where id = $1";
}

pub(super) async fn insert(tx: &mut AnyConnection, series: &Series) -> Result<(), sqlx::Error> {
    sqlx::query(INSERT_SERIES)
        .bind(series.id.to_string())
        .bind(series.provider_id.to_string())
        .bind(series.country.clone())
        .bind(series.prefix.clone())
        .bind(series.first_suffix.clone())
        .bind(series.last_suffix.clone())
        .bind(series.trunk.clone())
        .bind(capabilities_text(&series.capabilities))
        .bind(series.status.as_str())
        .bind(series.created_at)
        .execute(tx)
        .await
        .map(drop)
}

pub(super) async fn insert_prices(
    tx: &mut AnyConnection,
    id: SeriesId,
    prices: &[NumberPrice],
) -> Result<(), sqlx::Error> {
    for price in prices {
        sqlx::query(INSERT_SERIES_PRICE)
            .bind(id.to_string())
            .bind(price.currency.code())
            .bind(price.monthly_price_minor)
            .bind(price.inbound_rate.per_minute_e4)
            .bind(price.outbound_rate.per_minute_e4)
            .bind(price.outbound_rate.minimum_seconds)
            .bind(price.outbound_rate.increment_seconds)
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

/// The series' numbers get its prices where they have none.
pub(super) async fn spread_prices(tx: &mut AnyConnection, id: SeriesId) -> Result<(), sqlx::Error> {
    sqlx::query(SPREAD_PRICES).bind(id.to_string()).execute(tx).await.map(drop)
}

/// These prices in place of the old ones, of the series and of its numbers.
pub(super) async fn replace_prices(
    tx: &mut AnyConnection,
    id: SeriesId,
    prices: &[NumberPrice],
) -> Result<(), sqlx::Error> {
    for statement in [DELETE_SERIES_PRICES, DELETE_NUMBER_PRICES] {
        sqlx::query(statement).bind(id.to_string()).execute(&mut *tx).await?;
    }
    insert_prices(tx, id, prices).await?;
    spread_prices(tx, id).await
}

pub(super) async fn spread_capabilities(tx: &mut AnyConnection, series: &Series) -> Result<(), sqlx::Error> {
    let query = sqlx::query(SPREAD_CAPABILITIES).bind(series.id.to_string());
    query.bind(capabilities_text(&series.capabilities)).execute(tx).await.map(drop)
}

pub(super) async fn retire_free_numbers(tx: &mut AnyConnection, id: SeriesId) -> Result<(), sqlx::Error> {
    sqlx::query(RETIRE_FREE_NUMBERS).bind(id.to_string()).execute(tx).await.map(drop)
}

/// The lowest number of the inventory within a range, with its series.
pub(super) async fn find_within(
    conn: &mut AnyConnection,
    first: &str,
    last: &str,
) -> Result<Option<(String, Option<SeriesId>)>, sqlx::Error> {
    let row = sqlx::query(FIND_WITHIN).bind(first.to_owned()).bind(last.to_owned()).fetch_optional(conn).await?;
    row.map(|row| Ok((row.try_get("e164")?, row::parsed_opt(&row, "series_id")?))).transpose()
}

/// Keeps others who lock it waiting until the transaction ends.
pub(super) async fn lock(tx: &mut AnyConnection, id: SeriesId) -> Result<(), sqlx::Error> {
    sqlx::query(LOCK_SERIES).bind(id.to_string()).execute(tx).await.map(drop)
}

pub(super) async fn find(conn: &mut AnyConnection, id: SeriesId) -> Result<Option<Series>, sqlx::Error> {
    let row = sqlx::query(FIND_SERIES).bind(id.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(series).transpose()
}

pub(super) async fn list_prices(conn: &mut AnyConnection, id: SeriesId) -> Result<Vec<NumberPrice>, sqlx::Error> {
    let rows = sqlx::query(LIST_SERIES_PRICES).bind(id.to_string()).fetch_all(conn).await?;
    rows.iter().map(price).collect()
}

/// Which series a list shows; empty text matches all.
#[derive(Default)]
pub(super) struct Filter {
    pub(super) provider_id: String,
    pub(super) country: String,
    pub(super) status: String,
    pub(super) id: String,
}

/// A page, the newest first.
pub(super) async fn list(
    conn: &mut AnyConnection,
    filter: &Filter,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<Shown>, sqlx::Error> {
    let rows = sqlx::query(LIST_SERIES)
        .bind(filter.provider_id.clone())
        .bind(filter.country.clone())
        .bind(filter.status.clone())
        .bind(filter.id.clone())
        .bind(before.0)
        .bind(before.1.to_owned())
        .bind(limit)
        .fetch_all(&mut *conn)
        .await?;
    let found = rows.iter().map(|row| Ok((series(row)?, row.try_get("provider_name")?)));
    let found: Vec<(Series, String)> = found.collect::<Result<_, sqlx::Error>>()?;
    let (Some((newest, _)), Some((oldest, _))) = (found.first(), found.last()) else { return Ok(Vec::new()) };
    let between = async |conn: &mut AnyConnection, statement: &'static str| {
        let query = sqlx::query(statement).bind(oldest.created_at).bind(oldest.id.to_string());
        query.bind(newest.created_at).bind(newest.id.to_string()).fetch_all(conn).await
    };
    let prices = between(conn, PRICES_BETWEEN).await?;
    let mut prices = prices_by(&prices, |row| row::parsed::<SeriesId>(row, "series_id"))?;
    let mut counts = counts(&between(conn, COUNTS_BETWEEN).await?)?;
    let shown = found.into_iter().map(|(series, provider_name)| Shown {
        prices: prices.remove(&series.id).unwrap_or_default(),
        numbers: counts.remove(&series.id).unwrap_or_default(),
        provider_name,
        series,
    });
    Ok(shown.collect())
}

pub(super) async fn update(tx: &mut AnyConnection, series: &Series) -> Result<(), sqlx::Error> {
    sqlx::query(UPDATE_SERIES)
        .bind(series.id.to_string())
        .bind(series.status.as_str())
        .bind(series.trunk.clone())
        .bind(capabilities_text(&series.capabilities))
        .execute(tx)
        .await
        .map(drop)
}

fn counts(rows: &[AnyRow]) -> Result<BTreeMap<SeriesId, NumberCounts>, sqlx::Error> {
    let mut counts: BTreeMap<SeriesId, NumberCounts> = BTreeMap::new();
    for row in rows {
        let of = counts.entry(row::parsed(row, "series_id")?).or_default();
        let place = match row::known(row, "state", NumberState::parse)? {
            NumberState::Available => &mut of.available,
            NumberState::Reserved => &mut of.reserved,
            NumberState::Assigned => &mut of.assigned,
            NumberState::CoolingOff => &mut of.cooling_off,
            NumberState::Retired => &mut of.retired,
        };
        *place = row.try_get("numbers")?;
    }
    Ok(counts)
}

fn series(row: &AnyRow) -> Result<Series, sqlx::Error> {
    Ok(Series {
        id: row::parsed(row, "id")?,
        provider_id: row::parsed(row, "provider_id")?,
        country: row.try_get("country")?,
        prefix: row.try_get("prefix")?,
        first_suffix: row.try_get("first_suffix")?,
        last_suffix: row.try_get("last_suffix")?,
        trunk: row.try_get("trunk")?,
        capabilities: capabilities(row)?,
        status: row::known(row, "status", SeriesStatus::parse)?,
        created_at: row.try_get("created_at")?,
    })
}
