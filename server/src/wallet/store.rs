//! SQL of wallets and their ledger.

pub(crate) mod adjustments;
pub(crate) mod alerts;
pub(crate) mod audit;
pub(crate) mod batch;
pub(crate) mod statements;

use sautikit_api::ids::{LedgerEntryId, WorkspaceId};
use sautikit_api::money::Currency;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::chain::Link;
use super::{HeldSum, LockedWallet, OverdraftPolicy, Spend, Wallet};
use crate::db::statements;
use crate::row;

statements! {
    INSERT_WALLET = "
        insert into wallets (workspace_id, currency, zone, created_at, country)
        values ($1, $2, $3, $4, $5)";
    /// Writing seq + 0 takes the row's lock on both engines, before anything is decided.
    LOCK_WALLET = "
        update wallets set seq = seq + 0
        where workspace_id = $1
        returning workspace_id, currency, zone, country, balance_minor, held_minor, low_balance_threshold_minor,
            overdraft_policy, overdraft_floor_minor, spend_limit_minor, spend_ceiling_minor, spent_minor, spent_until,
            seq, head_hash, last_entry_at";
    READ_WALLET = "
        select workspace_id, currency, zone, country, balance_minor, held_minor, low_balance_threshold_minor,
            overdraft_policy, overdraft_floor_minor, spend_limit_minor, spend_ceiling_minor, spent_minor, spent_until
        from wallets
        where workspace_id = $1";
    SET_OVERDRAFT_POLICY = "
        update wallets
        set overdraft_policy = $2
        where workspace_id = $1";
    SET_COUNTRY = "
        update wallets
        set country = $2
        where workspace_id = $1 and seq = 0";
    MOVE_TO_COUNTRY = "
        update wallets
        set country = $2
        where workspace_id = $1";
    SET_OVERDRAFT_FLOOR = "
        update wallets
        set overdraft_floor_minor = $2
        where workspace_id = $1";
    SET_SPEND_LIMIT = "
        update wallets
        set spend_limit_minor = $2
        where workspace_id = $1";
    SET_SPEND_CEILING = "
        update wallets
        set spend_ceiling_minor = $2
        where workspace_id = $1";
    ENTRY_OF_CAUSE = "select id from wallet_ledger where cause = $1";
    INSERT_ENTRY = "
        insert into wallet_ledger (id, workspace_id, seq, kind, amount_minor, tax_minor, balance_after_minor, cause, reference,
            created_at, key_id, prev_hash, hash)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        on conflict (cause) do nothing";
    /// Guarded by the sequence that was read under the lock: a lost lock can't write a second entry of one number.
    ADVANCE_WALLET = "
        update wallets
        set balance_minor = $1, seq = $2, head_hash = $3, last_entry_at = $4
        where workspace_id = $5 and seq = $6";
    /// What live calls hold of the money of all wallets, by currency.
    SUM_HOLDS = "
        select w.currency, count(distinct h.workspace_id) as wallets, cast(sum(h.held_minor) as bigint) as held_minor
        from wallet_holds h
        join wallets w on w.workspace_id = h.workspace_id
        where h.held_minor > 0
        group by w.currency
        order by w.currency";
    LIST_ENTRIES = "
        select id, seq, kind, amount_minor, tax_minor, balance_after_minor, cause, reference, created_at
        from wallet_ledger
        where workspace_id = $1 and seq < $2
        order by seq desc
        limit $3";
}

pub(super) async fn sum_holds(conn: &mut AnyConnection) -> Result<Vec<HeldSum>, sqlx::Error> {
    let rows = sqlx::query(SUM_HOLDS).fetch_all(conn).await?;
    let sum = |row: &AnyRow| {
        Ok(HeldSum {
            currency: row.try_get("currency")?,
            wallets: row.try_get("wallets")?,
            held_minor: row.try_get("held_minor")?,
        })
    };
    rows.iter().map(sum).collect()
}

pub(super) async fn insert_wallet(
    tx: &mut AnyConnection,
    workspace_id: WorkspaceId,
    currency: Currency,
    (country, zone): (&str, &str),
    now_us: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(INSERT_WALLET)
        .bind(workspace_id.to_string())
        .bind(currency.code())
        .bind(zone.to_owned())
        .bind(now_us)
        .bind(country.to_owned())
        .execute(tx)
        .await
        .map(drop)
}

pub(super) async fn lock_wallet(
    tx: &mut AnyConnection,
    workspace_id: WorkspaceId,
) -> Result<Option<LockedWallet>, sqlx::Error> {
    let row = sqlx::query(LOCK_WALLET).bind(workspace_id.to_string()).fetch_optional(tx).await?;
    row.as_ref().map(head).transpose()
}

/// False when there is no such wallet.
pub(super) async fn set_overdraft_policy(
    tx: &mut AnyConnection,
    workspace_id: WorkspaceId,
    policy: OverdraftPolicy,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(SET_OVERDRAFT_POLICY).bind(workspace_id.to_string()).bind(policy.as_str());
    Ok(query.execute(tx).await?.rows_affected() == 1)
}

/// False when there is no such wallet.
pub(super) async fn set_country(
    tx: &mut AnyConnection,
    workspace_id: WorkspaceId,
    country: &str,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(SET_COUNTRY).bind(workspace_id.to_string()).bind(country.to_owned());
    Ok(query.execute(tx).await?.rows_affected() == 1)
}

pub(super) async fn move_to_country(
    tx: &mut AnyConnection,
    workspace_id: WorkspaceId,
    country: &str,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(MOVE_TO_COUNTRY).bind(workspace_id.to_string()).bind(country.to_owned());
    query.execute(tx).await.map(drop)
}

