//! Bodies of `/v1/wallet`.

use serde::{Deserialize, Serialize};

use crate::ids::{LedgerEntryId, TopUpId};

/// `GET /v1/wallet/balance`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Balance {
    /// What the ledger's entries sum to; may be negative by a call.
    pub balance_minor: i64,
    /// What running calls hold: what they may use up in the next half minute.
    pub held_minor: i64,
    /// `balance_minor - held_minor`.
    pub available_minor: i64,
    /// ISO 4217.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Currency))]
    pub currency: String,
    /// Below it `wallet.low_balance` fires; null for off.
    pub low_balance_threshold_minor: Option<i64>,
    /// What happens to running calls when the money ends; `PATCH /v1/workspace` sets it.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::OverdraftPolicy))]
    pub overdraft_policy: String,
    /// How far below zero running calls may bring the balance under `finish_call`; the operator sets it, null is no bound.
    pub overdraft_floor_minor: Option<i64>,
}

/// An entry of the append-only ledger.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LedgerEntry {
    /// Its id.
    pub id: LedgerEntryId,
    /// Its place in the wallet's order, from 1.
    pub seq: i64,
    /// `top_up`, `call`, `rental`, `adjustment`, `refund`, `reversal` or `storage`.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::LedgerEntryKind))]
    pub kind: String,
    /// Signed: money in is positive. Tax is included: it is what the balance moved by.
    pub amount_minor: i64,
    /// What of it is tax, of the same sign: `amount_minor` less this is net.
    pub tax_minor: i64,
    /// The balance after this entry.
    pub balance_after_minor: i64,
    /// What people recognise it by.
    pub reference: String,
    /// The one cause, for instance `call:ID`.
    pub cause: String,
    /// RFC 3339.
    pub created_at: String,
}

/// `POST /v1/wallet/top-ups`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateTopUp {
    /// `mpesa` or `paystack`; in development with nothing configured the simulator plays either.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::TopUpMethod))]
    pub method: String,
    /// How much, in minor units.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub amount_minor: i64,
    /// The paying phone, for M-Pesa.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// A payment into the wallet.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TopUp {
    /// Its id.
    pub id: TopUpId,
    /// `mpesa` or `paystack`.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::TopUpMethod))]
    pub method: String,
    /// `push` to a telephone, `paybill` for a payment that came by itself, or a `page` of the provider.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::TopUpChannel))]
    pub channel: String,
    /// Whether it is play money of the development simulator.
    pub simulated: bool,
    /// `pending`, `succeeded` or `failed`; succeeded is final.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::TopUpStatus))]
    pub status: String,
    /// How much was asked for; once it has succeeded, how much came.
    pub amount_minor: i64,
    /// ISO 4217.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Currency))]
    pub currency: String,
    /// Where the payer goes, for Paystack.
    pub authorization_url: Option<String>,
    /// Why it failed, as a sentence. A payment that comes late still turns it into `succeeded`.
    pub failure_reason: Option<String>,
    /// Whether money may have been taken although it failed: its provider did not say, or a person looks at it. It is credited when
    /// that is known, so it is better not to pay again before.
    #[serde(default)]
    pub may_be_paid: bool,
    /// The provider's receipt.
    pub receipt: Option<String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339; null while pending.
    pub settled_at: Option<String>,
}

/// `GET /v1/wallet/paybill`: how to pay from any telephone, without asking for it here first.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Paybill {
    /// The business number at M-Pesa.
    pub shortcode: String,
    /// The workspace's account number there; always the same. Case and blanks do not matter.
    pub account_reference: String,
    /// ISO 4217.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Currency))]
    pub currency: String,
}

/// `POST /v1/wallet/payment-claims`: "I paid, where is it?"
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ClaimPayment {
    /// The code in M-Pesa's message.
    #[cfg_attr(feature = "openapi", schema(pattern = "^ *[A-Za-z0-9]{6,20} *$"))]
    pub receipt: String,
    /// What was paid, in minor units.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub amount_minor: i64,
    /// The telephone that paid.
    pub phone: String,
}

/// What came of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ClaimOutcome {
    /// The wallet was credited.
    Credited,
    /// The operator decides: M-Pesa did not tell us the whole telephone number.
    Waiting,
    /// No payment waits that fits. Answered as `payments.unmatched_not_found`.
    Refused,
}

impl ClaimOutcome {
    /// Every outcome.
    pub const ALL: &'static [Self] = &[Self::Credited, Self::Waiting, Self::Refused];

    /// The outcome of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|outcome| outcome.as_str() == name)
    }

    /// Its name in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credited => "credited",
            Self::Waiting => "waiting",
            Self::Refused => "refused",
        }
    }
}

/// The answer to a claim.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PaymentClaim {
    /// What came of it.
    pub outcome: ClaimOutcome,
    /// How much was claimed.
    pub amount_minor: i64,
    /// The code that was claimed.
    pub receipt: String,
}

/// A month of the wallet, in the zone that was fixed at onboarding.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Statement {
    /// `yyyy-mm`.
    pub month: String,
    /// ISO 4217.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Currency))]
    pub currency: String,
    /// IANA name.
    pub zone: String,
    /// First moment of the month, RFC 3339.
    pub period_start: String,
    /// First moment of the next one, RFC 3339.
    pub period_end: String,
    /// Balance before the month.
    pub opening_minor: i64,
    /// Balance after its last entry; of the running month, as of now.
    pub closing_minor: i64,
    /// How many entries were posted in it.
    pub entries: i64,
    /// Tax of all entries, signed as they are: of debits negative.
    pub tax_minor: i64,
    /// What moved, by kind: of one that both came and went, a sum of each. `opening_minor` and the sums make `closing_minor`.
    pub sums: Vec<StatementSum>,
    /// Hash of the last entry up to the month's end; empty before the first. It proves all entries before it.
    pub head_hash: String,
    /// Who sells, as the operator names itself; null where it does not.
    #[serde(default)]
    pub supplier: Option<Supplier>,
}

/// Who sells numbers and calls: what a month's sheet has to name where it counts as an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Supplier {
    /// Its registered name.
    pub name: String,
    /// Where it is, on one line; null where it is not told.
    pub address: Option<String>,
    /// Its number at the tax authority, such as a PIN of the KRA; null where it is not told.
    pub tax_number: Option<String>,
}

/// What came, or what went, of one kind in a month.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatementSum {
    /// As of ledger entries.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::LedgerEntryKind))]
    pub kind: String,
    /// How many entries.
    pub entries: i64,
    /// Their sum, signed, tax included.
    pub amount_minor: i64,
    /// What of it is tax, of the same sign.
    pub tax_minor: i64,
}
