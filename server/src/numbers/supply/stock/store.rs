//! SQL of the operators' view of the inventory.

use sautikit_api::ids::{InventoryNumberId, WorkspaceId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::Stocked;
use crate::db::statements;
use crate::numbers::NumberState;
use crate::numbers::store::inventory::number;
use crate::row;

statements! {
    LIST_STOCK = "
        select n.*, s.status as series_status, t.id as tenant_number_id, w.id as workspace_id, w.name as workspace_name
        from numbers n
        left join number_series s on s.id = n.series_id
        left join tenant_numbers t on t.number_id = n.id and t.status <> 'released'
        left join workspaces w on w.id = coalesce(t.workspace_id, n.kept_for)
        where ($1 = '' or n.state = $1) and ($2 = '' or n.series_id = $2) and ($3 = '' or n.country = $3)
            and ($4 = '' or n.e164 like '%' || $4 || '%')
            and ($5 = '' or w.id = $5)
            and ($6 = '' or n.id = $6)
            and n.e164 > $7
        order by n.e164
        limit $8";
    SET_STATE = "
        update numbers
        set state = $2, kept_for = $3, kept_until = null
        where id = $1 and state in ('available', 'reserved', 'cooling_off')";
}

/// Which numbers a list shows; empty text matches all.
#[derive(Default)]
pub(super) struct Filter {
    pub(super) state: String,
    pub(super) series_id: String,
    pub(super) country: String,
    pub(super) contains: String,
    pub(super) workspace_id: String,
    pub(super) id: String,
}

/// A page by number, upwards, after that one.
pub(super) async fn list(
    conn: &mut AnyConnection,
    filter: &Filter,
    after_e164: &str,
    limit: i64,
) -> Result<Vec<Stocked>, sqlx::Error> {
    let rows = sqlx::query(LIST_STOCK)
        .bind(filter.state.clone())
        .bind(filter.series_id.clone())
        .bind(filter.country.clone())
        .bind(filter.contains.clone())
        .bind(filter.workspace_id.clone())
        .bind(filter.id.clone())
        .bind(after_e164.to_owned())
        .bind(limit)
        .fetch_all(conn)
        .await?;
    rows.iter().map(stocked).collect()
}

/// False when the number is claimed or withdrawn.
pub(super) async fn set_state(
    tx: &mut AnyConnection,
    id: InventoryNumberId,
    state: NumberState,
    kept_for: Option<WorkspaceId>,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(SET_STATE).bind(id.to_string()).bind(state.as_str());
    let done = query.bind(kept_for.map(|id| id.to_string())).execute(tx).await?;
    Ok(done.rows_affected() == 1)
}

fn stocked(row: &AnyRow) -> Result<Stocked, sqlx::Error> {
    let workspace_id: Option<WorkspaceId> = row::parsed_opt(row, "workspace_id")?;
    let name: Option<String> = row.try_get("workspace_name")?;
    Ok(Stocked {
        number: number(row)?,
        workspace: workspace_id.map(|id| (id, name.unwrap_or_default())),
        tenant_number_id: row::parsed_opt(row, "tenant_number_id")?,
    })
}
