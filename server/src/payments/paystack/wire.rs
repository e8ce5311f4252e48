//! What Paystack sends and takes, as JSON, and how it is read. Pure.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The body that begins a transaction.
#[derive(Debug, Serialize)]
pub(super) struct Initialize<'a> {
    pub(super) email: &'a str,
    /// In the currency's subunit, which is our minor unit.
    pub(super) amount: i64,
    pub(super) currency: &'a str,
    pub(super) reference: &'a str,
    pub(super) callback_url: &'a str,
}

/// Every answer: `status` says whether the request was understood, nothing of the payment.
#[derive(Debug, Deserialize)]
pub(super) struct Answered<D> {
    #[serde(default)]
    pub(super) status: bool,
    pub(super) data: Option<D>,
}

/// A transaction that has begun.
#[derive(Debug, Deserialize)]
pub(super) struct Begun {
    pub(super) authorization_url: String,
}

/// A transaction as `verify` tells it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Transaction {
    #[serde(default)]
    id: Value,
    pub(super) status: String,
    pub(super) reference: String,
    pub(super) amount: i64,
    pub(super) currency: String,
    #[serde(default)]
    pub(super) gateway_response: Option<String>,
    #[serde(default)]
    paid_at: Option<String>,
}

impl Transaction {
    /// When it was paid, where that is told: microseconds UTC.
    pub(super) fn paid_at_us(&self) -> Option<i64> {
        Some(self.paid_at.as_deref()?.parse::<jiff::Timestamp>().ok()?.as_microsecond())
    }

    /// Paystack's own id of it: the receipt.
    pub(super) fn receipt(&self) -> Option<String> {
        name(&self.id)
    }
}

/// What a webhook tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// A transaction succeeded: ask whether that is so.
    Charge {
        /// Ours for it.
        reference: String,
    },
    /// Money went back to the payer.
    Refunded {
        /// Ours for the transaction.
        reference: String,
        /// The ledger's cause.
        cause: String,
        /// How much.
        amount_minor: i64,
    },
    /// The payer's bank asks for the money back; Paystack holds it from now on.
    Disputed {
        /// Ours for the transaction.
        reference: String,
        /// The ledger's cause.
        cause: String,
        /// How much; all of the transaction where it is not told.
        amount_minor: Option<i64>,
    },
    /// The dispute was decided for us: the money comes back.
    DisputeWon {
        /// Ours for the transaction.
        reference: String,
        /// The cause with which it went.
        opened: String,
        /// The ledger's cause.
        cause: String,
    },
    /// The dispute was settled: what it took beyond the amount comes back.
    DisputeSettled {
        /// Ours for the transaction.
        reference: String,
        /// The cause with which it went.
        opened: String,
        /// The ledger's cause.
        cause: String,
        /// For how much it was settled.
        amount_minor: i64,
    },
    /// Nothing that moves money.
    Other,
}

/// Reads a webhook's body; `None` when it is not one.
pub(super) fn webhook(body: &[u8]) -> Option<Told> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let event = body.get("event")?.as_str()?;
    let data = body.get("data")?;
    let text = |at: &str| data.pointer(at).and_then(name);
    let reference =
        || ["/transaction_reference", "/transaction/reference", "/reference"].iter().find_map(|at| text(at));
    Some(match event {
        "charge.success" => Told::Charge { reference: text("/reference")? },
        "refund.processed" => Told::Refunded {
            reference: reference()?,
            cause: format!("refund:paystack:{}", text("/refund_reference").or_else(|| text("/id"))?),
            amount_minor: whole(data.get("amount")?)?,
        },
        "charge.dispute.create" => Told::Disputed {
            reference: reference()?,
            cause: format!("dispute:{}:opened", text("/id")?),
            amount_minor: data.get("refund_amount").and_then(whole),
        },
        "charge.dispute.resolve" if text("/resolution").as_deref() == Some("declined") => Told::DisputeWon {
            reference: reference()?,
            opened: format!("dispute:{}:opened", text("/id")?),
            cause: format!("dispute:{}:won", text("/id")?),
        },
        // Accepted by us or by Paystack: for the amount that is told, or for all that was taken.
        "charge.dispute.resolve" => match data.get("refund_amount").and_then(whole) {
            Some(amount_minor) => Told::DisputeSettled {
                reference: reference()?,
                opened: format!("dispute:{}:opened", text("/id")?),
                cause: format!("dispute:{}:settled", text("/id")?),
                amount_minor,
            },
            None => Told::Other,
        },
        _ => Told::Other,
    })
}

/// A text or a number as a name: Paystack writes ids as either.
fn name(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    ((1..=100).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())).then_some(text)
}

/// A positive whole number, which refunds write as a text.
fn whole(value: &Value) -> Option<i64> {
    let amount: i64 = name(value)?.parse().ok()?;
    (amount > 0).then_some(amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webhooks_are_read_by_what_they_move() {
        let read = |body: &str| webhook(body.as_bytes());
        let charge = r#"{"event":"charge.success","data":{"reference":"r1","amount":5000}}"#;
        assert_eq!(read(charge), Some(Told::Charge { reference: "r1".to_owned() }));
        let refund = r#"{"event":"refund.processed","data":{"transaction_reference":"r1","refund_reference":null,
            "id":77,"amount":"5000"}}"#;
        let cause = "refund:paystack:77".to_owned();
        assert_eq!(read(refund), Some(Told::Refunded { reference: "r1".to_owned(), cause, amount_minor: 5_000 }));
        let dispute = r#"{"event":"charge.dispute.create","data":{"id":9,"refund_amount":null,
            "transaction":{"reference":"r1"}}}"#;
        let opened = "dispute:9:opened".to_owned();
        let disputed = Told::Disputed { reference: "r1".to_owned(), cause: opened.clone(), amount_minor: None };
        assert_eq!(read(dispute), Some(disputed));
        let won = r#"{"event":"charge.dispute.resolve","data":{"id":9,"resolution":"declined",
            "transaction":{"reference":"r1"}}}"#;
        let cause = "dispute:9:won".to_owned();
        assert_eq!(read(won), Some(Told::DisputeWon { reference: "r1".to_owned(), opened, cause }));
        let settled = r#"{"event":"charge.dispute.resolve","data":{"id":9,"resolution":"merchant-accepted",
            "refund_amount":2000,"transaction":{"reference":"r1"}}}"#;
        let (reference, opened, cause) =
            ("r1".to_owned(), "dispute:9:opened".to_owned(), "dispute:9:settled".to_owned());
        assert_eq!(read(settled), Some(Told::DisputeSettled { reference, opened, cause, amount_minor: 2_000 }));
        assert_eq!(read(r#"{"event":"transfer.success","data":{}}"#), Some(Told::Other));
        assert_eq!(read(r#"{"event":"refund.processed","data":{"amount":-5}}"#), None);
        assert_eq!(read("[]"), None);
    }
}
