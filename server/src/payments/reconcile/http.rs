//! `POST /v1/admin/payments/reconcile`.

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use sautikit_api::operator as wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Difference, Line, Place, ReconcileError, Taken, Totals, reconcile, take_by};
use crate::audit::Actor;
use crate::clock::rfc3339;
use crate::payments::Method;
use crate::state::AppState;
use crate::web::caller::Operator;
use crate::web::error::{ApiError, ApiResult};
use crate::web::json::JsonBody;

/// Largest statement: some forty thousand payments.
pub const STATEMENT_LIMIT_BYTES: usize = 16 * 1024 * 1024;

/// The operators' routes, relative to `/v1`.
pub(in crate::payments) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(reconcile_payments)).layer(DefaultBodyLimit::max(STATEMENT_LIMIT_BYTES))
}

/// Reconcile a provider's statement
///
/// Compares it with the wallets: the same as `sautikit payments reconcile FILE`, which also takes statements that are larger than
/// this request may be (16 MiB). Nothing is changed, unless `take` asks for it: then a payment of which nothing was told goes where
/// its account says or waits for an operator, and what went back to a payer is taken out of its wallet.
#[utoipa::path(post, operation_id = "admin_reconcile_payments", path = "/admin/payments/reconcile",
    request_body = wire::ReconcilePayments, security(("session" = [])),
    responses((status = 200, body = wire::Reconciliation, description = "What agrees and what differs.")))]
async fn reconcile_payments(
    State(app): State<AppState>,
    operator: Operator,
    request: JsonBody<wire::ReconcilePayments>,
) -> ApiResult<Json<wire::Reconciliation>> {
    let wire::ReconcilePayments { statement: text, take } = request.read()?;
    let (statement, report) = reconcile(&app, text.as_bytes()).await.map_err(|error| match error {
        ReconcileError::Statement(error) => ApiError::field("statement", format!("`statement`: {error}.")),
        ReconcileError::Database(error) => error.into(),
    })?;
    let provider = statement.provider;
    let actor = Actor::Operator(Some(operator.user_id.to_string()));
    let taken = if take { take_by(&app, &actor, provider, &report).await? } else { Taken::default() };
    let only = if let [only] = report.totals.as_slice() { Some(*only) } else { None };
    Ok(Json(wire::Reconciliation {
        provider: provider.as_str().to_owned(),
        from: rfc3339(statement.from_us),
        to: rfc3339(statement.to_us),
        payments: statement.received.len(),
        skipped: statement.skipped,
        matched: report.matched,
        returned: report.returned,
        matched_minor: only.map(|totals| totals.matched_minor),
        statement_minor: only.map(|totals| totals.statement_minor),
        booked_minor: only.map(|totals| totals.booked_minor),
        totals: report.totals.iter().map(totals).collect(),
        differences: report.differences.iter().map(|difference| body(difference, provider)).collect(),
        taken_payments: taken.payments,
        taken_returns: taken.reversals,
    }))
}

fn totals(totals: &Totals) -> wire::ReconciledSums {
    wire::ReconciledSums {
        currency: totals.currency.code().to_owned(),
        matched_minor: totals.matched_minor,
        statement_minor: totals.statement_minor,
        booked_minor: totals.booked_minor,
    }
}

fn body(difference: &Difference, provider: Method) -> wire::PaymentDifference {
    let line = |kind: &'static str, line: &Line, ours: Option<i64>| {
        (kind, line.receipt.clone(), line.currency, Some(line.amount_minor), ours)
    };
    let (kind, receipt, currency, statement_minor, booked_minor) = match difference {
        Difference::MissingHere(told) => line("missing_here", told, None),
        Difference::NotInWallet(told, Place::Dismissed) => line("dismissed", told, None),
        Difference::NotInWallet(told, _) => line("waiting", told, None),
        Difference::MissingThere(ours) => {
            let name = ours.receipt.clone().or(ours.provider_reference.clone()).unwrap_or_default();
            ("missing_there", name, ours.currency, None, Some(ours.amount_minor))
        }
        Difference::Amount(told, ours_minor, _) => line("amount", told, Some(*ours_minor)),
        Difference::Twice(told) => line("twice", told, None),
        Difference::ReversedThere(gone, known_minor) => {
            let receipt = gone.of.clone().unwrap_or_else(|| gone.receipt.clone());
            ("reversed_there", receipt, gone.currency, Some(-gone.amount_minor), Some(-known_minor))
        }
    };
    let message = difference.sentence(provider);
    let currency = currency.code().to_owned();
    wire::PaymentDifference { kind: kind.to_owned(), receipt, currency, statement_minor, booked_minor, message }
}
