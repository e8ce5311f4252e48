//! A provider's own statement against our books, shilling by shilling: what matches, what is missing on either side, and why.
//!
//! ```text
//! FILE ──► statement.rs: lines with receipt, amount, moment ──► compare ◄── top-ups and payments that wait, of the same span
//! ```
//! A run without differences is the proof that every shilling that the provider received is in a wallet, and that no wallet has
//! one that it did not.

pub mod http;
mod statement;
mod take;

use std::collections::{HashMap, HashSet};

use sautikit_api::money::Currency;

use super::{Method, store};
use crate::state::AppState;

pub use statement::{Line, Reversal, Statement, StatementError};
pub use take::{Taken, take, take_by};

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
    /// Of it.
    pub currency: Currency,
    /// What the provider took back of it, positive.
    pub reversed_minor: i64,
    /// Where it is.
    pub place: Place,
    /// When it was paid, as far as was told: microseconds UTC.
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
    /// Both have it, with another amount or in another currency: the line's, ours.
    Amount(Line, i64, Currency),
    /// The statement has the receipt twice.
    Twice(Line),
    /// The provider gave it back, and a wallet still has it or it still waits. With what our books know of its return.
    ReversedThere(Reversal, i64),
}

/// Sums of one currency, in its minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Which.
    pub currency: Currency,
    /// What agrees.
    pub matched_minor: i64,
    /// What the statement received in all.
    pub statement_minor: i64,
    /// What wallets were credited with in the statement's span.
    pub booked_minor: i64,
}

/// What a comparison found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Lines that agree.
    pub matched: usize,
    /// Lines whose money came and went back without a wallet having had it.
    pub returned: usize,
    /// The sums, of each currency.
    pub totals: Vec<Totals>,
    /// What differs.
    pub differences: Vec<Difference>,
}

impl Report {
    fn of(&mut self, currency: Currency) -> &mut Totals {
        let place = self.totals.iter().position(|totals| totals.currency == currency).unwrap_or_else(|| {
            self.totals.push(Totals { currency, matched_minor: 0, statement_minor: 0, booked_minor: 0 });
            self.totals.len() - 1
        });
        &mut self.totals[place]
    }
}

/// Our books by the names under which a line can mean them.
struct Index<'a> {
    by_receipt: HashMap<&'a str, usize>,
    by_reference: HashMap<&'a str, usize>,
}

impl<'a> Index<'a> {
    fn new(provider: Method, booked: &'a [Booked]) -> Self {
        let mut index = Self { by_receipt: HashMap::new(), by_reference: HashMap::new() };
        for (place, one) in booked.iter().enumerate() {
            if let Some(receipt) = &one.receipt {
                index.by_receipt.insert(receipt, place);
            }
            // At the Paybill many payments can bear one reference, at Paystack one.
            let is_name = one.receipt.is_none() || provider == Method::Paystack;
            if let Some(reference) = one.provider_reference.as_deref().filter(|_| is_name) {
                index.by_reference.insert(reference, place);
            }
        }
        index
    }

    fn find(&self, receipt: &str, reference: Option<&str>) -> Option<usize> {
        self.by_receipt.get(receipt).or_else(|| self.by_reference.get(reference?)).copied()
    }

    fn find_line(&self, line: &Line) -> Option<usize> {
        self.find(&line.receipt, line.account_reference.as_deref())
    }

    /// What went back: named by its receipt, on an export without receipts by our reference.
    fn find_reversed(&self, reversal: &Reversal) -> Option<usize> {
        let of = reversal.of.as_deref()?;
        self.find(of, Some(of))
    }
}

