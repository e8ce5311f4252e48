//! SQL of wallets and their ledger for many calls at once: what a flush of the record writer moves.

use sautikit_api::ids::{LedgerEntryId, WorkspaceId};
use sqlx::{AnyConnection, Row};

use super::head;
use crate::db::Dialect;
use crate::db::rows::{Cell, Column, Rows};
use crate::row;
use crate::wallet::LockedWallet;
use crate::wallet::chain::Link;

use Column::{Int, Text};

/// Takes the rows' locks on both engines, before anything is decided.
static LOCK_WALLETS: Rows = Rows::new(
    "LOCK_WALLETS",
    "update wallets set seq = seq + 0
    where workspace_id in (select v.column1 from {rows} as v)
    returning workspace_id, currency, zone, balance_minor, held_minor, low_balance_threshold_minor, overdraft_policy,
        seq, head_hash, last_entry_at",
    &[Text],
);
static HOLDS_OF_NODE: Rows = Rows::new(
    "HOLDS_OF_NODE",
    "select h.workspace_id, h.held_minor
    from {rows} as v
    join wallet_holds h on h.workspace_id = v.column1 and h.node_id = v.column2",
    &[Text, Text],
);
static ENTRIES_OF_CAUSES: Rows = Rows::new(
    "ENTRIES_OF_CAUSES",
    "select e.cause, e.id
    from {rows} as v
    join wallet_ledger e on e.cause = v.column1",
    &[Text],
);
static INSERT_ENTRIES: Rows = Rows::new(
    "INSERT_ENTRIES",
    "insert into wallet_ledger (id, workspace_id, seq, kind, amount_minor, tax_minor, balance_after_minor, cause,
        reference, created_at, key_id, prev_hash, hash)
    select {columns}
    from {rows} as v
    where v.column1 is not null",
    &[Text, Text, Int, Text, Int, Int, Int, Text, Text, Int, Text, Text, Text],
);
/// Guarded by the sequence that was read under the lock.
static ADVANCE_WALLETS: Rows = Rows::new(
    "ADVANCE_WALLETS",
    "update wallets
    set balance_minor = v.column3, held_minor = v.column4, seq = v.column5, head_hash = v.column6,
        last_entry_at = v.column7
    from {rows} as v
    where wallets.workspace_id = v.column1 and wallets.seq = v.column2",
    &[Text, Int, Int, Int, Int, Text, Int],
);
static UPSERT_HOLDS: Rows = Rows::new(
    "UPSERT_HOLDS",
    "insert into wallet_holds (workspace_id, node_id, held_minor)
    select {columns}
    from {rows} as v
    where v.column1 is not null
    on conflict (node_id, workspace_id) do update set held_minor = excluded.held_minor",
    &[Text, Text, Int],
);

/// Statements for many rows of this store.
pub(crate) static ROWS: &[&Rows] =
    &[&LOCK_WALLETS, &HOLDS_OF_NODE, &ENTRIES_OF_CAUSES, &INSERT_ENTRIES, &ADVANCE_WALLETS, &UPSERT_HOLDS];

fn workspace_cells(workspaces: &[WorkspaceId]) -> impl Iterator<Item = Cell> {
    workspaces.iter().map(|id| id.to_string().into())
}

/// Locks the wallets that exist of those asked for.
pub(in crate::wallet) async fn lock_wallets(
    tx: &mut AnyConnection,
    dialect: Dialect,
    workspaces: &[WorkspaceId],
) -> Result<Vec<LockedWallet>, sqlx::Error> {
    let rows = LOCK_WALLETS.fetch(tx, dialect, workspace_cells(workspaces).collect()).await?;
    rows.iter().map(head).collect()
}

/// What the node's calls hold of each, in minor units; workspaces of which they hold nothing may be absent.
pub(in crate::wallet) async fn holds_of_node(
    tx: &mut AnyConnection,
    dialect: Dialect,
    node_id: &str,
    workspaces: &[WorkspaceId],
) -> Result<Vec<(WorkspaceId, i64)>, sqlx::Error> {
    let cells = workspace_cells(workspaces).flat_map(|workspace| [workspace, node_id.into()]).collect();
    let rows = HOLDS_OF_NODE.fetch(tx, dialect, cells).await?;
    rows.iter().map(|row| Ok((row::parsed(row, "workspace_id")?, row.try_get("held_minor")?))).collect()
}

/// The entries that were posted for any of the causes before.
pub(in crate::wallet) async fn entries_of_causes(
    tx: &mut AnyConnection,
    dialect: Dialect,
    causes: impl Iterator<Item = String>,
) -> Result<Vec<(String, LedgerEntryId)>, sqlx::Error> {
    let rows = ENTRIES_OF_CAUSES.fetch(tx, dialect, causes.map(Cell::from).collect()).await?;
    rows.iter().map(|row| Ok((row.try_get("cause")?, row::parsed(row, "id")?))).collect()
}

/// The cells of an entry, for [`insert_entries`].
pub(in crate::wallet) fn entry_cells(link: &Link<'_>, hash: &str) -> [Cell; 13] {
    [
        link.id.into(),
        link.workspace_id.into(),
        link.seq.into(),
        link.kind.into(),
        link.amount_minor.into(),
        link.tax_minor.into(),
        link.balance_after_minor.into(),
        link.cause.into(),
        link.reference.into(),
        link.created_at.into(),
        link.key_id.into(),
        link.prev_hash.into(),
        hash.into(),
    ]
}

/// Writes entries made of [`entry_cells`].
pub(in crate::wallet) async fn insert_entries(
    tx: &mut AnyConnection,
    dialect: Dialect,
    cells: Vec<Cell>,
) -> Result<(), sqlx::Error> {
    INSERT_ENTRIES.execute(tx, dialect, cells).await.map(drop)
}

/// Writes wallets as they stand now; beside each the sequence that it was locked at.
pub(in crate::wallet) async fn advance_wallets(
    tx: &mut AnyConnection,
    dialect: Dialect,
    wallets: &[(LockedWallet, i64)],
) -> Result<(), sqlx::Error> {
    let cells = wallets.iter().flat_map(|(wallet, locked_seq)| {
        [
            Cell::from(wallet.wallet.workspace_id.to_string()),
            (*locked_seq).into(),
            wallet.wallet.balance_minor.into(),
            wallet.wallet.held_minor.into(),
            wallet.seq.into(),
            wallet.head_hash.as_str().into(),
            wallet.last_entry_at.into(),
        ]
    });
    let done = ADVANCE_WALLETS.execute(tx, dialect, cells.collect()).await?;
    if done == wallets.len() as u64 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}

/// Writes what the node's calls hold now.
pub(in crate::wallet) async fn upsert_holds(
    tx: &mut AnyConnection,
    dialect: Dialect,
    node_id: &str,
    holds: &[(WorkspaceId, i64)],
) -> Result<(), sqlx::Error> {
    let cells = holds
        .iter()
        .flat_map(|(workspace, held_minor)| [Cell::from(workspace.to_string()), node_id.into(), (*held_minor).into()]);
    UPSERT_HOLDS.execute(tx, dialect, cells.collect()).await.map(drop)
}
