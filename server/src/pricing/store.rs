//! SQL of prices.

use sautikit_api::ids::{PriceId, WorkspaceId};
use sautikit_api::money::Currency;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::db::batch::Batch;
use crate::db::rows::{Cell, Column, Rows, Tells};
use crate::db::{Dialect, statements};
use crate::rating::Rate;
use crate::row;

use Column::{Int, Text};

statements! {
    LIST_PRICES = "
        select *
        from destination_prices";
    REVISION = "
        select revision
        from price_list_revision";
    /// Whoever changes prices waits here for who else does.
    LOCK_LIST = "
        update price_list_revision
        set revision = revision";
    FIND_PRICE = "
        select *
        from destination_prices
        where id = $1";
    LIST_OF_PREFIX = "
        select *
        from destination_prices
        where currency = $1 and prefix = $2";
    PAGE_PRICES = "
        select *
        from destination_prices
        where ($1 = '' or prefix like $1 || '%') and ($2 = '' or currency = $2) and ($3 = '' or workspace_id = $3)
            and ($4 = 0 or (valid_from <= $4 and (valid_until is null or valid_until > $4)))
            and (created_at, id) < ($5, $6)
        order by created_at desc, id desc
        limit $7";
    DELETE_PRICE = "
        delete from destination_prices
        where id = $1";
}

static END_PRICES: Rows = Rows::new(
    "END_PRICES",
    8,
    Tells::Nothing,
    "update destination_prices
    set valid_until = v.column2
    from {rows} as v
    where destination_prices.id = v.column1",
    &[Text, Int],
);
static INSERT_PRICES: Rows = Rows::new(
    "INSERT_PRICES",
    8,
    Tells::Nothing,
    "insert into destination_prices (id, workspace_id, currency, prefix, per_min_e4, billing_minimum_seconds,
        billing_increment_seconds, valid_from, valid_until, created_at)
    select {columns}
    from {rows} as v
    where v.column1 is not null",
    &[Text, Text, Text, Text, Int, Int, Int, Int, Int, Int],
);
/// A price list in few messages.
pub(crate) static WRITE: Batch = Batch::new("PRICES", &[&END_PRICES, &INSERT_PRICES]);

/// A price as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PriceRow {
    pub(super) id: PriceId,
    pub(super) workspace_id: Option<WorkspaceId>,
    pub(super) currency: Currency,
    pub(super) prefix: String,
    pub(super) rate: Rate,
    pub(super) valid_from: i64,
    pub(super) valid_until: Option<i64>,
    pub(super) created_at: i64,
}

impl PriceRow {
    /// Whether it is in force then; of several the newest counts.
    pub(super) fn counts_at(&self, at_us: i64) -> bool {
        self.valid_from <= at_us && self.valid_until.is_none_or(|until| until > at_us)
    }
}

pub(super) async fn list_prices(conn: &mut AnyConnection) -> Result<Vec<PriceRow>, sqlx::Error> {
    sqlx::query(LIST_PRICES).fetch_all(conn).await?.iter().map(price).collect()
}

pub(super) async fn revision(conn: &mut AnyConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(REVISION).fetch_one(conn).await
}

/// Keeps others who change prices waiting until the transaction ends.
pub(super) async fn lock(tx: &mut AnyConnection) -> Result<(), sqlx::Error> {
    sqlx::query(LOCK_LIST).execute(tx).await.map(drop)
}

pub(super) async fn find(conn: &mut AnyConnection, id: PriceId) -> Result<Option<PriceRow>, sqlx::Error> {
    sqlx::query(FIND_PRICE).bind(id.to_string()).fetch_optional(conn).await?.as_ref().map(price).transpose()
}

/// All prices of one prefix, whosever they are.
pub(super) async fn list_of_prefix(
    conn: &mut AnyConnection,
    currency: Currency,
    prefix: &str,
) -> Result<Vec<PriceRow>, sqlx::Error> {
    let query = sqlx::query(LIST_OF_PREFIX).bind(currency.code()).bind(prefix.to_owned());
    query.fetch_all(conn).await?.iter().map(price).collect()
}

/// Which prices a list shows; empty text and 0 match all.
pub(super) struct Filter {
    pub(super) prefix: String,
    pub(super) currency: String,
    pub(super) workspace_id: String,
    /// In force then: microseconds UTC.
    pub(super) at_us: i64,
}

/// A page, the newest first.
pub(super) async fn page(
    conn: &mut AnyConnection,
    filter: &Filter,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<PriceRow>, sqlx::Error> {
    let rows = sqlx::query(PAGE_PRICES)
        .bind(filter.prefix.clone())
        .bind(filter.currency.clone())
        .bind(filter.workspace_id.clone())
        .bind(filter.at_us)
        .bind(before.0)
        .bind(before.1.to_owned())
        .bind(limit)
        .fetch_all(conn)
        .await?;
    rows.iter().map(price).collect()
}

/// Ends prices at their moments and adds others.
pub(super) async fn write(
    tx: &mut AnyConnection,
    dialect: Dialect,
    ended: &[(PriceId, i64)],
    added: &[PriceRow],
) -> Result<(), sqlx::Error> {
    let ended = END_PRICES.with(ended.iter().flat_map(|(id, at)| [Cell::from(id.to_string()), (*at).into()]));
    let added = INSERT_PRICES.with(added.iter().flat_map(|price| {
        [
            Cell::from(price.id.to_string()),
            price.workspace_id.map(|id| id.to_string()).into(),
            price.currency.code().into(),
            price.prefix.as_str().into(),
            price.rate.per_minute_e4.into(),
            price.rate.minimum_seconds.into(),
            price.rate.increment_seconds.into(),
            price.valid_from.into(),
            price.valid_until.into(),
            price.created_at.into(),
        ]
    }));
    WRITE.run(tx, dialect, vec![ended, added]).await.map(drop)
}

/// Removes a price that was never in force.
pub(super) async fn delete(tx: &mut AnyConnection, id: PriceId) -> Result<(), sqlx::Error> {
    sqlx::query(DELETE_PRICE).bind(id.to_string()).execute(tx).await.map(drop)
}

fn price(row: &AnyRow) -> Result<PriceRow, sqlx::Error> {
    Ok(PriceRow {
        id: row::parsed(row, "id")?,
        workspace_id: row::parsed_opt(row, "workspace_id")?,
        currency: row::known(row, "currency", Currency::parse)?,
        prefix: row.try_get("prefix")?,
        rate: Rate {
            per_minute_e4: row.try_get("per_min_e4")?,
            minimum_seconds: row.try_get("billing_minimum_seconds")?,
            increment_seconds: row.try_get("billing_increment_seconds")?,
        },
        valid_from: row.try_get("valid_from")?,
        valid_until: row.try_get("valid_until")?,
        created_at: row.try_get("created_at")?,
    })
}