/// False when there is no such wallet.
pub(super) async fn set_overdraft_floor(
    tx: &mut AnyConnection,
    workspace_id: WorkspaceId,
    floor_minor: Option<i64>,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(SET_OVERDRAFT_FLOOR).bind(workspace_id.to_string()).bind(floor_minor);
    Ok(query.execute(tx).await?.rows_affected() == 1)
}

/// False when there is no such wallet.
pub(super) async fn set_day_spend(
    tx: &mut AnyConnection,
    workspace_id: WorkspaceId,
    by_operator: bool,
    minor: Option<i64>,
) -> Result<bool, sqlx::Error> {
    let sql = if by_operator { SET_SPEND_CEILING } else { SET_SPEND_LIMIT };
    Ok(sqlx::query(sql).bind(workspace_id.to_string()).bind(minor).execute(tx).await?.rows_affected() == 1)
}

pub(super) async fn read_wallet(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
) -> Result<Option<Wallet>, sqlx::Error> {
    let row = sqlx::query(READ_WALLET).bind(workspace_id.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(wallet).transpose()
}

pub(super) async fn entry_of_cause(
    conn: &mut AnyConnection,
    cause: &str,
) -> Result<Option<LedgerEntryId>, sqlx::Error> {
    let row = sqlx::query(ENTRY_OF_CAUSE).bind(cause.to_owned()).fetch_optional(conn).await?;
    row.map(|row| row::parsed(&row, "id")).transpose()
}

/// False when the cause exists already.
pub(super) async fn insert_entry(tx: &mut AnyConnection, link: &Link<'_>, hash: &str) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(INSERT_ENTRY)
        .bind(link.id.to_owned())
        .bind(link.workspace_id.to_owned())
        .bind(link.seq)
        .bind(link.kind.to_owned())
        .bind(link.amount_minor)
        .bind(link.tax_minor)
        .bind(link.balance_after_minor)
        .bind(link.cause.to_owned())
        .bind(link.reference.to_owned())
        .bind(link.created_at)
        .bind(link.key_id.to_owned())
        .bind(link.prev_hash.to_owned())
        .bind(hash.to_owned())
        .execute(tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn advance_wallet(tx: &mut AnyConnection, link: &Link<'_>, hash: &str) -> Result<(), sqlx::Error> {
    let done = sqlx::query(ADVANCE_WALLET)
        .bind(link.balance_after_minor)
        .bind(link.seq)
        .bind(hash.to_owned())
        .bind(link.created_at)
        .bind(link.workspace_id.to_owned())
        .bind(link.seq - 1)
        .execute(tx)
        .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}

/// A ledger row as lists show it.
#[derive(Debug, Clone)]
pub struct EntryRow {
    /// Its id.
    pub id: LedgerEntryId,
    /// Its place in the wallet, from 1.
    pub seq: i64,
    /// `top_up`, `call`, ….
    pub kind: String,
    /// Signed, tax included.
    pub amount_minor: i64,
    /// What of it is tax, of the same sign.
    pub tax_minor: i64,
    /// Running sum.
    pub balance_after_minor: i64,
    /// The unique cause.
    pub cause: String,
    /// What people recognise it by.
    pub reference: String,
    /// Microseconds UTC.
    pub created_at: i64,
}

/// Entries older than `before_seq`, newest first.
///
/// # Errors
/// The database failed.
pub async fn list_entries(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    before_seq: i64,
    limit: i64,
) -> Result<Vec<EntryRow>, sqlx::Error> {
    let rows =
        sqlx::query(LIST_ENTRIES).bind(workspace_id.to_string()).bind(before_seq).bind(limit).fetch_all(conn).await?;
    rows.iter().map(entry).collect()
}

fn entry(row: &AnyRow) -> Result<EntryRow, sqlx::Error> {
    Ok(EntryRow {
        id: row::parsed(row, "id")?,
        seq: row.try_get("seq")?,
        kind: row.try_get("kind")?,
        amount_minor: row.try_get("amount_minor")?,
        tax_minor: row.try_get("tax_minor")?,
        balance_after_minor: row.try_get("balance_after_minor")?,
        cause: row.try_get("cause")?,
        reference: row.try_get("reference")?,
        created_at: row.try_get("created_at")?,
    })
}

/// A wallet with the end of its chain.
fn head(row: &AnyRow) -> Result<LockedWallet, sqlx::Error> {
    Ok(LockedWallet {
        wallet: wallet(row)?,
        seq: row.try_get("seq")?,
        head_hash: row.try_get("head_hash")?,
        last_entry_at: row.try_get("last_entry_at")?,
    })
}

fn wallet(row: &AnyRow) -> Result<Wallet, sqlx::Error> {
    Ok(Wallet {
        workspace_id: row::parsed(row, "workspace_id")?,
        currency: row::known(row, "currency", Currency::parse)?,
        zone: row.try_get("zone")?,
        country: row.try_get("country")?,
        balance_minor: row.try_get("balance_minor")?,
        held_minor: row.try_get("held_minor")?,
        low_balance_threshold_minor: row.try_get("low_balance_threshold_minor")?,
        overdraft_policy: row::known(row, "overdraft_policy", OverdraftPolicy::parse)?,
        overdraft_floor_minor: row.try_get("overdraft_floor_minor")?,
        spend: Spend {
            limit_minor: row.try_get("spend_limit_minor")?,
            ceiling_minor: row.try_get("spend_ceiling_minor")?,
            spent_minor: row.try_get("spent_minor")?,
            until_us: row.try_get("spent_until")?,
        },
    })
}
