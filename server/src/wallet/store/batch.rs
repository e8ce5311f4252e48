//! SQL of wallets and their ledger for many calls at once: what a flush of the record writer asks and moves.

use sautikit_api::ids::{LedgerEntryId, WorkspaceId};
use sautikit_api::money::Currency;
use serde::Deserialize;

use crate::db::batch::Told;
use crate::db::rows::{Cell, Column, Filled, Rows, Tells};
use crate::wallet::chain::Link;
use crate::wallet::{LockedWallet, OverdraftPolicy, Spend, Wallet};

use Column::{Int, Text};

/// Takes the rows' locks on both engines, before anything is decided.
pub(in crate::wallet) static LOCK_WALLETS: Rows = Rows::new(
    "LOCK_WALLETS",
    1,
    Tells::Answers,
    "update wallets
    set seq = seq + 0
    from {rows} as v
    where {by_key: wallets.workspace_id}
    returning {answer: workspace_id, currency, zone, country, balance_minor, held_minor, low_balance_threshold_minor,
        overdraft_policy, overdraft_floor_minor, spend_limit_minor, spend_ceiling_minor, spent_minor, spent_until, seq,
        head_hash, last_entry_at}",
    &[Text],
);
pub(in crate::wallet) static HOLDS_OF_NODE: Rows = Rows::new(
    "HOLDS_OF_NODE",
    1,
    Tells::Answers,
    "select {answer: h.workspace_id, h.held_minor}
    from {rows} as v
    join wallet_holds h on h.workspace_id = v.column1 and h.node_id = v.column2",
    &[Text, Text],
);
pub(in crate::wallet) static ENTRIES_OF_CAUSES: Rows = Rows::new(
    "ENTRIES_OF_CAUSES",
    1,
    Tells::Answers,
    "select {answer: wallet_ledger.cause, wallet_ledger.id}
    from {rows} as v
    join wallet_ledger on {by_key: wallet_ledger.cause}",
    &[Text],
);
pub(in crate::wallet) static INSERT_LEDGER_ENTRIES: Rows = Rows::new(
    "INSERT_LEDGER_ENTRIES",
    1,
    Tells::Nothing,
    "insert into wallet_ledger (id, workspace_id, seq, kind, amount_minor, tax_minor, balance_after_minor, cause,
        reference, created_at, key_id, prev_hash, hash)
    select {columns}
    from {rows} as v
    where v.column1 is not null",
    &[Text, Text, Int, Text, Int, Int, Int, Text, Text, Int, Text, Text, Text],
);
/// Guarded by the sequence that was read under the lock, and by what the node held: that was read without a lock, and is
/// written under the wallet's alone.
pub(in crate::wallet) static ADVANCE_WALLETS: Rows = Rows::new(
    "ADVANCE_WALLETS",
    1,
    Tells::Changes,
    "update wallets
    set balance_minor = v.column3, held_minor = v.column4, seq = v.column5, head_hash = v.column6,
        last_entry_at = v.column7, spent_minor = v.column10, spent_until = v.column11
    from {rows} as v
    where {by_key: wallets.workspace_id} and wallets.seq = v.column2
        and v.column9 = coalesce((select h.held_minor from wallet_holds h
            where h.workspace_id = v.column1 and h.node_id = v.column8), 0)",
    &[Text, Int, Int, Int, Int, Text, Int, Text, Int, Int, Int],
);
pub(in crate::wallet) static UPSERT_HOLDS: Rows = Rows::new(
    "UPSERT_HOLDS",
    1,
    Tells::Nothing,
    "insert into wallet_holds (workspace_id, node_id, held_minor)
    select {columns}
    from {rows} as v
    where v.column1 is not null
    on conflict (node_id, workspace_id) do update set held_minor = excluded.held_minor",
    &[Text, Text, Int],
);

/// What a wallet that is locked tells, in this order.
#[derive(Deserialize)]
struct Head {
    workspace_id: WorkspaceId,
    currency: String,
    zone: String,
    country: String,
    balance_minor: i64,
    held_minor: i64,
    low_balance_threshold_minor: Option<i64>,
    policy: String,
    floor_minor: Option<i64>,
    spend_limit_minor: Option<i64>,
    spend_ceiling_minor: Option<i64>,
    spent_minor: i64,
    spent_until_us: i64,
    seq: i64,
    head_hash: String,
    last_entry_at: i64,
}

fn of_workspaces(statement: &'static Rows, workspaces: &[WorkspaceId]) -> Filled {
    statement.with(workspaces.iter().map(|id| id.to_string().into()))
}

