//! Statements as the providers' portals export them: CSV with names above the columns, in any order and case.
//!
//! M-Pesa's organisation statement begins with lines about the organisation, writes `DD-MM-YYYY HH:MM:SS` in East Africa Time and
//! amounts with thousands separators; charges and withdrawals stand between the payments. Paystack's export of transactions has a
//! line for every try, paid or not.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use crate::payments::Method;
use crate::payments::daraja::wire::{minor_units, receipt};

/// The names under which a column is known, in lower case without anything but letters.
const RECEIPT: &[&str] = &["receiptno", "receiptnumber", "transactionid", "transid"];
const MOMENT: &[&str] = &["completiontime", "transactiontime", "paidat", "transactiondate", "date"];
const PAID_IN: &[&str] = &["paidin", "amountpaid", "amount"];
const STATUS: &[&str] = &["transactionstatus", "status"];
const ACCOUNT: &[&str] = &["acno", "accountno", "accountnumber", "billrefnumber", "reference", "transactionreference"];
const REASON: &[&str] = &["reasontype", "details"];

/// A payment on a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The provider's receipt.
    pub receipt: String,
    /// The account that the payer wrote, or our reference.
    pub account_reference: Option<String>,
    /// How much.
    pub amount_minor: i64,
    /// Microseconds UTC.
    pub at_us: i64,
}

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Whose.
    pub provider: Method,
    /// What was received.
    pub received: Vec<Line>,
    /// Its first moment (microseconds UTC).
    pub from_us: i64,
    /// Its last moment.
    pub to_us: i64,
    /// Lines that move nothing to us: charges, withdrawals, failed tries.
    pub skipped: usize,
}

/// Why a file is not a statement.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// No line names the columns that are needed.
    #[error(
        "no line names the columns: receipt, time and amount are needed (`Receipt No.`, `Completion Time`, `Paid In`)"
    )]
    Columns,
    /// A line can't be read; the first is 1.
    #[error("line {line}: {what}")]
    Line {
        /// Which.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
    /// Not CSV, or nothing in it.
    #[error("the file holds no lines")]
    Empty,
}

/// Where the columns are.
struct Columns {
    receipt: usize,
    moment: usize,
    paid_in: usize,
    status: Option<usize>,
    account: Option<usize>,
    reason: Option<usize>,
}

impl Columns {
    fn named(names: &csv::StringRecord) -> Option<Self> {
        let plain = |name: &str| name.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_lowercase();
        let mut places = HashMap::new();
        for (name, place) in names.iter().map(plain).zip(0..) {
            // Of a name that stands twice, the first counts.
            places.entry(name).or_insert(place);
        }
        let find = |known: &[&str]| known.iter().find_map(|name| places.get(*name).copied());
        Some(Self {
            receipt: find(RECEIPT)?,
            moment: find(MOMENT)?,
            paid_in: find(PAID_IN)?,
            status: find(STATUS),
            account: find(ACCOUNT),
            reason: find(REASON),
        })
    }
}

