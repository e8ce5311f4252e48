//! A month of a wallet: what it began with, what came and what went by kind, what it ended with; and every entry as CSV.
//!
//! Months are those of the zone that was fixed at onboarding; an entry belongs to the month in which it was posted. A statement is
//! computed from the ledger, so there is one truth, and names the hash of its last entry: `ledger verify` proves the chain up to
//! there. Deliberately absent: PDF; the console's page prints.

use std::collections::BTreeMap;

use futures::stream::{self, Stream, StreamExt};
use sautikit_api::ids::WorkspaceId;
use sqlx::AnyConnection;

use super::period::BillingMonth;
use super::store::statements::{self as store, Ledger, MonthSum, Sum};
use super::{EntryKind, EntryRow, Wallet, WalletError, read};
use crate::sheet::Sheet;
use crate::state::AppState;

/// Entries of a statement's CSV that are read at once.
const AT_ONCE: i64 = 1_000;

const COLUMNS: [&str; 9] =
    ["seq", "created_at", "kind", "amount_minor", "tax_minor", "balance_after_minor", "currency", "reference", "cause"];

/// A month of a wallet.
#[derive(Debug, Clone)]
pub struct Statement {
    /// The wallet as it is now.
    pub wallet: Wallet,
    /// `yyyy-mm`.
    pub month: String,
    /// Up to where the ledger was read.
    ledger: Ledger,
    /// First microsecond, UTC.
    pub start_us: i64,
    /// First microsecond of the next month, UTC.
    pub end_us: i64,
    /// Balance before the month.
    pub opening_minor: i64,
    /// Balance after its last entry.
    pub closing_minor: i64,
    /// What came and what went, by kind, in the order of the kinds.
    pub sums: Vec<Sum>,
    /// Hash of the last entry up to the month's end; empty before the first.
    pub head_hash: String,
}

/// The statement of the month that holds `at_us`.
///
/// # Errors
/// No such wallet, or the database failed.
pub async fn statement(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    at_us: i64,
) -> Result<Statement, WalletError> {
    let wallet = read(conn, workspace_id).await?;
    let month = BillingMonth::containing(at_us, &wallet.zone)?;
    let ledger = Ledger { workspace_id, last_seq: store::last_seq(conn, workspace_id).await? };
    let (opening_minor, _) = store::balance_before(conn, ledger, month.start_us).await?;
    let (closing_minor, head_hash) = store::balance_before(conn, ledger, month.end_us).await?;
    let sums = store::sums(conn, ledger, (month.start_us, month.end_us)).await?;
    Ok(Statement {
        wallet,
        ledger,
        month: month.name,
        start_us: month.start_us,
        end_us: month.end_us,
        opening_minor,
        closing_minor,
        sums,
        head_hash,
    })
}

/// What moved in all wallets in the month that holds `at_us`, each in its own zone: for a return of tax, and for the books of
/// whoever sells. What came and what went of one kind are two sums.
///
/// # Errors
/// The database failed.
pub async fn of_all(conn: &mut AnyConnection, at_us: i64) -> Result<Vec<MonthSum>, WalletError> {
    let mut sums: BTreeMap<(String, String, String, bool), Sum> = BTreeMap::new();
    for zone in store::zones(conn).await? {
        let month = BillingMonth::containing(at_us, &zone)?;
        for MonthSum { country, currency, sum } in
            store::sums_of_zone(conn, &zone, (month.start_us, month.end_us)).await?
        {
            let key = (country, currency, sum.kind.clone(), sum.amount_minor < 0);
            match sums.get_mut(&key) {
                Some(known) => {
                    known.entries += sum.entries;
                    known.amount_minor += sum.amount_minor;
                    known.tax_minor += sum.tax_minor;
                }
                None => drop(sums.insert(key, sum)),
            }
        }
    }
    Ok(sums.into_iter().map(|((country, currency, ..), sum)| MonthSum { country, currency, sum }).collect())
}

