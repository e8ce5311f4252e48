//! Bodies of `/v1/admin`: what operators of the installation see and do.

use serde::{Deserialize, Serialize};

use uuid::Uuid;

use crate::calls::CallStatus;
use crate::double_option;
use crate::ids::{CallId, IncomingPaymentId, JobId, TopUpId, UserId, WorkspaceId};
use crate::wallet::TopUp;

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
    /// What each of them said, the first first.
    pub claims: Vec<WaitingClaim>,
    /// What it became.
    pub top_up_id: Option<TopUpId>,
    /// RFC 3339.
    pub paid_at: String,
}

/// `GET /v1/admin/payments`: what became of a payment.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FoundPayments {
    /// Top-ups that it is the money of, whatever became of them; as a rule one.
    pub top_ups: Vec<FoundTopUp>,
    /// What was told of it without a top-up: it waits, or it was dismissed.
    pub waiting: Vec<UnmatchedPayment>,
}

/// A top-up of some workspace.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FoundTopUp {
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// What its provider took back of it.
    pub reversed_minor: i64,
    /// As the workspace sees it.
    pub top_up: TopUp,
}

/// What a workspace said of a payment that it claims.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WaitingClaim {
    /// Whose claim.
    pub workspace_id: WorkspaceId,
    /// What the workspace is called.
    pub workspace_name: String,
    /// The telephone that is said to have paid, E.164.
    pub phone: String,
    /// How much is said to have been paid.
    pub amount_minor: i64,
    /// RFC 3339.
    pub claimed_at: String,
}

/// `POST /v1/admin/payments/{id}/assign`: one of both names the workspace.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AssignPayment {
    /// Whose wallet it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<WorkspaceId>,
    /// Instead: the workspace's account number at the Paybill, as its wallet shows it. Case and blanks do not matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(pattern = "^[A-Za-z0-9 -]{1,40}$"))]
    pub account_reference: Option<String>,
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
    /// Also takes in what the statement shows and the wallets lack, each payment and each return once.
    #[serde(default)]
    pub take: bool,
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
    /// Payments that came and went back without a wallet having had them.
    #[serde(default)]
    pub returned: usize,
    /// The sum of those that agree; null where there is more than one currency.
    pub matched_minor: Option<i64>,
    /// What the statement received in all; null where there is more than one currency.
    pub statement_minor: Option<i64>,
    /// What wallets were credited with in its span; null where there is more than one currency.
    pub booked_minor: Option<i64>,
    /// The sums of each currency.
    #[serde(default)]
    pub totals: Vec<ReconciledSums>,
    /// What differs; empty is the proof.
    pub differences: Vec<PaymentDifference>,
    /// Payments of the differences that are taken in now; those whose account is nobody's wait for an operator. With `take` only.
    #[serde(default)]
    pub taken_payments: usize,
    /// Returns of the differences that leave their wallets now. With `take` only.
    #[serde(default)]
    pub taken_returns: usize,
}

/// The sums of one currency.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReconciledSums {
    /// ISO 4217.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Currency))]
    pub currency: String,
    /// Of payments that agree.
    pub matched_minor: i64,
    /// What the statement received in all.
    pub statement_minor: i64,
    /// What wallets were credited with in its span.
    pub booked_minor: i64,
}

/// A payment on which statement and wallets differ.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PaymentDifference {
    /// `missing_here`, `waiting`, `dismissed`, `missing_there`, `amount`, `twice`, or `reversed_there` for money that the provider
    /// gave back and a wallet still has.
    pub kind: String,
    /// The provider's receipt, or our own reference where there is none.
    pub receipt: String,
    /// ISO 4217.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Currency))]
    pub currency: String,
    /// What the statement says; null where it has no such payment.
    pub statement_minor: Option<i64>,
    /// What the wallet has; null where none has it.
    pub booked_minor: Option<i64>,
    /// The same in a sentence.
    pub message: String,
}

/// A piece of background work that is not done.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminJob {
    /// Its id.
    pub id: JobId,
    /// What it does, for instance `reverse_top_up`.
    pub kind: String,
    /// Which jobs it may wait for.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::JobLane))]
    pub lane: String,
    /// What it is about, mostly an id.
    pub subject: String,
    /// Where it stands.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::JobState))]
    pub state: String,
    /// How often it was tried.
    pub attempts: i64,
    /// Why the last try failed; null where none did.
    pub last_error: Option<String>,
    /// Whether it can be tried again by hand: it is dead, and what it needs to know is kept.
    pub can_retry: bool,
    /// When it is tried next, or was set aside: RFC 3339.
    pub due_at: String,
    /// RFC 3339.
    pub created_at: String,
}

/// What came, or what went, of one kind in a month, of all workspaces of a country in a currency.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MonthSum {
    /// Whose tax the workspaces pay: ISO 3166-1 alpha-2.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::Country))]
    pub country: String,
    /// ISO 4217.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Currency))]
    pub currency: String,
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

/// A call that runs now, of whichever workspace.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminCall {
    /// Its id.
    pub id: CallId,
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// The workspace's name.
    pub workspace_name: String,
    /// Which way it goes.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::Direction))]
    pub direction: String,
    /// `ringing` or `answered`; another one where it has just ended.
    pub status: CallStatus,
    /// Who calls.
    pub from: String,
    /// Who is called.
    pub to: String,
    /// The node that runs it; null for one that is about to be closed because none does.
    pub node_id: Option<String>,
    /// RFC 3339.
    pub started_at: String,
    /// RFC 3339; null while it rings.
    pub answered_at: Option<String>,
}

/// A server of the installation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminNode {
    /// Its id, which stays when it is started anew.
    pub id: String,
    /// Whether it is the one that answers.
    pub is_this: bool,
    /// How it stands.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::NodeState))]
    pub state: String,
    /// The release that runs on it; empty where it was never told.
    pub version: String,
    /// Where other nodes reach it, as host and port; null where they can't.
    pub address: Option<String>,
    /// Calls that run on it.
    pub current_calls: i64,
    /// RFC 3339: until when others take it for alive if it renews nothing; null where it has renewed nothing yet.
    pub lease_until: Option<String>,
    /// RFC 3339: since when it runs; null where it was never told.
    pub started_at: Option<String>,
    /// RFC 3339: since when it takes no new calls; null where it takes them.
    pub draining_since: Option<String>,
}
