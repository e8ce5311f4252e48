//! SQL of `ledger verify`: the chain in order, and the cross-checks between entries and what caused them.

use sautikit_api::ids::WorkspaceId;
use sqlx::{AnyConnection, Row};

use crate::db::statements;
use crate::row;

statements! {
    WALLET_HEADS = "
        select workspace_id, balance_minor, seq, head_hash
        from wallets
        where workspace_id > $1
        order by workspace_id
        limit $2";
    CHAIN_ROWS = "
        select id, seq, kind, amount_minor, tax_minor, balance_after_minor, cause, reference, created_at, key_id,
            prev_hash, hash
        from wallet_ledger
        where workspace_id = $1 and seq > $2 and seq <= $3
        order by seq
        limit $4";
    COUNT_STAMPS = "
        select (select count(*) from calls where ledger_entry_id is not null)
            + (select count(*) from top_ups where ledger_entry_id is not null)
            + (select count(*) from tenant_numbers where ledger_entry_id is not null)
            + (select count(*) from provider_reversals)
            + (select count(*) from wallet_adjustments)";
    CAUSES_TWICE = "
        select count(*)
        from (select cause from wallet_ledger group by cause having count(*) > 1) as twice";
    CALLS_MISMATCHED = "
        select count(*)
        from calls c
        left join wallet_ledger e on e.id = c.ledger_entry_id
        where c.ledger_entry_id is not null
            and (e.id is null or e.cause <> 'call:' || c.id or e.amount_minor <> -c.cost_minor
                or e.workspace_id <> c.workspace_id)";
    CALLS_UNPAID = "
        select count(*)
        from calls
        where cost_minor > 0 and ledger_entry_id is null";
    CALLS_UNBILLED = "
        select count(*)
        from calls
        where ended_at is not null and cost_minor is null";
    CALLS_BILLED_UNANSWERED = "
        select count(*)
        from calls
        where status <> 'completed' and coalesce(cost_minor, 0) <> 0";
    LEGS_BEYOND_THEIR_CALL = "
        select count(*)
        from call_legs l
        join calls c on c.id = l.call_id
        where c.ended_at is not null and l.ended_at > c.ended_at and l.cost_minor > 0";
    HOLDS_MISMATCHED = "
        select count(*)
        from wallets w
        where w.held_minor <> (
            select coalesce(sum(h.held_minor), 0) from wallet_holds h where h.workspace_id = w.workspace_id)";
    CALL_ENTRIES_ORPHANED = "
        select count(*)
        from wallet_ledger e
        left join calls c on c.ledger_entry_id = e.id
        where e.kind = 'call' and c.id is null";
    LEGS_MISMATCHED = "
        select count(*)
        from calls c
        where c.cost_minor is not null
            and c.cost_minor <> (select coalesce(sum(l.cost_minor), 0) from call_legs l where l.call_id = c.id)";
    TOP_UPS_MISMATCHED = "
        select count(*)
        from top_ups t
        left join wallet_ledger e on e.id = t.ledger_entry_id
        where t.status = 'succeeded'
            and (e.id is null or e.cause <> 'topup:' || t.id or e.amount_minor <> t.amount_minor
                or e.workspace_id <> t.workspace_id)";
    TOP_UP_ENTRIES_ORPHANED = "
        select count(*)
        from wallet_ledger e
        left join top_ups t on t.ledger_entry_id = e.id
        where e.kind = 'top_up' and t.id is null";
    REVERSALS_MISMATCHED = "
        select count(*)
        from provider_reversals r
        left join wallet_ledger e on e.id = r.ledger_entry_id
        where e.id is null or e.cause <> r.cause or e.amount_minor <> r.amount_minor or e.workspace_id <> r.workspace_id";
    REVERSAL_ENTRIES_ORPHANED = "
        select count(*)
        from wallet_ledger e
        left join provider_reversals r on r.ledger_entry_id = e.id
        where e.kind = 'reversal' and r.id is null";
    TOP_UPS_OVERDRAWN_BY_REVERSALS = "
        select count(*)
        from top_ups t
        where t.amount_minor + (
            select coalesce(sum(r.amount_minor), 0) from provider_reversals r where r.top_up_id = t.id) < 0";
    PAYMENTS_MISMATCHED = "
        select count(*)
        from incoming_payments p
        left join top_ups t on t.id = p.top_up_id
        where p.status = 'credited'
            and (t.id is null or t.status <> 'succeeded' or t.receipt is null or t.receipt <> p.receipt
                or t.amount_minor <> p.amount_minor)";
    ADJUSTMENTS_MISMATCHED = "
        select count(*)
        from wallet_adjustments a
        left join wallet_ledger e on e.id = a.ledger_entry_id
        where e.id is null or e.cause <> 'adjustment:' || a.id or e.amount_minor <> a.amount_minor
            or e.workspace_id <> a.workspace_id";
    ADJUSTMENT_ENTRIES_ORPHANED = "
        select count(*)
        from wallet_ledger e
        left join wallet_adjustments a on a.ledger_entry_id = e.id
        where e.kind = 'adjustment' and a.id is null";
    RENTALS_MISMATCHED = "
        select count(*)
        from tenant_numbers n
        left join wallet_ledger e on e.id = n.ledger_entry_id
        where n.ledger_entry_id is not null
            and (e.id is null or e.kind <> 'rental' or e.workspace_id <> n.workspace_id)";
}

