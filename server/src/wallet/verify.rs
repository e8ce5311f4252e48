//! `sautikit ledger verify`: every invariant of the ledger, recomputed from the rows.
//!
//! ```text
//! heads of 1,000 wallets ──► their entries, some thousand at once, as text ──► Checker, on a thread of its own
//!                                └── the next page is read meanwhile            └──► each wallet's end against its head
//! ```
//! Runs beside a live server: a wallet's head is read before its entries, and what was posted after it is the next run's.
//! Deliberately absent: repair. A break is for people to look at.

use std::collections::HashMap;

use super::chain::{ChainKey, GENESIS, Link};
use super::store::audit::{self as store, ChainRow, PageText, WalletHead};
use super::{WalletError, posting};
use crate::secrets::Purpose;
use crate::state::AppState;

/// Wallets whose entries are walked together.
const WALLETS: i64 = 1_000;

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
    let key = ChainKey::new(&app.secrets.key(Purpose::LedgerChain));
    let (chains, crossed) = tokio::try_join!(check_chains(app, key), cross_check(app))?;
    let mut report = chains;
    crossed.broken.into_iter().for_each(|what| report.broken(what));
    report.stamps = crossed.stamps;
    Ok(report)
}

/// What the cross-checks found.
struct Crossed {
    broken: Vec<String>,
    stamps: u64,
}

async fn cross_check(app: &AppState) -> Result<Crossed, WalletError> {
    let mut conn = app.db.acquire().await?;
    let mut broken = Vec::new();
    for (what, sql) in store::CROSS_CHECKS {
        let count = store::count(&mut conn, sql).await?;
        if count > 0 {
            broken.push(format!("{count} × {what}"));
        }
    }
    let stamps = store::count(&mut conn, store::COUNT_STAMPS_SQL).await?.unsigned_abs();
    Ok(Crossed { broken, stamps })
}

async fn check_chains(app: &AppState, key: ChainKey) -> Result<Report, WalletError> {
    let mut conn = app.db.acquire().await?;
    let dialect = app.db.dialect();
    let (mut after, mut report) = (String::new(), Report::default());
    loop {
        let heads = store::wallet_heads(&mut conn, &after, WALLETS).await?;
        let Some(last) = heads.last() else { return Ok(report) };
        let last = last.workspace_id.to_string();
        let mut checker = Checker::new(key.clone(), heads, report);
        let mut page = store::chain_page(&mut conn, dialect, (&after, i64::MAX), &last).await?;
        while let Some(place) = page.place.take() {
            // The next page is read while this one is checked.
            let checking = tokio::task::spawn_blocking(move || checker.check(&page.text));
            let next = store::chain_page(&mut conn, dialect, (&place.0, place.1), &last).await;
            checker = checking.await.map_err(|error| sqlx::Error::Decode(Box::new(error)))??;
            page = next?;
        }
        report = checker.end();
        after = last;
    }
}

/// The wallets whose entries are walked, and how far each walk has come.
struct Checker {
    key: ChainKey,
    wallets: HashMap<String, (WalletHead, Walk)>,
    report: Report,
}

impl Checker {
    fn new(key: ChainKey, heads: Vec<WalletHead>, report: Report) -> Self {
        let begin = |head: WalletHead| (head.workspace_id.to_string(), (head, Walk::default()));
        Self { key, wallets: heads.into_iter().map(begin).collect(), report }
    }

    /// Walks over a page of entries.
    fn check(mut self, text: &PageText) -> Result<Self, sqlx::Error> {
        for row in store::read_chain(text)? {
            // Of a wallet that was opened, or an entry that was posted, after the heads were read.
            let Some((head, walk)) = self.wallets.get_mut(row.workspace_id.as_ref()) else { continue };
            if row.seq <= head.seq {
                self.report.entries += 1;
                walk.step(&row, &self.key, &mut self.report);
            }
        }
        Ok(self)
    }

    /// Compares the ends of all walks with the heads.
    fn end(mut self) -> Report {
        let mut ends: Vec<_> = self.wallets.iter().collect();
        ends.sort_unstable_by_key(|(wallet, _)| *wallet);
        for (wallet, (head, walk)) in ends {
            self.report.wallets += 1;
            if walk.seq != head.seq {
                let what = format!("wallet {wallet}: {} entries are named, the last found is {}", head.seq, walk.seq);
                self.report.broken(what);
            }
            if walk.sum_minor != i128::from(head.balance_minor) {
                let what =
                    format!("wallet {wallet}: balance {} but entries sum to {}", head.balance_minor, walk.sum_minor);
                self.report.broken(what);
            }
            if walk.hash != head.head_hash {
                self.report.broken(format!("wallet {wallet}: the chain's head is not the newest entry's hash"));
            }
        }
        self.report
    }
}

/// Where the walk along a chain stands.
#[derive(Default)]
struct Walk {
    seq: i64,
    sum_minor: i128,
    /// Of the last entry; before the first it is [`GENESIS`].
    hash: String,
    created_at: i64,
}

const _: () = assert!(GENESIS.is_empty());

impl Walk {
    fn step(&mut self, row: &ChainRow<'_>, key: &ChainKey, report: &mut Report) {
        let mut broken = |what: String| {
            report.broken(format!("wallet {}, entry {}: {what}", row.workspace_id, row.seq));
        };
        if row.seq != self.seq + 1 {
            broken(format!("follows entry {}", self.seq));
        }
        self.sum_minor += i128::from(row.amount_minor);
        if self.sum_minor != i128::from(row.balance_after_minor) {
            broken(format!("balance after is {}, the sum is {}", row.balance_after_minor, self.sum_minor));
        }
        if row.created_at < self.created_at {
            broken("is older than the entry before".to_owned());
        }
        if row.prev_hash != self.hash {
            broken("does not continue the chain".to_owned());
        }
        if row.key_id != posting::KEY_ID {
            broken(format!("signed by the unknown key {}", row.key_id));
        } else if row.link().hash(key) != row.hash {
            broken("was changed after it was written".to_owned());
        }
        self.seq = row.seq;
        row.hash.as_ref().clone_into(&mut self.hash);
        self.created_at = row.created_at;
    }
}

impl ChainRow<'_> {
    fn link(&self) -> Link<'_> {
        Link {
            prev_hash: &self.prev_hash,
            key_id: &self.key_id,
            id: &self.id,
            workspace_id: &self.workspace_id,
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
