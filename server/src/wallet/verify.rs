//! `sautikit ledger verify`: every invariant of the ledger, recomputed from the rows.
//!
//! Runs beside a live server: a wallet's row is read first, then its entries up to that row's sequence, which never change
//! again. Deliberately absent: repair. A break is for people to look at.

use sautikit_api::ids::WorkspaceId;

use super::chain::{GENESIS, Link};
use super::store::audit::{self as store, ChainRow, WalletHead};
use super::{WalletError, posting};
use crate::secrets::Purpose;
use crate::state::AppState;

/// Entries read at once: bounds memory, whatever the ledger's length.
const BATCH: i64 = 1_000;

/// Breaks that are described; further ones are only counted, so that a wholly broken chain stays readable.
const MAX_DESCRIBED: usize = 100;

/// What was checked and what is wrong.
#[derive(Debug, Default)]
pub struct Report {
    /// Wallets looked at.
    pub wallets: u64,
    /// Entries looked at.
    pub entries: u64,
    /// Rows elsewhere that name an entry (calls, top-ups, numbers).
    pub stamps: u64,
    /// Broken invariants.
    pub break_count: u64,
    /// The first of them, in words.
    pub breaks: Vec<String>,
}

impl Report {
    /// Whether every invariant holds.
    pub const fn is_sound(&self) -> bool {
        self.break_count == 0
    }

    fn broken(&mut self, what: String) {
        self.break_count += 1;
        if self.breaks.len() < MAX_DESCRIBED {
            self.breaks.push(what);
        }
    }
}

/// Checks all wallets.
///
/// # Errors
/// The database failed; breaks are in the report, not errors.
pub async fn verify(app: &AppState) -> Result<Report, WalletError> {
    let mut conn = app.db.acquire().await?;
    let key = app.secrets.key(Purpose::LedgerChain);
    let mut report = Report::default();
    let mut after = String::new();
    loop {
        let heads = store::wallet_heads(&mut conn, &after, BATCH).await?;
        let Some(last) = heads.last() else { break };
        after = last.workspace_id.to_string();
        for head in &heads {
            report.wallets += 1;
            verify_wallet(&mut conn, head, &key, &mut report).await?;
        }
    }
    for (what, sql) in store::CROSS_CHECKS {
        let broken = store::count(&mut conn, sql).await?;
        if broken > 0 {
            report.broken(format!("{broken} × {what}"));
        }
    }
    report.stamps = store::count(&mut conn, store::COUNT_STAMPS_SQL).await?.unsigned_abs();
    Ok(report)
}

/// Walks one wallet's chain from its first entry to the head that was read.
async fn verify_wallet(
    conn: &mut sqlx::AnyConnection,
    head: &WalletHead,
    key: &[u8; 32],
    report: &mut Report,
) -> Result<(), WalletError> {
    let mut walk = Walk { seq: 0, sum_minor: 0, hash: GENESIS.to_owned(), created_at: 0 };
    while walk.seq < head.seq {
        let rows = store::chain_rows(conn, head.workspace_id, walk.seq, head.seq, BATCH).await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            report.entries += 1;
            walk.step(head.workspace_id, row, key, report);
        }
    }
    let wallet = head.workspace_id;
    if walk.seq != head.seq {
        report.broken(format!("wallet {wallet}: {} entries are named, the last found is {}", head.seq, walk.seq));
    }
    if walk.sum_minor != i128::from(head.balance_minor) {
        report.broken(format!("wallet {wallet}: balance {} but entries sum to {}", head.balance_minor, walk.sum_minor));
    }
    if walk.hash != head.head_hash {
        report.broken(format!("wallet {wallet}: the chain's head is not the newest entry's hash"));
    }
    Ok(())
}

/// Where the walk along a chain stands.
struct Walk {
    seq: i64,
    sum_minor: i128,
    hash: String,
    created_at: i64,
}

impl Walk {
    fn step(&mut self, workspace_id: WorkspaceId, row: &ChainRow, key: &[u8; 32], report: &mut Report) {
        let entry = format!("wallet {workspace_id}, entry {}", row.seq);
        if row.seq != self.seq + 1 {
            report.broken(format!("{entry}: follows entry {}", self.seq));
        }
        self.sum_minor += i128::from(row.amount_minor);
        if self.sum_minor != i128::from(row.balance_after_minor) {
            report.broken(format!(
                "{entry}: balance after is {}, the sum is {}",
                row.balance_after_minor, self.sum_minor
            ));
        }
        if row.created_at < self.created_at {
            report.broken(format!("{entry}: is older than the entry before"));
        }
        if row.prev_hash != self.hash {
            report.broken(format!("{entry}: does not continue the chain"));
        }
        if row.key_id != posting::KEY_ID {
            report.broken(format!("{entry}: signed by the unknown key {}", row.key_id));
        } else if row.link(&workspace_id.to_string()).hash(key) != row.hash {
            report.broken(format!("{entry}: was changed after it was written"));
        }
        self.seq = row.seq;
        self.hash.clone_from(&row.hash);
        self.created_at = row.created_at;
    }
}

impl ChainRow {
    fn link<'a>(&'a self, workspace_id: &'a str) -> Link<'a> {
        Link {
            prev_hash: &self.prev_hash,
            key_id: &self.key_id,
            id: &self.id,
            workspace_id,
            seq: self.seq,
            kind: &self.kind,
            amount_minor: self.amount_minor,
            tax_minor: self.tax_minor,
            balance_after_minor: self.balance_after_minor,
            cause: &self.cause,
            reference: &self.reference,
            created_at: self.created_at,
        }
    }
}