/// Compares. `booked` may reach beyond the statement's span: what lies there is looked for and not missed.
pub fn compare(statement: &Statement, booked: &[Booked]) -> Report {
    let mut report = Report::default();
    let index = Index::new(statement.provider, booked);
    let mut gone: HashMap<&str, i64> = HashMap::new();
    for reversal in &statement.reversed {
        if let Some(of) = reversal.of.as_deref() {
            *gone.entry(of).or_default() += reversal.amount_minor;
        }
    }
    let is_gone = |line: &Line| gone.get(line.receipt.as_str()).is_some_and(|gone| *gone >= line.amount_minor);
    let mut seen = HashSet::new();
    let mut receipts = HashSet::new();
    for line in &statement.received {
        report.of(line.currency).statement_minor += line.amount_minor;
        if !receipts.insert(line.receipt.as_str()) {
            report.differences.push(Difference::Twice(line.clone()));
            continue;
        }
        let Some(place) = index.find_line(line) else {
            if is_gone(line) {
                report.returned += 1;
            } else {
                report.differences.push(Difference::MissingHere(line.clone()));
            }
            continue;
        };
        seen.insert(place);
        let ours = &booked[place];
        match ours.place {
            Place::Wallet if (ours.amount_minor, ours.currency) == (line.amount_minor, line.currency) => {
                report.matched += 1;
                report.of(line.currency).matched_minor += line.amount_minor;
            }
            Place::Wallet => {
                report.differences.push(Difference::Amount(line.clone(), ours.amount_minor, ours.currency))
            }
            // Dismissed because it was sent back, and it was.
            Place::Dismissed if is_gone(line) => report.returned += 1,
            place => report.differences.push(Difference::NotInWallet(line.clone(), place)),
        }
    }
    compare_reversals(statement, booked, &index, &mut report);
    for (place, ours) in booked.iter().enumerate().filter(|(_, ours)| ours.place == Place::Wallet) {
        let is_seen = seen.contains(&place);
        let is_inside = statement.from_us + MARGIN_US <= ours.at_us && ours.at_us <= statement.to_us - MARGIN_US;
        if is_seen || is_inside {
            report.of(ours.currency).booked_minor += ours.amount_minor;
        }
        if !is_seen && is_inside {
            report.differences.push(Difference::MissingThere(ours.clone()));
        }
    }
    report.totals.sort_by_key(|totals| totals.currency.code());
    report
}

/// What went back on the statement has gone out of its wallet, or never was in one.
fn compare_reversals(statement: &Statement, booked: &[Booked], index: &Index<'_>, report: &mut Report) {
    let on_statement: HashSet<&str> = statement.received.iter().map(|line| line.receipt.as_str()).collect();
    // Several of one payment together are what our books have in one sum.
    let mut counted: HashMap<usize, i64> = HashMap::new();
    for reversal in &statement.reversed {
        let known_minor = match index.find_reversed(reversal) {
            Some(place) => match booked[place].place {
                Place::Wallet => {
                    let sum_minor = counted.entry(place).or_default();
                    *sum_minor += reversal.amount_minor;
                    if booked[place].reversed_minor >= *sum_minor {
                        continue;
                    }
                    booked[place].reversed_minor
                }
                Place::Dismissed => continue,
                Place::Waiting => 0,
            },
            // Neither the payment nor its return is known here: nothing of it is in a wallet.
            None if reversal.of.as_deref().is_some_and(|of| on_statement.contains(of)) => continue,
            None => 0,
        };
        report.differences.push(Difference::ReversedThere(reversal.clone(), known_minor));
    }
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
    let provider = statement.provider;
    let span = (statement.from_us - MARGIN_US, statement.to_us + MARGIN_US);
    let mut conn = app.db.acquire().await?;
    let mut booked = store::books::booked(&mut conn, provider, span).await?;
    // What our books have at another time, because it was settled late, is looked up by its name.
    let mut elsewhere = Vec::new();
    {
        let index = Index::new(provider, &booked);
        let unknown = statement.received.iter().filter(|line| index.find_line(line).is_none());
        let mut names: Vec<_> =
            unknown.map(|line| (line.receipt.as_str(), line.account_reference.as_deref())).collect();
        let unknown = statement.reversed.iter().filter(|reversal| index.find_reversed(reversal).is_none());
        names.extend(unknown.filter_map(|reversal| Some((reversal.of.as_deref()?, reversal.of.as_deref()))));
        for (receipt, reference) in names {
            let found = store::books::booked_as(&mut conn, provider, receipt, reference).await?;
            elsewhere.extend(found.filter(|found| !elsewhere.contains(found)));
        }
    }
    booked.append(&mut elsewhere);
    let report = compare(&statement, &booked);
    Ok((statement, report))
}

