//! Statements as the providers' portals export them, or as a spreadsheet saved them again: CSV with names above the columns, in any
//! order and case, in any encoding and with any separator that [`crate::spreadsheet`] knows.
//!
//! M-Pesa's organisation statement begins with lines about the organisation, writes `DD-MM-YYYY HH:MM:SS` in East Africa Time and
//! amounts with thousands separators; charges and withdrawals stand between the payments. Paystack's export of transactions has a
//! line for every try, paid or not.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use sautikit_api::money::Currency;

use crate::payments::Method;
use crate::payments::daraja::wire;
use crate::spreadsheet::{self, SEPARATORS, with_point};

/// The names under which a column is known, in lower case without anything but letters.
const RECEIPT: &[&str] = &["receiptno", "receiptnumber", "transactionid", "transid", "id"];
const MOMENT: &[&str] = &["completiontime", "transactiontime", "paidat", "transactiondate", "date"];
const PAID_IN: &[&str] = &["paidin", "paidinkes", "amountpaid", "amount"];
const STATUS: &[&str] = &["transactionstatus", "status"];
const ACCOUNT: &[&str] = &["acno", "accountno", "accountnumber", "billrefnumber", "reference", "transactionreference"];
const REASON: &[&str] = &["reasontype"];
const DETAILS: &[&str] = &["details"];
const WITHDRAWN: &[&str] = &["withdrawn", "withdrawnkes", "paidout"];
const LINKED: &[&str] = &["linkedtransactionid", "originaltransactionid"];
const CURRENCY: &[&str] = &["currency"];

/// A payment on a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The provider's receipt.
    pub receipt: String,
    /// The account that the payer wrote, or our reference.
    pub account_reference: Option<String>,
    /// How much.
    pub amount_minor: i64,
    /// Of it.
    pub currency: Currency,
    /// Microseconds UTC.
    pub at_us: i64,
}

/// Money that the provider gave back to a payer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reversal {
    /// The provider's receipt of the reversal.
    pub receipt: String,
    /// The receipt of the payment that went back, where the line names it.
    pub of: Option<String>,
    /// How much, positive.
    pub amount_minor: i64,
    /// Of it.
    pub currency: Currency,
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
    /// What went back to payers.
    pub reversed: Vec<Reversal>,
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
    /// A workbook or a PDF.
    #[error("the file is a workbook or a PDF. Export the statement as CSV, or save the sheet as CSV")]
    NoText,
    /// Not CSV, or nothing in it.
    #[error("the file holds no lines")]
    Empty,
}

/// Where the columns are.
struct Columns {
    /// None on an export that names payments by our reference only.
    receipt: Option<usize>,
    moment: usize,
    paid_in: usize,
    status: Option<usize>,
    account: Option<usize>,
    reason: Option<usize>,
    details: Option<usize>,
    withdrawn: Option<usize>,
    linked: Option<usize>,
    currency: Option<usize>,
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
        // Paystack's export can leave its own id out.
        let receipt = find(RECEIPT);
        if receipt.is_none() && (find(CURRENCY).is_none() || find(ACCOUNT).is_none()) {
            return None;
        }
        Some(Self {
            receipt,
            moment: find(MOMENT)?,
            paid_in: find(PAID_IN)?,
            status: find(STATUS),
            account: find(ACCOUNT),
            reason: find(REASON),
            details: find(DETAILS),
            withdrawn: find(WITHDRAWN),
            linked: find(LINKED),
            currency: find(CURRENCY),
        })
    }
}

