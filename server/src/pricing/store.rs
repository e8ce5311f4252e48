//! SQL of prices.

use sautikit_api::ids::WorkspaceId;
use sautikit_api::money::Currency;
use sqlx::{AnyConnection, Row};

use crate::calls::Rate;
use crate::statements::statements;

statements! {
    /// A workspace's own rate goes before the price list, then the longer prefix, then the newer price.
    LONGEST_PREFIX = "
        select per_min_e4, billing_increment_seconds
        from destination_prices
        where currency = $1
            and (workspace_id is null or workspace_id = $2)
            and $3 like prefix || '%'
            and valid_from <= $4 and (valid_until is null or valid_until > $4)
        order by case when workspace_id is null then 1 else 0 end, length(prefix) desc, valid_from desc
        limit 1";
}

pub(super) async fn longest_prefix(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    currency: Currency,
    digits: &str,
    now_us: i64,
) -> Result<Option<Rate>, sqlx::Error> {
    let query = sqlx::query(LONGEST_PREFIX)
        .bind(currency.code())
        .bind(workspace_id.to_string())
        .bind(digits.to_owned())
        .bind(now_us);
    let row = query.fetch_optional(conn).await?;
    row.map(|row| {
        Ok(Rate {
            per_minute_e4: row.try_get("per_min_e4")?,
            increment_seconds: row.try_get("billing_increment_seconds")?,
        })
    })
    .transpose()
}
