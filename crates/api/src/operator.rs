//! Bodies of `/v1/admin`: what operators of the installation see and do.

use serde::{Deserialize, Serialize};

use uuid::Uuid;

use crate::double_option;
use crate::ids::{IncomingPaymentId, TopUpId, UserId, WorkspaceId};

/// A tenant, as operators see it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminWorkspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::Country))]
    pub country: String,
    /// ISO 4217.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Currency))]
    pub currency: String,
    /// `active` or `suspended`.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::WorkspaceStatus))]
    pub status: String,
    /// Number of members.
    pub member_count: i64,
    /// RFC 3339.
    pub created_at: String,
}

/// `PATCH /v1/admin/workspaces/{id}`: a member that is absent stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateAdminWorkspace {
    /// ISO 3166-1 alpha-2: whose tax the workspace pays and which country its calls may go to where nothing else is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::bounds::Country>))]
    pub country: Option<String>,
}

/// `POST /v1/admin/workspaces/{id}/suspend`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SuspendWorkspace {
    /// Why, 1 to 120 characters; stands in the tenant's audit log.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::Name))]
    pub reason: String,
}

/// `PATCH /v1/admin/workspaces/{id}/wallet`: a member that is absent stays, null clears it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateWallet {
    /// How far below zero running calls may bring the balance under `finish_call`, at most 0; null is no bound.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "double_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<i64>, minimum = -9_000_000_000_000_000_i64, maximum = 0))]
    pub overdraft_floor_minor: Option<Option<i64>>,
}

/// Answer of `GET /v1/admin/payment-providers/{method}`: the provider takes our credentials.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PaymentProvider {
    /// `mpesa` or `paystack`.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::TopUpMethod))]
    pub method: String,
    /// What people call it.
    pub name: String,
}

/// Money that a provider has for us and that no wallet was credited with.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnmatchedPayment {
    /// Its id.
    pub id: IncomingPaymentId,
    /// `mpesa` or `paystack`.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::TopUpMethod))]
    pub provider: String,
    /// The provider's receipt.
    pub receipt: String,
    /// How much.
    pub amount_minor: i64,
    /// ISO 4217.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Currency))]
    pub currency: String,
    /// The account that the payer wrote.
    pub account_reference: String,
    /// Who paid, as the provider told it: it may be masked.
    pub payer_phone: String,
    /// As the provider told it.
    pub payer_name: String,
    /// `unmatched` while it waits; `credited` or `dismissed` after that.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::IncomingPaymentStatus))]
    pub status: String,
    /// Why it waits.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::sets::UnmatchedReason>))]
    pub reason: Option<String>,
    /// Workspaces that say it is theirs.
    pub claimed_by: Vec<WorkspaceId>,
    /// What it became.
    pub top_up_id: Option<TopUpId>,
    /// RFC 3339.
    pub paid_at: String,
}

/// `POST /v1/admin/payments/{id}/assign`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AssignPayment {
    /// Whose wallet it is for.
    pub workspace_id: WorkspaceId,
}

/// `POST /v1/admin/payments/{id}/dismiss`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DismissPayment {
    /// Why, 1 to 120 characters; stands in the audit log.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::Name))]
    pub reason: String,
}

/// `POST /v1/admin/wallets/{workspace_id}/adjustments`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateAdjustment {
    /// `credit`, `debit`, `refund`, `promo` or `write_off`.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::AdjustmentKind))]
    pub kind: String,
    /// How much, in minor units; positive for every kind.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_000_000_000_000_000_i64))]
    pub amount_minor: i64,
    /// Why, 1 to 120 characters; stands in the customer's ledger.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::Name))]
    pub reason: String,
}

/// What an operator moved by hand.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Adjustment {
    /// Its id; the ledger's cause is `adjustment:ID`.
    pub id: Uuid,
    /// What kind.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::AdjustmentKind))]
    pub kind: String,
    /// Signed.
    pub amount_minor: i64,
    /// ISO 4217.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Currency))]
    pub currency: String,
    /// Why.
    pub reason: String,
    /// Who.
    pub operator_id: UserId,
    /// The balance after it; in lists null.
    pub balance_after_minor: Option<i64>,
    /// RFC 3339.
    pub created_at: String,
}

/// `POST /v1/admin/payments/reconcile`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReconcilePayments {
    /// The text of M-Pesa's organisation statement or of Paystack's export of transactions, as the portal gives it (CSV).
    pub statement: String,
}

/// A provider's statement against the wallets.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reconciliation {
    /// `mpesa` or `paystack`, told by its columns.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::TopUpMethod))]
    pub provider: String,
    /// RFC 3339; the statement's first moment.
    pub from: String,
    /// RFC 3339; its last.
    pub to: String,
    /// Payments on the statement.
    pub payments: usize,
    /// Lines of it that move nothing to us: charges, withdrawals, failed tries.
    pub skipped: usize,
    /// Payments that agree.
    pub matched: usize,
    /// Their sum.
    pub matched_minor: i64,
    /// What the statement received in all.
    pub statement_minor: i64,
    /// What wallets were credited with in its span.
    pub booked_minor: i64,
    /// What differs; empty is the proof.
    pub differences: Vec<PaymentDifference>,
}

/// A payment on which statement and wallets differ.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PaymentDifference {
    /// `missing_here`, `waiting`, `dismissed`, `missing_there`, `amount` or `twice`.
    pub kind: String,
    /// The provider's receipt, or our own reference where there is none.
    pub receipt: String,
    /// What the statement says; null where it has no such payment.
    pub statement_minor: Option<i64>,
    /// What the wallet has; null where none has it.
    pub booked_minor: Option<i64>,
    /// The same in a sentence.
    pub message: String,
}