/// Which entries of a ledger are listed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Listed {
    /// A moment of their month (microseconds UTC); none for every month.
    pub at_us: Option<i64>,
    /// Their kind; none for every one.
    pub kind: Option<EntryKind>,
}

/// The entries that are asked for, the newest first, before that one; at most `limit`.
///
/// # Errors
/// No such wallet, or the database failed.
pub async fn list(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    listed: Listed,
    before_seq: i64,
    limit: i64,
) -> Result<Vec<EntryRow>, WalletError> {
    let wallet = read(conn, workspace_id).await?;
    let span = match listed {
        Listed { at_us: None, kind: None } => {
            return Ok(super::list_entries(conn, workspace_id, before_seq, limit).await?);
        }
        Listed { at_us: None, .. } => (i64::MIN, i64::MAX),
        Listed { at_us: Some(at_us), .. } => {
            let month = BillingMonth::containing(at_us, &wallet.zone)?;
            (month.start_us, month.end_us)
        }
    };
    Ok(store::list(conn, workspace_id, span, listed.kind, before_seq, limit).await?)
}

/// Moments in each month from the wallet's first entry to now, the newest first; at most `most` of them.
///
/// # Errors
/// No such wallet, or the database failed.
pub async fn months(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    now_us: i64,
    most: usize,
) -> Result<Vec<i64>, WalletError> {
    let wallet = read(conn, workspace_id).await?;
    let first_us = store::first_entry_at(conn, workspace_id).await?.unwrap_or(now_us);
    let mut months = Vec::new();
    let mut at_us = now_us;
    while months.len() < most {
        let month = BillingMonth::containing(at_us, &wallet.zone)?;
        months.push(month.start_us);
        if month.start_us <= first_us {
            break;
        }
        at_us = month.start_us - 1;
    }
    Ok(months)
}

/// The entries of a month in their order, as CSV (RFC 4180), piece by piece: however many there are, few are in memory at once.
/// The first piece, with the names of the columns, is read before this returns.
///
/// # Errors
/// The database failed. Later it ends the stream, so that a file that was cut off is seen to be.
pub async fn csv(
    app: AppState,
    statement: Statement,
) -> Result<impl Stream<Item = Result<Vec<u8>, WalletError>> + Send + 'static, WalletError> {
    let mut sheet = Sheet::new(&COLUMNS).map_err(failed)?;
    let last = rows(&app, &statement, 0, &mut sheet).await?;
    let first = sheet.finish().map_err(failed)?;
    let others = stream::try_unfold((app, statement, last), async |(app, statement, after)| {
        let Some(after_seq) = after else { return Ok(None) };
        let mut sheet = Sheet::going_on();
        let last = rows(&app, &statement, after_seq, &mut sheet).await?;
        Ok(Some((sheet.finish().map_err(failed)?, (app, statement, last))))
    });
    Ok(stream::iter([Ok(first)]).chain(others))
}

/// Writes the entries after that one, as many as are read at once; the last of them, none when there were no more.
async fn rows(
    app: &AppState,
    statement: &Statement,
    after_seq: i64,
    sheet: &mut Sheet,
) -> Result<Option<i64>, WalletError> {
    let span = (statement.start_us, statement.end_us);
    let mut conn = app.db.acquire().await?;
    let entries = store::entries(&mut conn, statement.ledger, span, after_seq, AT_ONCE).await?;
    for entry in &entries {
        sheet.row(&fields(entry, statement.wallet.currency.code())).map_err(failed)?;
    }
    Ok(entries.last().map(|last| last.seq))
}

fn failed(error: csv::Error) -> WalletError {
    WalletError::Database(sqlx::Error::Encode(Box::new(error)))
}

fn fields(entry: &EntryRow, currency: &str) -> [String; 9] {
    [
        entry.seq.to_string(),
        crate::clock::rfc3339(entry.created_at),
        entry.kind.clone(),
        entry.amount_minor.to_string(),
        entry.tax_minor.to_string(),
        entry.balance_after_minor.to_string(),
        currency.to_owned(),
        entry.reference.clone(),
        entry.cause.clone(),
    ]
}
