//! A provider's own statement against our books, shilling by shilling: what matches, what is missing on either side, and why.
//!
//! ```text
//! FILE ──► statement.rs: lines with receipt, amount, moment ──► compare ◄── top-ups and payments that wait, of the same span
//! ```
//! A run without differences is the proof that every shilling that the provider received is in a wallet, and that no wallet has
//! one that it did not.

pub mod http;
mod statement;

use std::collections::HashMap;

use super::{Method, store};
use crate::state::AppState;

pub use statement::{Line, Statement, StatementError};

/// Payments near the ends of a statement's span may stand on the neighbouring one: our clock and the provider's differ, and so
/// do "paid" and "credited".
const MARGIN_US: i64 = 15 * 60 * 1_000_000;

/// Money of ours, as our books have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booked {
    /// The provider's receipt; none where it was never told.
    pub receipt: Option<String>,
    /// Our name for it at the provider.
    pub provider_reference: Option<String>,
    /// How much.
    pub amount_minor: i64,
    /// Where it is.
    pub place: Place,
    /// Microseconds UTC.
    pub at_us: i64,
}

/// Where money is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a wallet.
    Wallet,
    /// Waiting for people.
    Waiting,
    /// Dismissed by an operator.
    Dismissed,
}

/// A difference between the two books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The provider has it, our books do not know it.
    MissingHere(Line),
    /// The provider has it, and it is in no wallet: it waits, or an operator dismissed it.
    NotInWallet(Line, Place),
    /// A wallet has it, the statement does not.
    MissingThere(Booked),
    /// Both have it, with another amount: the line's, ours.
    Amount(Line, i64),
    /// The statement has the receipt twice.
    Twice(Line),
}

/// What a comparison found. Amounts in minor units.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Lines that agree.
    pub matched: usize,
    /// Their sum.
    pub matched_minor: i64,
    /// What the statement received in all.
    pub statement_minor: i64,
    /// What wallets were credited with in the statement's span.
    pub booked_minor: i64,
    /// What differs.
    pub differences: Vec<Difference>,
}

/// Compares. `booked` may reach beyond the statement's span by [`MARGIN_US`] on both sides: what lies there is looked for and not
/// missed.
pub fn compare(statement: &Statement, booked: &[Booked]) -> Report {
    let mut report = Report::default();
    let by_receipt: HashMap<&str, &Booked> =
        booked.iter().filter_map(|one| Some((one.receipt.as_deref()?, one))).collect();
    let by_reference: HashMap<&str, &Booked> = booked
        .iter()
        .filter(|one| one.receipt.is_none())
        .filter_map(|one| Some((one.provider_reference.as_deref()?, one)))
        .collect();
    let mut seen: HashMap<*const Booked, ()> = HashMap::new();
    let mut receipts: HashMap<&str, ()> = HashMap::new();
    for line in &statement.received {
        report.statement_minor += line.amount_minor;
        if receipts.insert(&line.receipt, ()).is_some() {
            report.differences.push(Difference::Twice(line.clone()));
            continue;
        }
        let found = by_receipt.get(line.receipt.as_str());
        let found = found.or_else(|| by_reference.get(line.account_reference.as_deref()?));
        let Some(ours) = found else {
            report.differences.push(Difference::MissingHere(line.clone()));
            continue;
        };
        seen.insert(std::ptr::from_ref(*ours), ());
        if ours.place != Place::Wallet {
            report.differences.push(Difference::NotInWallet(line.clone(), ours.place));
        } else if ours.amount_minor == line.amount_minor {
            report.matched += 1;
            report.matched_minor += line.amount_minor;
        } else {
            report.differences.push(Difference::Amount(line.clone(), ours.amount_minor));
        }
    }
    for ours in booked.iter().filter(|ours| ours.place == Place::Wallet) {
        let is_seen = seen.contains_key(&std::ptr::from_ref(ours));
        let is_inside = statement.from_us + MARGIN_US <= ours.at_us && ours.at_us <= statement.to_us - MARGIN_US;
        if is_seen || is_inside {
            report.booked_minor += ours.amount_minor;
        }
        if !is_seen && is_inside {
            report.differences.push(Difference::MissingThere(ours.clone()));
        }
    }
    report
}

