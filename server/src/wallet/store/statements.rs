//! SQL of monthly statements: sums and entries of a span of a wallet's ledger.

use sautikit_api::ids::WorkspaceId;
use sqlx::{AnyConnection, Row};

use super::{EntryRow, entry};
use crate::db::statements;
use crate::wallet::EntryKind;

statements! {
    BALANCE_BEFORE = "
        select balance_after_minor, hash
        from wallet_ledger
        where workspace_id = $1 and created_at < $2 and seq <= $3
        order by created_at desc, seq desc
        limit 1";
    LAST_SEQ = "
        select seq
        from wallets
        where workspace_id = $1";
    FIRST_ENTRY_AT = "
        select min(created_at)
        from wallet_ledger
        where workspace_id = $1";
    SUMS_BY_KIND = "
        select kind, count(*) as entries, cast(sum(amount_minor) as bigint) as amount_minor,
            cast(sum(tax_minor) as bigint) as tax_minor
        from wallet_ledger
        where workspace_id = $1 and created_at >= $2 and created_at < $3 and seq <= $4
        group by kind, case when amount_minor < 0 then 1 else 0 end
        order by kind, case when amount_minor < 0 then 1 else 0 end";
    LIST_ZONES = "
        select distinct zone
        from wallets
        order by zone";
    SUMS_OF_ZONE = "
        select w.country, w.currency, e.kind, case when e.amount_minor < 0 then 1 else 0 end as went, count(*) as entries,
            cast(sum(e.amount_minor) as bigint) as amount_minor, cast(sum(e.tax_minor) as bigint) as tax_minor
        from wallets w
        join wallet_ledger e on e.workspace_id = w.workspace_id
        where w.zone = $1 and e.created_at >= $2 and e.created_at < $3
        group by w.country, w.currency, e.kind, case when e.amount_minor < 0 then 1 else 0 end
        order by w.country, w.currency, e.kind, case when e.amount_minor < 0 then 1 else 0 end";
    LIST_OF_SPAN = "
        select id, seq, kind, amount_minor, tax_minor, balance_after_minor, cause, reference, created_at
        from wallet_ledger
        where workspace_id = $1 and created_at >= $2 and created_at < $3 and seq < $4 and ($5 = '' or kind = $5)
        order by seq desc
        limit $6";
    /// Of a kind other than calls, which are few among them and have an index without them.
    LIST_OF_KIND = "
        select id, seq, kind, amount_minor, tax_minor, balance_after_minor, cause, reference, created_at
        from wallet_ledger
        where workspace_id = $1 and created_at >= $2 and created_at < $3 and seq < $4 and kind = $5 and kind <> 'call'
        order by seq desc
        limit $6";
    ENTRIES_OF_SPAN = "
        select id, seq, kind, amount_minor, tax_minor, balance_after_minor, cause, reference, created_at
        from wallet_ledger
        where workspace_id = $1 and created_at >= $2 and created_at < $3 and seq > $4 and seq <= $5
        order by seq
        limit $6";
}

/// What came, or what went, of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// `top_up`, `call`, ….
    pub kind: String,
    /// How many entries.
    pub entries: i64,
    /// Their sum, signed.
    pub amount_minor: i64,
    /// Their tax.
    pub tax_minor: i64,
}

/// A wallet's ledger as it stood with its entry `last_seq`: what is posted meanwhile changes nothing that is read of it.
#[derive(Debug, Clone, Copy)]
pub(in crate::wallet) struct Ledger {
    pub(in crate::wallet) workspace_id: WorkspaceId,
    pub(in crate::wallet) last_seq: i64,
}

/// The number of the wallet's last entry.
pub(in crate::wallet) async fn last_seq(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(LAST_SEQ).bind(workspace_id.to_string()).fetch_one(conn).await
}

