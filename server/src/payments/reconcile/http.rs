//! `POST /v1/admin/payments/reconcile`.

use axum::Json;
use axum::extract::State;
use sautikit_api::operator as wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Difference, Place, ReconcileError, reconcile};
use crate::clock::rfc3339;
use crate::payments::Method;
use crate::state::AppState;
use crate::web::caller::Operator;
use crate::web::error::{ApiError, ApiResult};
use crate::web::json::JsonBody;

/// The operators' routes, relative to `/v1`.
pub(in crate::payments) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(reconcile_payments))
}

/// Reconcile a provider's statement
///
/// Compares it with the wallets and changes nothing: the same as `sautikit payments reconcile FILE`, which also takes
/// statements that are larger than a request may be (1 MiB).
#[utoipa::path(post, operation_id = "admin_reconcile_payments", path = "/admin/payments/reconcile",
    request_body = wire::ReconcilePayments, security(("session" = [])),
    responses((status = 200, body = wire::Reconciliation, description = "What agrees and what differs.")))]
async fn reconcile_payments(
    State(app): State<AppState>,
    _: Operator,
    request: JsonBody<wire::ReconcilePayments>,
) -> ApiResult<Json<wire::Reconciliation>> {
    let text = request.read()?.statement;
    let (statement, report) = reconcile(&app, text.as_bytes()).await.map_err(|error| match error {
        ReconcileError::Statement(error) => ApiError::field("statement", format!("`statement`: {error}.")),
        ReconcileError::Database(error) => error.into(),
    })?;
    let provider = statement.provider;
    Ok(Json(wire::Reconciliation {
        provider: provider.as_str().to_owned(),
        from: rfc3339(statement.from_us),
        to: rfc3339(statement.to_us),
        payments: statement.received.len(),
        skipped: statement.skipped,
        matched: report.matched,
        matched_minor: report.matched_minor,
        statement_minor: report.statement_minor,
        booked_minor: report.booked_minor,
        differences: report.differences.iter().map(|difference| body(difference, provider)).collect(),
    }))
}

fn body(difference: &Difference, provider: Method) -> wire::PaymentDifference {
    let (kind, receipt, statement_minor, booked_minor) = match difference {
        Difference::MissingHere(line) => ("missing_here", line.receipt.clone(), Some(line.amount_minor), None),
        Difference::NotInWallet(line, Place::Dismissed) => {
            ("dismissed", line.receipt.clone(), Some(line.amount_minor), None)
        }
        Difference::NotInWallet(line, _) => ("waiting", line.receipt.clone(), Some(line.amount_minor), None),
        Difference::MissingThere(ours) => {
            let name = ours.receipt.clone().or(ours.provider_reference.clone()).unwrap_or_default();
            ("missing_there", name, None, Some(ours.amount_minor))
        }
        Difference::Amount(line, ours) => ("amount", line.receipt.clone(), Some(line.amount_minor), Some(*ours)),
        Difference::Twice(line) => ("twice", line.receipt.clone(), Some(line.amount_minor), None),
    };
    let message = difference.sentence(provider);
    wire::PaymentDifference { kind: kind.to_owned(), receipt, statement_minor, booked_minor, message }
}
