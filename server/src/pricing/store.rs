//! SQL of prices.

use sautikit_api::ids::WorkspaceId;
use sautikit_api::money::Currency;
use sqlx::{AnyConnection, Row};

use crate::db::statements;
use crate::rating::Rate;
use crate::row;

statements! {
    LIST_PRICES = "
        select workspace_id, currency, prefix, per_min_e4, billing_increment_seconds, valid_from, valid_until
        from destination_prices";
    REVISION = "
        select revision
        from price_list_revision";
}

/// A price as it is stored.
pub(super) struct PriceRow {
    pub(super) workspace_id: Option<WorkspaceId>,
    pub(super) currency: Currency,
    pub(super) prefix: String,
    pub(super) rate: Rate,
    pub(super) valid_from: i64,
    pub(super) valid_until: Option<i64>,
}

pub(super) async fn list_prices(conn: &mut AnyConnection) -> Result<Vec<PriceRow>, sqlx::Error> {
    let rows = sqlx::query(LIST_PRICES).fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            Ok(PriceRow {
                workspace_id: row::parsed_opt(row, "workspace_id")?,
                currency: row::known(row, "currency", Currency::parse)?,
                prefix: row.try_get("prefix")?,
                rate: Rate {
                    per_minute_e4: row.try_get("per_min_e4")?,
                    increment_seconds: row.try_get("billing_increment_seconds")?,
                },
                valid_from: row.try_get("valid_from")?,
                valid_until: row.try_get("valid_until")?,
            })
        })
        .collect()
}

pub(super) async fn revision(conn: &mut AnyConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(REVISION).fetch_one(conn).await
}