/// Balance and hash after the last entry before a moment; 0 and nothing before the first.
pub(in crate::wallet) async fn balance_before(
    conn: &mut AnyConnection,
    ledger: Ledger,
    at_us: i64,
) -> Result<(i64, String), sqlx::Error> {
    let query = sqlx::query(BALANCE_BEFORE).bind(ledger.workspace_id.to_string()).bind(at_us).bind(ledger.last_seq);
    match query.fetch_optional(conn).await? {
        Some(row) => Ok((row.try_get("balance_after_minor")?, row.try_get("hash")?)),
        None => Ok((0, String::new())),
    }
}

pub(in crate::wallet) async fn first_entry_at(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar(FIRST_ENTRY_AT).bind(workspace_id.to_string()).fetch_one(conn).await
}

pub(in crate::wallet) async fn sums(
    conn: &mut AnyConnection,
    ledger: Ledger,
    (start_us, end_us): (i64, i64),
) -> Result<Vec<Sum>, sqlx::Error> {
    let query = sqlx::query(SUMS_BY_KIND)
        .bind(ledger.workspace_id.to_string())
        .bind(start_us)
        .bind(end_us)
        .bind(ledger.last_seq);
    let rows = query.fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            Ok(Sum {
                kind: row.try_get("kind")?,
                entries: row.try_get("entries")?,
                amount_minor: row.try_get("amount_minor")?,
                tax_minor: row.try_get("tax_minor")?,
            })
        })
        .collect()
}

/// What came, or what went, of one kind, of all wallets of a country in a currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthSum {
    /// Whose tax they pay.
    pub country: String,
    /// ISO 4217.
    pub currency: String,
    /// What it is of.
    pub sum: Sum,
}

/// The zones in which wallets have their months.
pub(in crate::wallet) async fn zones(conn: &mut AnyConnection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(LIST_ZONES).fetch_all(conn).await
}

/// What moved in a span in the wallets of a zone.
pub(in crate::wallet) async fn sums_of_zone(
    conn: &mut AnyConnection,
    zone: &str,
    (start_us, end_us): (i64, i64),
) -> Result<Vec<MonthSum>, sqlx::Error> {
    let query = sqlx::query(SUMS_OF_ZONE).bind(zone.to_owned()).bind(start_us).bind(end_us);
    let rows = query.fetch_all(conn).await?;
    let one = |row: &sqlx::any::AnyRow| {
        let sum = Sum {
            kind: row.try_get("kind")?,
            entries: row.try_get("entries")?,
            amount_minor: row.try_get("amount_minor")?,
            tax_minor: row.try_get("tax_minor")?,
        };
        Ok(MonthSum { country: row.try_get("country")?, currency: row.try_get("currency")?, sum })
    };
    rows.iter().map(one).collect()
}

/// Entries of a span in their order, after that one.
pub(in crate::wallet) async fn entries(
    conn: &mut AnyConnection,
    ledger: Ledger,
    (start_us, end_us): (i64, i64),
    after_seq: i64,
    limit: i64,
) -> Result<Vec<EntryRow>, sqlx::Error> {
    let query = sqlx::query(ENTRIES_OF_SPAN)
        .bind(ledger.workspace_id.to_string())
        .bind(start_us)
        .bind(end_us)
        .bind(after_seq)
        .bind(ledger.last_seq)
        .bind(limit);
    query.fetch_all(conn).await?.iter().map(entry).collect()
}

/// Entries of a span, of one kind where one is named, before that one, the newest first.
pub(in crate::wallet) async fn list(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    (start_us, end_us): (i64, i64),
    kind: Option<EntryKind>,
    before_seq: i64,
    limit: i64,
) -> Result<Vec<EntryRow>, sqlx::Error> {
    let sql = if kind.is_none_or(|kind| kind == EntryKind::Call) { LIST_OF_SPAN } else { LIST_OF_KIND };
    let query = sqlx::query(sql)
        .bind(workspace_id.to_string())
        .bind(start_us)
        .bind(end_us)
        .bind(before_seq)
        .bind(kind.map_or("", EntryKind::as_str))
        .bind(limit);
    query.fetch_all(conn).await?.iter().map(entry).collect()
}