/// Reads a statement.
///
/// # Errors
/// It has no columns that are known, or a line can't be read.
pub(super) fn read(text: &[u8]) -> Result<Statement, StatementError> {
    // A UTF-8 mark at the beginning, which spreadsheets write.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(text);
    let mut columns = None;
    let mut provider = Method::Mpesa;
    let mut statement = Statement { provider, received: Vec::new(), from_us: i64::MAX, to_us: i64::MIN, skipped: 0 };
    for record in reader.records() {
        let record = record.map_err(|error| StatementError::Line {
            line: error.position().map_or(0, csv::Position::line),
            what: "it is not CSV".to_owned(),
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        let Some(columns) = &columns else {
            columns = Columns::named(&record);
            let names = record.iter().any(|name| name.eq_ignore_ascii_case("currency"));
            provider = if names { Method::Paystack } else { Method::Mpesa };
            continue;
        };
        match payment(columns, provider, &record).map_err(|what| StatementError::Line { line, what })? {
            Row::Payment(payment) => {
                statement.from_us = statement.from_us.min(payment.at_us);
                statement.to_us = statement.to_us.max(payment.at_us);
                statement.received.push(payment);
            }
            Row::Other(at_us) => {
                statement.skipped += 1;
                if let Some(at_us) = at_us {
                    statement.from_us = statement.from_us.min(at_us);
                    statement.to_us = statement.to_us.max(at_us);
                }
            }
        }
    }
    if columns.is_none() {
        return Err(StatementError::Columns);
    }
    if statement.from_us > statement.to_us {
        return Err(StatementError::Empty);
    }
    statement.provider = provider;
    Ok(statement)
}

/// What a line is.
enum Row {
    /// Money for us.
    Payment(Line),
    /// A charge, a withdrawal, a failed try, or a sum; with its moment where it has one.
    Other(Option<i64>),
}

fn payment(columns: &Columns, provider: Method, record: &csv::StringRecord) -> Result<Row, String> {
    let field = |place: usize| record.get(place).unwrap_or_default();
    let optional = |place: Option<usize>| place.map(field).unwrap_or_default();
    let at_us = moment_us(field(columns.moment));
    let status = optional(columns.status).to_lowercase();
    let is_done = columns.status.is_none() || matches!(status.as_str(), "completed" | "success" | "successful");
    let paid_in =
        field(columns.paid_in).trim_start_matches(|letter: char| letter.is_ascii_alphabetic() || letter == ' ');
    let reason = optional(columns.reason).to_lowercase();
    let is_charge = reason.contains("charge") || reason.contains("withdrawal");
    if !is_done || is_charge || paid_in.is_empty() || matches!(paid_in, "0" | "0.00") || paid_in.starts_with('-') {
        return Ok(Row::Other(at_us));
    }
    let Some(receipt) = receipt(field(columns.receipt)) else {
        // A line of sums has no receipt.
        return if field(columns.receipt).is_empty() {
            Ok(Row::Other(at_us))
        } else {
            Err(format!("`{}` is not a receipt", field(columns.receipt)))
        };
    };
    let amount_minor = minor_units(paid_in).ok_or_else(|| format!("`{paid_in}` is not an amount"))?;
    let at_us = at_us.ok_or_else(|| format!("`{}` is not a time", field(columns.moment)))?;
    let account = Some(optional(columns.account)).filter(|account| !account.is_empty());
    let account_reference = account.map(|account| match provider {
        // As we read what payers type.
        Method::Mpesa => account.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase(),
        Method::Paystack => account.to_owned(),
    });
    Ok(Row::Payment(Line { receipt, account_reference, amount_minor, at_us }))
}

/// A moment as the portals write it, in East Africa Time where it names no zone.
fn moment_us(text: &str) -> Option<i64> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.as_microsecond());
    }
    const FORMATS: [&str; 5] =
        ["%d-%m-%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%d-%m-%Y %H:%M", "%Y-%m-%dT%H:%M:%S"];
    let local = FORMATS.iter().find_map(|format| DateTime::strptime(format, text).ok())?;
    Some(local.to_zoned(TimeZone::fixed(Offset::constant(3))).ok()?.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MPESA: &str = "\u{feff}Organization Name,DUKA LTD,,\r\nShort Code,600638,,\r\n\r\n\
        Receipt No.,Completion Time,Initiation Time,Details,Transaction Status,Paid In,Withdrawn,Balance,Balance Confirmed,Reason Type,Other Party Info,Linked Transaction ID,A/C No.\r\n\
        RKT1ABCDEF,30-11-2026 12:00:00,30-11-2026 11:59:58,Pay Bill from 2547*****001 - ASHA Acc. ACD3F7,Completed,\"1,500.00\",,\"9,000.00\",TRUE,Pay Utility,2547 - ASHA,,acd 3f7\r\n\
        RKT1ABCDEF,30-11-2026 12:00:00,,Pay Bill Charge,Completed,,-15.00,,TRUE,Pay Utility Charge,,,\r\n\
        RKT1ABCDEG,30-11-2026 12:10:00,,Pay Bill,Failed,100.00,,,TRUE,Pay Utility,,,X\r\n\
        RKT1ABCDEH,30-11-2026 13:00:00,,Organization Withdrawal,Completed,,\"-5,000.00\",,TRUE,Withdrawal,,,\r\n";

    #[test]
    fn an_mpesa_statement_is_read_by_the_names_of_its_columns() {
        let statement = read(MPESA.as_bytes()).unwrap();
        assert_eq!((statement.provider, statement.skipped), (Method::Mpesa, 3));
        let expected = Line {
            receipt: "RKT1ABCDEF".to_owned(),
            account_reference: Some("ACD3F7".to_owned()),
            amount_minor: 150_000,
            at_us: "2026-11-30T09:00:00Z".parse::<Timestamp>().unwrap().as_microsecond(),
        };
        assert_eq!(statement.received, [expected]);
        assert_eq!(statement.to_us - statement.from_us, 3_600_000_000);
    }

    #[test]
    fn columns_may_stand_in_any_order_and_case() {
        let text = "paid in,a/c no.,RECEIPT NO,completion time\n10,ACD3F7,RKT1ABCDEF,30/11/2026 12:00:00\n";
        let statement = read(text.as_bytes()).unwrap();
        assert_eq!((statement.received[0].amount_minor, statement.received.len()), (1_000, 1));
    }

    #[test]
    fn a_paystack_export_is_read_too() {
        let text = "Transaction ID,Reference,Amount,Currency,Status,Transaction Date\n\
            4099260516,019a2f60-9d04,KES 1000.00,KES,Success,2026-11-30T09:00:00.000Z\n\
            4099260517,019a2f60-9d05,1000.00,KES,Failed,2026-11-30T09:05:00.000Z\n";
        let statement = read(text.as_bytes()).unwrap();
        assert_eq!((statement.provider, statement.received.len(), statement.skipped), (Method::Paystack, 1, 1));
        assert_eq!(statement.received[0].account_reference.as_deref(), Some("019a2f60-9d04"));
    }

    #[test]
    fn what_is_no_statement_says_so() {
        assert_eq!(read(b""), Err(StatementError::Columns));
        assert_eq!(read(b"a,b\n1,2\n"), Err(StatementError::Columns));
        let names = "Receipt No,Completion Time,Paid In\n";
        assert_eq!(read(names.as_bytes()), Err(StatementError::Empty));
        let wrong = format!("{names}RKT1ABCDEF,30-11-2026 12:00:00,ten\n");
        // Letters before an amount are its currency, so nothing is left of this one.
        assert_eq!(read(wrong.as_bytes()).map(|statement| statement.skipped), Ok(1));
        let wrong = format!("{names}RKT1ABCDEF,30-11-2026 12:00:00,1.005\n");
        let what = "`1.005` is not an amount".to_owned();
        assert_eq!(read(wrong.as_bytes()), Err(StatementError::Line { line: 2, what }));
    }
}
