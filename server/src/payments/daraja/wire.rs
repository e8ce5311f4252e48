//! What Daraja sends and takes, as JSON, and how it is read. Pure.
//!
//! Daraja writes the same thing as a number here and as a text there (`ResultCode`, amounts, telephones), so what is read
//! takes both.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, civil};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::results;
use crate::secrets::hex;

/// East Africa Time, which Daraja's stamps are in; it has no summer time.
fn east_africa() -> TimeZone {
    TimeZone::fixed(Offset::constant(3))
}

/// `YYYYMMDDHHMMSS` in East Africa Time.
pub(super) fn stamp(now_us: i64) -> String {
    let now = Timestamp::from_microsecond(now_us).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(east_africa());
    now.strftime("%Y%m%d%H%M%S").to_string()
}

/// Microseconds UTC of a [`stamp`].
pub(super) fn moment_us(stamp: &str) -> Option<i64> {
    let local = civil::DateTime::strptime("%Y%m%d%H%M%S", stamp.trim()).ok()?;
    Some(local.to_zoned(east_africa()).ok()?.timestamp().as_microsecond())
}

/// Base64 of short code, passkey and stamp.
pub(super) fn password(shortcode: &str, passkey: &str, stamp: &str) -> String {
    STANDARD.encode(format!("{shortcode}{passkey}{stamp}"))
}

/// An amount in decimals (`100`, `100.0`, `1,234.50`) in minor units of a currency with two of them. `None` for anything that is
/// not exactly that, or not positive.
pub(crate) fn minor_units(decimal: &str) -> Option<i64> {
    let plain = decimal.trim().replace(',', "");
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    let (cents, rest) = fraction.split_at_checked(fraction.len().min(2))?;
    if whole.is_empty()
        || whole.len() > 13
        || !is_number(whole)
        || !is_number(fraction)
        || rest.contains(|digit| digit != '0')
    {
        return None;
    }
    let minor = whole.parse::<i64>().ok()? * 100 + format!("{cents:0<2}").parse::<i64>().ok()?;
    (minor > 0).then_some(minor)
}

/// The body of a push.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StkPush<'a> {
    pub(super) business_short_code: &'a str,
    pub(super) password: String,
    pub(super) timestamp: String,
    pub(super) transaction_type: &'a str,
    pub(super) amount: i64,
    pub(super) party_a: &'a str,
    pub(super) party_b: &'a str,
    pub(super) phone_number: &'a str,
    #[serde(rename = "CallBackURL")]
    pub(super) callback_url: &'a str,
    pub(super) account_reference: &'a str,
    /// At most 13 characters: a longer one ends as result 1025.
    pub(super) transaction_desc: &'a str,
}

/// The body of a question about a push.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StkQuery<'a> {
    pub(super) business_short_code: &'a str,
    pub(super) password: String,
    pub(super) timestamp: String,
    #[serde(rename = "CheckoutRequestID")]
    pub(super) checkout_request_id: &'a str,
}

/// The body of a question about a payment.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StatusQuery<'a> {
    pub(super) initiator: &'a str,
    pub(super) security_credential: &'a str,
    #[serde(rename = "CommandID")]
    pub(super) command_id: &'a str,
    #[serde(rename = "TransactionID")]
    pub(super) transaction_id: &'a str,
    pub(super) party_a: &'a str,
    pub(super) identifier_type: &'a str,
    #[serde(rename = "ResultURL")]
    pub(super) result_url: &'a str,
    #[serde(rename = "QueueTimeOutURL")]
    pub(super) queue_timeout_url: &'a str,
    pub(super) remarks: &'a str,
    pub(super) occasion: &'a str,
}

/// The answer to a push or a question about one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Answered {
    #[serde(rename = "CheckoutRequestID")]
    pub(super) checkout_request_id: Option<String>,
    #[serde(rename = "ResponseCode")]
    response_code: Value,
    #[serde(rename = "ResultCode")]
    result_code: Value,
    #[serde(rename = "errorCode")]
    pub(super) error_code: Option<String>,
    #[serde(rename = "errorMessage")]
    pub(super) error_message: Option<String>,
}

impl Answered {
    /// 0 when the push was taken.
    pub(super) fn response_code(&self) -> Option<i64> {
        whole(&self.response_code)
    }