/// Locks the wallets that exist of those asked for.
pub(in crate::wallet) fn lock_wallets(workspaces: &[WorkspaceId]) -> Filled {
    of_workspaces(&LOCK_WALLETS, workspaces)
}

/// The wallets that were locked.
pub(in crate::wallet) fn locked_wallets(told: &Told) -> Result<Vec<LockedWallet>, sqlx::Error> {
    let unknown = |name: String| sqlx::Error::Decode(format!("a wallet has the unknown {name}").into());
    let heads: Vec<Head> = told.answers(&LOCK_WALLETS)?;
    let wallet = |head: Head| {
        Ok(LockedWallet {
            wallet: Wallet {
                workspace_id: head.workspace_id,
                currency: Currency::parse(&head.currency).ok_or_else(|| unknown(head.currency))?,
                zone: head.zone,
                country: head.country,
                balance_minor: head.balance_minor,
                held_minor: head.held_minor,
                low_balance_threshold_minor: head.low_balance_threshold_minor,
                overdraft_policy: OverdraftPolicy::parse(&head.policy).ok_or_else(|| unknown(head.policy))?,
                overdraft_floor_minor: head.floor_minor,
                spend: Spend {
                    limit_minor: head.spend_limit_minor,
                    ceiling_minor: head.spend_ceiling_minor,
                    spent_minor: head.spent_minor,
                    until_us: head.spent_until_us,
                },
            },
            seq: head.seq,
            head_hash: head.head_hash,
            last_entry_at: head.last_entry_at,
        })
    };
    heads.into_iter().map(wallet).collect()
}

/// Asks what the node's calls hold of each.
pub(in crate::wallet) fn ask_holds(node_id: &str, workspaces: &[WorkspaceId]) -> Filled {
    HOLDS_OF_NODE.with(workspaces.iter().flat_map(|id| [Cell::from(id.to_string()), node_id.into()]))
}

/// What the node's calls hold of each, in minor units; workspaces of which they hold nothing may be absent.
pub(in crate::wallet) fn holds_of_node(told: &Told) -> Result<Vec<(WorkspaceId, i64)>, sqlx::Error> {
    told.answers(&HOLDS_OF_NODE)
}

/// Asks which entries were posted for any of the causes before.
pub(in crate::wallet) fn ask_causes(causes: impl Iterator<Item = String>) -> Filled {
    ENTRIES_OF_CAUSES.with(causes.map(Cell::from))
}

/// The entries that were posted for any of the causes before.
pub(in crate::wallet) fn entries_of_causes(told: &Told) -> Result<Vec<(String, LedgerEntryId)>, sqlx::Error> {
    told.answers(&ENTRIES_OF_CAUSES)
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
pub(in crate::wallet) fn insert_entries(cells: Vec<Cell>) -> Filled {
    INSERT_LEDGER_ENTRIES.with(cells)
}

/// A wallet as it is to be written.
pub(in crate::wallet) struct Advanced {
    /// As it stands now.
    pub(in crate::wallet) wallet: LockedWallet,
    /// The sequence that it was locked at.
    pub(in crate::wallet) locked_seq: i64,
    /// What this node held of it, in minor units.
    pub(in crate::wallet) held_before_minor: i64,
    /// What it holds now.
    pub(in crate::wallet) held_minor: i64,
}

/// Writes wallets and what the node's calls hold of them as they stand now.
pub(in crate::wallet) fn advance_wallets(node_id: &str, wallets: &[Advanced]) -> [Filled; 2] {
    let rows = wallets.iter().flat_map(|one| {
        let wallet = &one.wallet;
        [
            Cell::from(wallet.wallet.workspace_id.to_string()),
            one.locked_seq.into(),
            wallet.wallet.balance_minor.into(),
            wallet.wallet.held_minor.into(),
            wallet.seq.into(),
            wallet.head_hash.as_str().into(),
            wallet.last_entry_at.into(),
            node_id.into(),
            one.held_before_minor.into(),
            wallet.wallet.spend.spent_minor.into(),
            wallet.wallet.spend.until_us.into(),
        ]
    });
    let holds = wallets.iter().flat_map(|one| {
        [Cell::from(one.wallet.wallet.workspace_id.to_string()), node_id.into(), one.held_minor.into()]
    });
    [ADVANCE_WALLETS.with(rows), UPSERT_HOLDS.with(holds)]
}

/// How many wallets were written.
pub(in crate::wallet) fn advanced(told: &Told) -> u64 {
    told.changes(&ADVANCE_WALLETS)
}