/// Reads a statement.
///
/// # Errors
/// It has no columns that are known, or a line can't be read.
pub(super) fn read(text: &[u8]) -> Result<Statement, StatementError> {
    let text = spreadsheet::text(text);
    if spreadsheet::is_no_text(&text) {
        return Err(StatementError::NoText);
    }
    let separator = SEPARATORS.into_iter().find(|separator| {
        let begin = lines_of(&text, *separator).into_records().take(MOST_LINES_ABOVE);
        begin.flatten().any(|names| Columns::named(&names).is_some())
    });
    let mut reader = lines_of(&text, separator.ok_or(StatementError::Columns)?);
    let mut columns = None;
    let mut provider = Method::Mpesa;
    let mut statement = Statement {
        provider,
        received: Vec::new(),
        reversed: Vec::new(),
        from_us: i64::MAX,
        to_us: i64::MIN,
        skipped: 0,
    };
    for record in reader.records() {
        let record = record.map_err(|error| StatementError::Line {
            line: error.position().map_or(0, csv::Position::line),
            what: "it is not CSV".to_owned(),
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        let Some(columns) = &columns else {
            columns = Columns::named(&record);
            let is_paystack = columns.as_ref().is_some_and(|columns| columns.currency.is_some());
            provider = if is_paystack { Method::Paystack } else { Method::Mpesa };
            continue;
        };
        let row = match payment(columns, provider, &record) {
            // The names of the columns, at the head of a further page.
            Err(_) if Columns::named(&record).is_some() => Row::Other(None),
            read => read.map_err(|what| StatementError::Line { line, what })?,
        };
        match row {
            Row::Payment(payment) => {
                statement.spans(payment.at_us);
                statement.received.push(payment);
            }
            Row::Returned(payment) => {
                statement.spans(payment.at_us);
                statement.reversed.push(Reversal {
                    receipt: payment.receipt.clone(),
                    of: Some(payment.receipt.clone()),
                    amount_minor: payment.amount_minor,
                    currency: payment.currency,
                    at_us: payment.at_us,
                });
                statement.received.push(payment);
            }
            Row::Reversal(reversal) => {
                statement.spans(reversal.at_us);
                statement.reversed.push(reversal);
            }
            Row::Other(at_us) => {
                statement.skipped += 1;
                if let Some(at_us) = at_us {
                    statement.spans(at_us);
                }
            }
        }
    }
    if statement.from_us > statement.to_us {
        return Err(StatementError::Empty);
    }
    statement.provider = provider;
    Ok(statement)
}

/// Lines about the organisation above the names of the columns, at most.
const MOST_LINES_ABOVE: usize = 200;

fn lines_of(text: &str, separator: u8) -> csv::Reader<&[u8]> {
    let mut builder = csv::ReaderBuilder::new();
    builder.delimiter(separator).has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes())
}

impl Statement {
    /// Reaches to that moment (microseconds UTC).
    fn spans(&mut self, at_us: i64) {
        self.from_us = self.from_us.min(at_us);
        self.to_us = self.to_us.max(at_us);
    }
}

/// What a line is.
enum Row {
    /// Money for us.
    Payment(Line),
    /// Money for us that went back, on one line.
    Returned(Line),
    /// Money that went back.
    Reversal(Reversal),
    /// A charge, a withdrawal, a failed try, or a sum; with its moment where it has one.
    Other(Option<i64>),
}

fn payment(columns: &Columns, provider: Method, record: &csv::StringRecord) -> Result<Row, String> {
    let field = |place: usize| record.get(place).unwrap_or_default();
    let optional = |place: Option<usize>| place.map(field).unwrap_or_default();
    let at_us = moment_us(field(columns.moment));
    let status = optional(columns.status).to_lowercase();
    let is_returned = provider == Method::Paystack && matches!(status.as_str(), "reversed" | "refunded");
    let is_done =
        is_returned || columns.status.is_none() || matches!(status.as_str(), "completed" | "success" | "successful");
    let currency = match provider {
        Method::Mpesa => Some(Currency::KES),
        Method::Paystack => Currency::parse(&optional(columns.currency).to_ascii_uppercase()),
    };
    // In a currency that no wallet has, nothing of it is ours.
    let (true, Some(currency)) = (is_done, currency) else { return Ok(Row::Other(at_us)) };
    let said = format!("{} {}", optional(columns.reason), optional(columns.details)).to_lowercase();
    let is_charge = said.contains("charge");
    let is_reversal = said.contains("reversal") || said.contains("reversed");
    let told = optional(columns.receipt);
    // Of sums without a receipt nothing is asked.
    let in_letters = |text: &str| {
        let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
        receipt(told).is_some() && !has_digit && text.chars().any(char::is_alphabetic)
    };
    let withdrawn = plain(optional(columns.withdrawn));
    if is_reversal && !is_charge && (!is_nothing(&withdrawn) || in_letters(optional(columns.withdrawn))) {
        return reversal(columns, record, currency, &withdrawn, at_us).map(Row::Reversal);
    }
    let paid_in = plain(field(columns.paid_in));
    let is_nothing = is_nothing(&paid_in) && !in_letters(field(columns.paid_in));
    if is_charge || said.contains("withdrawal") || is_nothing || is_negative(field(columns.paid_in)) {
        return Ok(Row::Other(at_us));
    }
    let account = Some(optional(columns.account)).filter(|account| !account.is_empty());
    let named = receipt(told)
        .or_else(|| account.filter(|_| provider == Method::Paystack && told.is_empty()).map(str::to_owned));
    let Some(receipt) = named else {
        // A line of sums has no receipt.
        return if told.is_empty() { Ok(Row::Other(at_us)) } else { Err(format!("`{told}` is not a receipt")) };
    };
    let no_amount = || format!("`{}` is not an amount", field(columns.paid_in));
    let amount_minor = amount(currency, &paid_in).ok_or_else(no_amount)?;
    let at_us = at_us.ok_or_else(|| format!("`{}` is not a time", field(columns.moment)))?;
    let account_reference = account.map(|account| match provider {
        // As we read what payers type.
        Method::Mpesa => account.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase(),
        Method::Paystack => account.to_owned(),
    });
    let line = Line { receipt, account_reference, amount_minor, currency, at_us };
    Ok(if is_returned { Row::Returned(line) } else { Row::Payment(line) })
}

fn reversal(
    columns: &Columns,
    record: &csv::StringRecord,
    currency: Currency,
    withdrawn: &str,
    at_us: Option<i64>,
) -> Result<Reversal, String> {
    let optional = |place: Option<usize>| place.and_then(|place| record.get(place)).unwrap_or_default();
    let told = optional(columns.receipt);
    let own = receipt(told).ok_or_else(|| format!("`{told}` is not a receipt"))?;
    // Named in a column of its own, or in words: "Reversal of RKT1ABCDEF".
    let in_words = optional(columns.details).split(|letter: char| !letter.is_ascii_alphanumeric()).rev();
    let in_words = in_words.filter(|word| word.len() == 10 && word.bytes().any(|byte| byte.is_ascii_digit()));
    let in_words = in_words.filter(|word| word.bytes().any(|byte| byte.is_ascii_uppercase())).find_map(receipt);
    Ok(Reversal {
        of: receipt(optional(columns.linked)).or(in_words).filter(|of| *of != own),
        receipt: own,
        amount_minor: amount(currency, withdrawn)
            .ok_or_else(|| format!("`{}` is not an amount", optional(columns.withdrawn)))?,
        currency,
        at_us: at_us.ok_or_else(|| format!("`{}` is not a time", record.get(columns.moment).unwrap_or_default()))?,
    })
}

/// A receipt as M-Pesa writes them, also where a spreadsheet was told that it is text: `="RKT1ABCDEF"`.
fn receipt(told: &str) -> Option<String> {
    wire::receipt(told.trim_matches(['=', '"', '\'', ' ']))
}

/// An amount without the currency before it and without its sign.
fn plain(text: &str) -> String {
    with_point(text.trim_start_matches(|letter: char| letter.is_ascii_alphabetic() || matches!(letter, ' ' | '-')))
}

/// Whether a minus stands before the amount.
fn is_negative(text: &str) -> bool {
    text.split(|letter: char| letter.is_ascii_digit()).next().is_some_and(|before| before.contains('-'))
}

fn is_nothing(plain: &str) -> bool {
    plain.bytes().all(|byte| matches!(byte, b'0' | b'.' | b',' | b' '))
}

/// Minor units of a positive amount; decimals beyond the currency's own may be there when they are zeros.
fn amount(currency: Currency, plain: &str) -> Option<i64> {
    let exact = if plain.contains('.') { plain.trim_end_matches('0').trim_end_matches('.') } else { plain };
    currency.parse_minor(exact).filter(|amount_minor| *amount_minor > 0)
}

/// A moment as the portals write it, in East Africa Time where it names no zone.
fn moment_us(text: &str) -> Option<i64> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.as_microsecond());
    }
    // The day stands before the month, as in Kenya: a month before its day is guessed nowhere.
    const FORMATS: [&str; 15] = [
        "%d-%m-%Y %H:%M:%S",
        "%d/%m/%Y %H:%M:%S",
        "%Y-%m-%d %H:%M:%S",
        "%d-%m-%Y %H:%M",
        "%d/%m/%Y %H:%M",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M:%S",
        "%d-%m-%Y %I:%M:%S %p",
        "%d/%m/%Y %I:%M:%S %p",
        "%d.%m.%Y %H:%M:%S",
        "%d.%m.%Y %H:%M",
        "%d-%b-%Y %H:%M:%S",
        "%d %b %Y %H:%M:%S",
        "%b %d, %Y %I:%M:%S %p",
        "%b %d, %Y %I:%M %p",
    ];
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
            currency: Currency::KES,
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
    fn a_statement_is_read_as_spreadsheets_save_it_again() {
        let expected = read(MPESA.as_bytes()).unwrap();
        let as_text = MPESA.trim_start_matches('\u{feff}').replace("RKT1ABCDEF,3", "=\"RKT1ABCDEF\",3");
        // With semicolons, decimal commas and minutes only, where commas stand before decimals.
        let continental = "sep=;\nReceipt No.;Completion Time;Details;Transaction Status;Paid In;Withdrawn;Reason Type;A/C No.\n\
            RKT1ABCDEF;30/11/2026 12:00;Pay Bill from JOS\u{c9};Completed;1.500,00;;Pay Utility;ACD3F7\n\
            RKT1ABCDEF;30/11/2026 12:00;Pay Bill Charge;Completed;;-15,00;Pay Utility Charge;\n\
            RKT1ABCDEG;30/11/2026 12:10;Pay Bill;Failed;100,00;;Pay Utility;X\n\
            RKT1ABCDEH;30/11/2026 13:00;Organization Withdrawal;Completed;;-5.000,00;Withdrawal;\n";
        let western: Vec<u8> = continental.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect();
        let tabs =
            MPESA.replace("\"1,500.00\"", "1500").replace("\"9,000.00\"", "9000").replace("\"-5,000.00\"", "-5000");
        let tabs = tabs.trim_start_matches('\u{feff}').replace(',', "\t");
        let unicode: Vec<u8> = [0xfeff].into_iter().chain(tabs.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        for saved in [as_text.as_bytes(), continental.as_bytes(), &western, tabs.as_bytes(), &unicode] {
            assert_eq!(read(saved).as_ref(), Ok(&expected), "{}", String::from_utf8_lossy(saved));
        }
        for workbook in [&b"PK\x03\x04\x14\x00"[..], b"%PDF-1.7"] {
            assert_eq!(read(workbook), Err(StatementError::NoText));
        }
    }

    #[test]
    fn moments_are_read_as_portals_write_them() {
        let noon = moment_us("2026-11-30T09:00:00Z");
        for written in ["30-11-2026 12:00:00", "30/11/2026 12:00", "30/11/2026 12:00:00 PM", "2026-11-30 12:00"] {
            assert_eq!(moment_us(written), noon, "{written}");
        }
        for written in ["30-Nov-2026 12:00:00", "30 Nov 2026 12:00:00", "Nov 30, 2026 12:00:00 PM", "30.11.2026 12:00"]
        {
            assert_eq!(moment_us(written), noon, "{written}");
        }
        assert_eq!(moment_us("11/30/2026 12:00"), None);
    }

    #[test]
    fn what_went_back_is_read_with_the_payment_that_it_was() {
        let head = "Receipt No.,Completion Time,Details,Transaction Status,Paid In,Withdrawn,Reason Type,Linked Transaction ID\n";
        let lines = "RKT1REVERS,30-11-2026 14:00:00,Pay Bill Reversal,Completed,,\"-1,500.00\",Pay Utility Reversal,RKT1ABCDEF\n\
            RKT1REVER2,30-11-2026 15:00:00,Reversal of RKT1ABCDEG,Completed,,-20.00,,\n\
            RKT1REVER3,30-11-2026 15:00:00,Pay Bill Charge Reversal,Completed,15.00,,Charge Reversal,\n";
        let statement = read(format!("{head}{lines}").as_bytes()).unwrap();
        let told: Vec<_> =
            statement.reversed.iter().map(|one| (one.receipt.as_str(), one.of.as_deref(), one.amount_minor)).collect();
        assert_eq!(told, [("RKT1REVERS", Some("RKT1ABCDEF"), 150_000), ("RKT1REVER2", Some("RKT1ABCDEG"), 2_000)]);
        assert_eq!((statement.received.len(), statement.skipped), (0, 1));
    }

    #[test]
    fn a_paystack_export_names_currencies_and_what_went_back_and_may_lack_its_own_id() {
        let text = "Reference,Amount,Currency,Status,Paid At\n\
            019a2f60-9d04,1000.00,KES,Success,2026-11-30T09:00:00.000Z\n\
            019a2f60-9d05,1000.00,NGN,Reversed,2026-11-30T09:05:00.000Z\n\
            019a2f60-9d06,1000,XOF,Success,2026-11-30T09:06:00.000Z\n";
        let statement = read(text.as_bytes()).unwrap();
        let received: Vec<_> = statement.received.iter().map(|line| (line.receipt.as_str(), line.currency)).collect();
        assert_eq!(received, [("019a2f60-9d04", Currency::KES), ("019a2f60-9d05", Currency::NGN)]);
        assert_eq!(statement.reversed.len(), 1);
        assert_eq!(statement.reversed[0].of.as_deref(), Some("019a2f60-9d05"));
        // In a currency that no wallet has.
        assert_eq!(statement.skipped, 1);
    }

    #[test]
    fn what_is_no_statement_says_so() {
        assert_eq!(read(b""), Err(StatementError::Columns));
        assert_eq!(read(b"a,b\n1,2\n"), Err(StatementError::Columns));
        let names = "Receipt No,Completion Time,Paid In\n";
        assert_eq!(read(names.as_bytes()), Err(StatementError::Empty));
        // No money is passed over, so that what agrees does agree.
        for written in ["1.005", "ten", "KES", "1-500", "10-"] {
            let wrong = format!("{names}RKT1ABCDEF,30-11-2026 12:00:00,{written}\n");
            let what = format!("`{written}` is not an amount");
            assert_eq!(read(wrong.as_bytes()), Err(StatementError::Line { line: 2, what }));
        }
        let again = format!("{names}RKT1ABCDEF,30-11-2026 12:00:00,KES 10.00\n{names}TransID,Date,Amount\n");
        assert_eq!(read(again.as_bytes()).map(|statement| (statement.received.len(), statement.skipped)), Ok((1, 2)));
    }
}