impl Difference {
    /// What differs, and what to do about it.
    pub fn sentence(&self, provider: Method) -> String {
        let name = provider.name();
        match self {
            Self::MissingHere(line) => format!(
                "{} of {} is on the statement and unknown here: its confirmation never came. Account `{}`. Taking \
                 it in (`--take`) credits it.",
                line.receipt,
                line.currency.format_minor(line.amount_minor),
                line.account_reference.as_deref().unwrap_or_default()
            ),
            Self::NotInWallet(line, Place::Dismissed) => format!(
                "{} of {} was dismissed by an operator, and the statement does not show that it was sent back.",
                line.receipt,
                line.currency.format_minor(line.amount_minor)
            ),
            Self::NotInWallet(line, _) => format!(
                "{} of {} waits for an operator (/v1/admin/payments/unmatched).",
                line.receipt,
                line.currency.format_minor(line.amount_minor)
            ),
            Self::MissingThere(ours) => format!(
                "{} of {} is in a wallet and not on the statement of {name}.",
                ours.receipt.as_deref().or(ours.provider_reference.as_deref()).unwrap_or("a payment"),
                ours.currency.format_minor(ours.amount_minor)
            ),
            Self::Amount(line, ours_minor, ours) => format!(
                "{}: the statement says {}, the wallet {}.",
                line.receipt,
                line.currency.format_minor(line.amount_minor),
                ours.format_minor(*ours_minor)
            ),
            Self::Twice(line) => format!("{} stands on the statement twice.", line.receipt),
            Self::ReversedThere(reversal, known_minor) => format!(
                "{name} gave {} of {} back to the payer ({}), of which our books know {}. Taking \
                 it in (`--take`) takes it out of the wallet.",
                reversal.currency.format_minor(reversal.amount_minor),
                reversal.of.as_deref().unwrap_or("a payment that the line does not name"),
                reversal.receipt,
                reversal.currency.format_minor(*known_minor)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_US: i64 = 3_600_000_000;

    fn line(receipt: &str, amount_minor: i64) -> Line {
        let (receipt, account_reference) = (receipt.to_owned(), Some("ACD3F7".to_owned()));
        Line { receipt, account_reference, amount_minor, currency: Currency::KES, at_us: 5 * HOUR_US }
    }

    fn booked(receipt: Option<&str>, amount_minor: i64, place: Place, at_us: i64) -> Booked {
        let receipt = receipt.map(str::to_owned);
        Booked {
            receipt,
            provider_reference: Some("PUSH1".to_owned()),
            amount_minor,
            currency: Currency::KES,
            reversed_minor: 0,
            place,
            at_us,
        }
    }

    fn statement(received: Vec<Line>) -> Statement {
        Statement {
            provider: Method::Mpesa,
            received,
            reversed: Vec::new(),
            from_us: 0,
            to_us: 10 * HOUR_US,
            skipped: 0,
        }
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
        assert_eq!(report.matched, 2);
        let (matched_minor, statement_minor, booked_minor) = (30_000, 30_000, 30_000);
        assert_eq!(report.totals, [Totals { currency: Currency::KES, matched_minor, statement_minor, booked_minor }]);
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
                Difference::Amount(line("B2", 11_500), 11_000, Currency::KES),
                Difference::Twice(line("B2", 11_500)),
                Difference::MissingThere(ours[2].clone()),
            ]
        );
        assert!(report.differences.iter().all(|difference| difference.sentence(Method::Mpesa).ends_with('.')));
    }

    fn reversal(of: &str, amount_minor: i64) -> Reversal {
        let (receipt, of) = (format!("R-{of}"), Some(of.to_owned()));
        Reversal { receipt, of, amount_minor, currency: Currency::KES, at_us: 6 * HOUR_US }
    }

    #[test]
    fn what_went_back_must_have_left_the_wallet() {
        let ours = [
            Booked { reversed_minor: 10_000, ..booked(Some("C1"), 10_000, Place::Wallet, 5 * HOUR_US) },
            booked(Some("C2"), 11_000, Place::Wallet, 5 * HOUR_US),
            booked(Some("C3"), 12_000, Place::Dismissed, 5 * HOUR_US),
            // Paid for on an earlier statement.
            booked(Some("C0"), 5_000, Place::Wallet, -20 * HOUR_US),
        ];
        let lines = vec![line("C1", 10_000), line("C2", 11_000), line("C3", 12_000), line("C4", 13_000)];
        let reversed = vec![
            reversal("C1", 10_000),
            reversal("C2", 4_000),
            reversal("C3", 12_000),
            // Came and went, and was never heard of here.
            reversal("C4", 13_000),
            reversal("C0", 5_000),
        ];
        let report = compare(&Statement { reversed, ..statement(lines) }, &ours);
        let expected =
            [Difference::ReversedThere(reversal("C2", 4_000), 0), Difference::ReversedThere(reversal("C0", 5_000), 0)];
        assert_eq!((&report.differences[..], report.matched, report.returned), (&expected[..], 2, 2));
    }

    #[test]
    fn amounts_of_two_currencies_are_two_sums_and_no_match() {
        let naira = Line { currency: Currency::NGN, ..line("D1", 10_000) };
        let ours = [booked(Some("D1"), 10_000, Place::Wallet, 5 * HOUR_US)];
        let report = compare(&statement(vec![naira.clone()]), &ours);
        assert_eq!(report.differences, [Difference::Amount(naira, 10_000, Currency::KES)]);
        let sums: Vec<_> =
            report.totals.iter().map(|one| (one.currency, one.statement_minor, one.booked_minor)).collect();
        assert_eq!(sums, [(Currency::KES, 0, 10_000), (Currency::NGN, 10_000, 0)]);
    }
}