/// Why there is nothing to report.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The file is no statement that we know.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Reads a provider's statement and compares it with our books.
///
/// # Errors
/// The statement can't be read, or the database failed.
pub async fn reconcile(app: &AppState, text: &[u8]) -> Result<(Statement, Report), ReconcileError> {
    let statement = statement::read(text)?;
    let span = (statement.from_us - MARGIN_US, statement.to_us + MARGIN_US);
    let mut conn = app.db.acquire().await?;
    let booked = store::books::booked(&mut conn, statement.provider, span).await?;
    let report = compare(&statement, &booked);
    Ok((statement, report))
}

impl Difference {
    /// What differs, and what to do about it.
    pub fn sentence(&self, provider: Method) -> String {
        let minor = |amount: i64| format!("{}.{:02}", amount / 100, amount % 100);
        let name = provider.as_str();
        match self {
            Self::MissingHere(line) => format!(
                "{} of {} is on the statement and unknown here: its confirmation never came. Account `{}`.",
                line.receipt,
                minor(line.amount_minor),
                line.account_reference.as_deref().unwrap_or_default()
            ),
            Self::NotInWallet(line, Place::Dismissed) => {
                format!("{} of {} was dismissed by an operator.", line.receipt, minor(line.amount_minor))
            }
            Self::NotInWallet(line, _) => format!(
                "{} of {} waits for an operator (/v1/admin/payments/unmatched).",
                line.receipt,
                minor(line.amount_minor)
            ),
            Self::MissingThere(ours) => format!(
                "{} of {} is in a wallet and not on the statement of {name}.",
                ours.receipt.as_deref().or(ours.provider_reference.as_deref()).unwrap_or("a payment"),
                minor(ours.amount_minor)
            ),
            Self::Amount(line, ours) => {
                format!(
                    "{}: the statement says {}, the wallet {}.",
                    line.receipt,
                    minor(line.amount_minor),
                    minor(*ours)
                )
            }
            Self::Twice(line) => format!("{} stands on the statement twice.", line.receipt),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_US: i64 = 3_600_000_000;

    fn line(receipt: &str, amount_minor: i64) -> Line {
        let (receipt, account_reference) = (receipt.to_owned(), Some("ACD3F7".to_owned()));
        Line { receipt, account_reference, amount_minor, at_us: 5 * HOUR_US }
    }

    fn booked(receipt: Option<&str>, amount_minor: i64, place: Place, at_us: i64) -> Booked {
        let receipt = receipt.map(str::to_owned);
        Booked { receipt, provider_reference: Some("PUSH1".to_owned()), amount_minor, place, at_us }
    }

    fn statement(received: Vec<Line>) -> Statement {
        Statement { provider: Method::Mpesa, received, from_us: 0, to_us: 10 * HOUR_US, skipped: 0 }
    }

    #[test]
    fn books_that_agree_show_no_difference() {
        let ours = [
            booked(Some("A1"), 10_000, Place::Wallet, 5 * HOUR_US),
            // Credited by our question, which tells no receipt: known by our reference.
            booked(None, 20_000, Place::Wallet, 5 * HOUR_US),
            // On the neighbouring statement.
            booked(Some("Z9"), 70_000, Place::Wallet, 10 * HOUR_US + 1),
        ];
        let pushed = Line { account_reference: Some("PUSH1".to_owned()), ..line("A2", 20_000) };
        let report = compare(&statement(vec![line("A1", 10_000), pushed]), &ours);
        assert_eq!(report.differences, []);
        assert_eq!((report.matched, report.matched_minor), (2, 30_000));
        assert_eq!((report.statement_minor, report.booked_minor), (30_000, 30_000));
    }

    #[test]
    fn each_way_to_differ_is_named() {
        let ours = [
            booked(Some("B1"), 10_000, Place::Waiting, 5 * HOUR_US),
            booked(Some("B2"), 11_000, Place::Wallet, 5 * HOUR_US),
            booked(Some("B3"), 12_000, Place::Wallet, 5 * HOUR_US),
        ];
        let lines = vec![line("B0", 9_000), line("B1", 10_000), line("B2", 11_500), line("B2", 11_500)];
        let report = compare(&statement(lines), &ours);
        assert_eq!(
            report.differences,
            [
                Difference::MissingHere(line("B0", 9_000)),
                Difference::NotInWallet(line("B1", 10_000), Place::Waiting),
                Difference::Amount(line("B2", 11_500), 11_000),
                Difference::Twice(line("B2", 11_500)),
                Difference::MissingThere(ours[2].clone()),
            ]
        );
        assert!(report.differences.iter().all(|difference| difference.sentence(Method::Mpesa).ends_with('.')));
    }
}