    /// The push's end.
    pub(super) fn result_code(&self) -> Option<i64> {
        code(&self.result_code)
    }
}

/// The token of OAuth, and how many seconds it holds; Daraja writes them as a text.
#[derive(Debug, Deserialize)]
pub(super) struct Token {
    pub(super) access_token: String,
    #[serde(default)]
    expires_in: Value,
}

impl Token {
    /// Seconds; a minute where none are told.
    pub(super) fn lifetime_seconds(&self) -> i64 {
        whole(&self.expires_in).unwrap_or(60)
    }
}

/// What a callback says of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Callback {
    pub(super) checkout_request_id: String,
    pub(super) code: i64,
    /// M-Pesa's receipt.
    pub(super) receipt: Option<String>,
    pub(super) amount_minor: Option<i64>,
    /// As it was told; it can be masked.
    pub(super) phone: Option<String>,
    /// Microseconds UTC.
    pub(super) paid_at: Option<i64>,
}

/// Reads the body of a push's callback; `None` when it is not one.
pub(super) fn callback(body: &[u8]) -> Option<Callback> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let told = body.get("Body")?.get("stkCallback")?;
    // Named, in any order; `Balance` has no value.
    let item = |name: &str| {
        let items = told.get("CallbackMetadata")?.get("Item")?.as_array()?;
        items.iter().find(|item| item.get("Name").and_then(Value::as_str) == Some(name))?.get("Value").and_then(text)
    };
    Some(Callback {
        checkout_request_id: bounded(told.get("CheckoutRequestID")?.as_str()?)?,
        code: code(told.get("ResultCode")?)?,
        receipt: item("MpesaReceiptNumber").and_then(|receipt| self::receipt(&receipt)),
        amount_minor: item("Amount").and_then(|amount| minor_units(&amount)),
        phone: item("PhoneNumber"),
        paid_at: item("TransactionDate").and_then(|stamp| moment_us(&stamp)),
    })
}

/// A payment to the Paybill, as validation and confirmation tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Paybill {
    /// M-Pesa's receipt; empty at validation of some senders.
    pub(super) receipt: String,
    pub(super) amount_minor: i64,
    pub(super) shortcode: String,
    /// As the payer wrote it.
    pub(super) account_reference: String,
    /// It can be masked or hashed.
    pub(super) phone: String,
    pub(super) name: String,
    /// Microseconds UTC; none where it could not be read.
    pub(super) paid_at: Option<i64>,
}

/// Why a payment's body can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// No JSON object.
    Body,
    /// No amount that is one.
    Amount,
}

/// Reads a payment to the Paybill.
pub(super) fn paybill(body: &[u8]) -> Result<Paybill, Unreadable> {
    let body: Value = serde_json::from_slice(body).map_err(|_| Unreadable::Body)?;
    let body = body.as_object().ok_or(Unreadable::Body)?;
    let field = |name: &str| body.get(name).and_then(text).unwrap_or_default();
    let name = [field("FirstName"), field("MiddleName"), field("LastName")].join(" ");
    let line =
        |text: String| text.chars().filter(|letter| !crate::line::is_unseen(*letter)).take(100).collect::<String>();
    Ok(Paybill {
        receipt: receipt(&field("TransID")).unwrap_or_default(),
        amount_minor: minor_units(&field("TransAmount")).ok_or(Unreadable::Amount)?,
        shortcode: field("BusinessShortCode"),
        account_reference: line(field("BillRefNumber")),
        phone: line(field("MSISDN")),
        name: line(name.split_whitespace().collect::<Vec<_>>().join(" ")),
        paid_at: moment_us(&field("TransTime")),
    })
}

/// What M-Pesa answers to a question about a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StatusResult {
    pub(super) code: i64,
    pub(super) receipt: Option<String>,
    pub(super) amount_minor: Option<i64>,
    /// `Completed` where the money is there.
    pub(super) state: Option<String>,
    /// `254722000001 - NAME`; it can be masked.
    pub(super) debit_party: Option<String>,
    /// `600638 - NAME`.
    pub(super) credit_party: Option<String>,
    /// Microseconds UTC.
    pub(super) paid_at: Option<i64>,
}