/// Counts the rows that name an entry.
pub(crate) const COUNT_STAMPS_SQL: &str = COUNT_STAMPS;

/// What must be zero, with the words for when it is not.
pub(crate) const CROSS_CHECKS: &[(&str, &str)] = &[
    ("cause with more than one entry", CAUSES_TWICE),
    ("call whose entry has another cause, amount or wallet", CALLS_MISMATCHED),
    ("call with a cost but no entry", CALLS_UNPAID),
    ("ended call without a bill", CALLS_UNBILLED),
    ("call that was not completed and costs something", CALLS_BILLED_UNANSWERED),
    ("leg that is billed beyond the end of its call", LEGS_BEYOND_THEIR_CALL),
    ("wallet whose holds do not sum to what it shows as held", HOLDS_MISMATCHED),
    ("call entry without its call", CALL_ENTRIES_ORPHANED),
    ("call whose legs do not sum to its cost", LEGS_MISMATCHED),
    ("succeeded top-up whose entry has another cause, amount or wallet", TOP_UPS_MISMATCHED),
    ("top-up entry without its top-up", TOP_UP_ENTRIES_ORPHANED),
    ("reversal whose entry has another cause, amount or wallet", REVERSALS_MISMATCHED),
    ("reversal entry without its reversal", REVERSAL_ENTRIES_ORPHANED),
    ("top-up of which more was taken back than came", TOP_UPS_OVERDRAWN_BY_REVERSALS),
    ("adjustment whose entry has another cause, amount or wallet", ADJUSTMENTS_MISMATCHED),
    ("adjustment entry without its adjustment", ADJUSTMENT_ENTRIES_ORPHANED),
    ("credited payment whose top-up has another receipt or amount", PAYMENTS_MISMATCHED),
    ("number whose rental entry is missing or another wallet's", RENTALS_MISMATCHED),
];

/// A wallet's figures at one moment.
pub(crate) struct WalletHead {
    pub(crate) workspace_id: WorkspaceId,
    pub(crate) balance_minor: i64,
    pub(crate) seq: i64,
    pub(crate) head_hash: String,
}

/// An entry with its chain columns.
pub(crate) struct ChainRow {
    pub(crate) id: String,
    pub(crate) seq: i64,
    pub(crate) kind: String,
    pub(crate) amount_minor: i64,
    pub(crate) tax_minor: i64,
    pub(crate) balance_after_minor: i64,
    pub(crate) cause: String,
    pub(crate) reference: String,
    pub(crate) created_at: i64,
    pub(crate) key_id: String,
    pub(crate) prev_hash: String,
    pub(crate) hash: String,
}

pub(crate) async fn wallet_heads(
    conn: &mut AnyConnection,
    after: &str,
    limit: i64,
) -> Result<Vec<WalletHead>, sqlx::Error> {
    let rows = sqlx::query(WALLET_HEADS).bind(after.to_owned()).bind(limit).fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            Ok(WalletHead {
                workspace_id: row::parsed(row, "workspace_id")?,
                balance_minor: row.try_get("balance_minor")?,
                seq: row.try_get("seq")?,
                head_hash: row.try_get("head_hash")?,
            })
        })
        .collect()
}

pub(crate) async fn chain_rows(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    after_seq: i64,
    up_to_seq: i64,
    limit: i64,
) -> Result<Vec<ChainRow>, sqlx::Error> {
    let query = sqlx::query(CHAIN_ROWS).bind(workspace_id.to_string()).bind(after_seq).bind(up_to_seq).bind(limit);
    let rows = query.fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            Ok(ChainRow {
                id: row.try_get("id")?,
                seq: row.try_get("seq")?,
                kind: row.try_get("kind")?,
                amount_minor: row.try_get("amount_minor")?,
                tax_minor: row.try_get("tax_minor")?,
                balance_after_minor: row.try_get("balance_after_minor")?,
                cause: row.try_get("cause")?,
                reference: row.try_get("reference")?,
                created_at: row.try_get("created_at")?,
                key_id: row.try_get("key_id")?,
                prev_hash: row.try_get("prev_hash")?,
                hash: row.try_get("hash")?,
            })
        })
        .collect()
}

pub(crate) async fn count(conn: &mut AnyConnection, sql: &'static str) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(sql).fetch_one(conn).await
}