impl StatusResult {
    /// Whether M-Pesa has the money.
    pub(super) fn is_completed(&self) -> bool {
        self.code == 0 && self.state.as_deref().is_some_and(|state| state.eq_ignore_ascii_case("completed"))
    }

    /// Whether it says nothing of the payment: it was busy, or does not answer whom we ask as.
    pub(super) fn is_busy(&self) -> bool {
        matches!(results::outcome(self.code), results::Outcome::Processing) || results::is_of_ours(self.code)
    }

    /// Who paid, if it can be read.
    pub(super) fn payer_phone(&self) -> Option<&str> {
        readable_phone(party(self.debit_party.as_deref()?))
    }

    /// Who was paid.
    pub(super) fn credit_shortcode(&self) -> Option<&str> {
        Some(party(self.credit_party.as_deref()?))
    }
}

/// What stands before the name.
fn party(told: &str) -> &str {
    told.split(" - ").next().unwrap_or_default().trim()
}

/// Reads the answer to a question about a payment; `None` when it is not one.
pub(super) fn status_result(body: &[u8]) -> Option<StatusResult> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let told = body.get("Result")?;
    let code = code(told.get("ResultCode")?)?;
    // Named, in any order; a single one may stand without its list.
    let parameters = match told.pointer("/ResultParameters/ResultParameter") {
        Some(Value::Array(parameters)) => parameters.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let parameter = |key: &str| {
        let found = parameters.iter().find(|one| one.get("Key").and_then(Value::as_str) == Some(key))?;
        found.get("Value").and_then(text)
    };
    Some(StatusResult {
        code,
        receipt: parameter("ReceiptNo").and_then(|receipt| self::receipt(&receipt)),
        amount_minor: parameter("Amount").and_then(|amount| minor_units(&amount)),
        state: parameter("TransactionStatus"),
        debit_party: parameter("DebitPartyName"),
        credit_party: parameter("CreditPartyName"),
        paid_at: parameter("FinalisedTime").and_then(|stamp| moment_us(&stamp)),
    })
}

/// A receipt as M-Pesa writes them: letters and digits, in upper case.
pub(crate) fn receipt(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_uppercase();
    let is_one = (6..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_one.then_some(text)
}

/// The digits of a telephone that is told in full; a masked or hashed one says nothing.
pub(crate) fn readable_phone(told: &str) -> Option<&str> {
    let digits = told.trim_start_matches('+');
    ((9..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}

/// Whether the telephone that was told is `phone` (E.164); none where that can't be told. Short codes that are told hashes get
/// SHA-256 of the digits, in hex: one that differs may be made in another way.
pub(crate) fn is_phone(told: &str, phone: &str) -> Option<bool> {
    let digits = phone.trim_start_matches('+');
    match readable_phone(told) {
        Some(told) => Some(told == digits),
        None => told.trim().eq_ignore_ascii_case(&hex(&Sha256::digest(digits))).then_some(true),
    }
}

fn bounded(id: &str) -> Option<String> {
    (!id.is_empty() && id.len() <= 100 && id.bytes().all(|byte| byte.is_ascii_graphic())).then(|| id.to_owned())
}

/// A text or a number as it was written.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A result's code; some are words, of which we keep that they are no 0.
fn code(value: &Value) -> Option<i64> {
    let told = text(value)?;
    let told = told.trim();
    (!told.is_empty()).then(|| told.parse().unwrap_or(results::IN_WORDS))
}

fn whole(value: &Value) -> Option<i64> {
    text(value)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_exactly_or_not_at_all() {
        for (text, minor) in [("1", 100), ("100.00", 10_000), ("1,234.5", 123_450), ("0.01", 1), ("7.000", 700)] {
            assert_eq!(minor_units(text), Some(minor), "{text}");
        }
        for text in ["", "0", "0.00", "-1", "1.005", "1e3", "abc", ".5", "1.2.3", "99999999999999"] {
            assert_eq!(minor_units(text), None, "{text}");
        }
    }

    #[test]
    fn stamps_are_in_east_africa_time() {
        let noon_us = "2026-11-30T09:00:00Z".parse::<Timestamp>().unwrap().as_microsecond();
        assert_eq!(stamp(noon_us), "20261130120000");
        assert_eq!(moment_us("20261130120000"), Some(noon_us));
        assert_eq!(moment_us("yesterday"), None);
        assert_eq!(password("174379", "key", "20261130120000"), STANDARD.encode("174379key20261130120000"));
    }

    #[test]
    fn a_callback_is_read_by_names_whatever_their_order_and_type() {
        let body = br#"{"Body":{"stkCallback":{"MerchantRequestID":"m","CheckoutRequestID":"ws_CO_1","ResultCode":"0",
            "ResultDesc":"ok","CallbackMetadata":{"Item":[{"Name":"Balance"},{"Name":"PhoneNumber","Value":254708374149},
            {"Name":"MpesaReceiptNumber","Value":"NLJ7RT61SV"},{"Name":"Amount","Value":1000.00},
            {"Name":"TransactionDate","Value":20191219102115}]}}}}"#;
        let expected = Callback {
            checkout_request_id: "ws_CO_1".to_owned(),
            code: 0,
            receipt: Some("NLJ7RT61SV".to_owned()),
            amount_minor: Some(100_000),
            phone: Some("254708374149".to_owned()),
            paid_at: "2019-12-19T07:21:15Z".parse::<Timestamp>().ok().map(Timestamp::as_microsecond),
        };
        assert_eq!(callback(body), Some(expected));
        let refused = br#"{"Body":{"stkCallback":{"CheckoutRequestID":"ws_CO_1","ResultCode":1032}}}"#;
        assert_eq!(callback(refused).map(|told| (told.code, told.receipt)), Some((1032, None)));
        assert_eq!(callback(b"{}"), None);
        assert_eq!(callback(b"<xml/>"), None);
    }

    #[test]
    fn the_answer_about_a_payment_is_read_by_names() {
        let body = br#"{"Result":{"ConversationID":"AG_1","OriginatorConversationID":"3213-1","ReferenceData":
            {"ReferenceItem":{"Key":"Occasion"}},"ResultCode":0,"ResultDesc":"ok","ResultParameters":{"ResultParameter":[
            {"Key":"DebitPartyName","Value":"254722000001 - ASHA WANJIRU"},{"Key":"TransactionReason"},
            {"Key":"CreditPartyName","Value":"600638 - SAUTIKIT"},{"Key":"TransactionStatus","Value":"Completed"},
            {"Key":"FinalisedTime","Value":20261130120000},{"Key":"Amount","Value":1500.5},
            {"Key":"ReceiptNo","Value":"RKT1ABCDEF"}]},"ResultType":0,"TransactionID":"RKT0000000"}}"#;
        let told = status_result(body).unwrap();
        assert!(told.is_completed() && !told.is_busy());
        assert_eq!((told.payer_phone(), told.credit_shortcode()), (Some("254722000001"), Some("600638")));
        assert_eq!((told.receipt.as_deref(), told.amount_minor), (Some("RKT1ABCDEF"), Some(150_050)));
        let unknown = br#"{"Result":{"ResultCode":"SFC_IC0003","ResultDesc":"no"}}"#;
        assert_eq!(
            status_result(unknown).map(|told| (told.code, told.is_completed())),
            Some((results::IN_WORDS, false))
        );
        assert_eq!(status_result(b"{}"), None);
    }

    #[test]
    fn a_paybill_payment_is_read_with_what_is_missing() {
        let body = br#"{"TransactionType":"Pay Bill","TransID":"rkt1abcdef","TransTime":"20261130120000",
            "TransAmount":"1500.00","BusinessShortCode":"600638","BillRefNumber":" acd 3f7\u0000","OrgAccountBalance":"",
            "MSISDN":"2547 ***** 149","FirstName":"Asha","MiddleName":"","LastName":"Wanjiru"}"#;
        let read = paybill(body).unwrap();
        assert_eq!(
            (read.receipt.as_str(), read.amount_minor, read.name.as_str()),
            ("RKT1ABCDEF", 150_000, "Asha Wanjiru")
        );
        assert_eq!(read.account_reference, " acd 3f7");
        assert_eq!(paybill(b"[]"), Err(Unreadable::Body));
        assert_eq!(paybill(br#"{"TransAmount":"-5"}"#), Err(Unreadable::Amount));
    }
}
