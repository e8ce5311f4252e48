//! `/v1/admin/jobs`: background work that is not done, for operators. What failed for two days waits for them here: a payment's
//! credit, a renewal, a mail.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use sautikit_api::ErrorCode;
use sautikit_api::ids::JobId;
use sautikit_api::operator as wire;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::audit::{self, Actor};
use crate::clock::rfc3339;
use crate::jobs::{self, Listed};
use crate::state::AppState;
use crate::web::caller::Operator;
use crate::web::error::{ApiError, ApiResult};
use crate::web::page::Page;
use crate::web::params::Paged;
use crate::web::query::Query;

/// What narrows the list.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct JobsQuery {
    /// Jobs that stand here; `dead` where nothing is said.
    #[param(value_type = Option<sautikit_api::sets::JobState>)]
    state: String,
}

/// The operators' routes, relative to `/v1`.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_jobs)).routes(routes!(retry_job))
}

/// List background jobs
///
/// Those that are dead, which were tried for two days and wait for people; or those that wait or run.
#[utoipa::path(get, operation_id = "admin_list_jobs", path = "/admin/jobs", security(("session" = [])),
    params(Paged, JobsQuery),
    responses((status = 200, body = Vec<wire::AdminJob>, description = "Jobs in that state, the newest first.")))]
async fn list_jobs(
    State(app): State<AppState>,
    _: Operator,
    page: Page,
    query: ApiResult<Query<JobsQuery>>,
) -> ApiResult<Response> {
    let Query(JobsQuery { state }) = query?;
    let state = match state.as_str() {
        "" => jobs::State::Dead,
        name => jobs::State::parse(name).ok_or_else(|| {
            let known = jobs::State::ALL.iter().map(|state| state.as_str()).collect::<Vec<_>>().join(", ");
            ApiError::field("state", format!("`state` is one of {known}."))
        })?,
    };
    let listed = jobs::list(&app, state, page.before(), page.fetch_limit()).await?;
    Ok(page.answer(listed, |job| (job.created_at, job.id.0), body))
}

/// Retry a background job
///
/// A dead one is tried again at once, and then by its schedule. Of a mail what it was to say is gone.
#[utoipa::path(post, operation_id = "admin_retry_job", path = "/admin/jobs/{id}/retry", security(("session" = [])),
    responses((status = 200, body = wire::AdminJob, description = "The job as it is now.")),
    extensions(("x-errors" = json!([ErrorCode::NotFound]))))]
async fn retry_job(
    State(app): State<AppState>,
    operator: Operator,
    Path(id): Path<String>,
) -> ApiResult<Json<wire::AdminJob>> {
    let unknown = || ApiError::from(ErrorCode::NotFound).message("No dead job that could be tried again has this id.");
    let id: JobId = id.parse().map_err(|_| unknown())?;
    let mut tx = app.db.begin_write().await?;
    let job = jobs::revive(&mut tx, &app, id).await?.ok_or_else(unknown)?;
    let entry = audit::Entry {
        workspace_id: None,
        actor: Actor::Operator(Some(operator.user_id.to_string())),
        action_kind: "job.retried",
        subject_id: Some(job.id.to_string()),
        details: json!({ "kind": job.kind, "subject": job.subject }),
        ip: operator.ip,
    };
    audit::record(&app, &mut tx, &entry).await?;
    tx.commit().await?;
    jobs::ring_all(&app);
    Ok(Json(body(job)))
}

fn body(job: Listed) -> wire::AdminJob {
    wire::AdminJob {
        can_retry: job.can_retry(),
        id: job.id,
        kind: job.kind,
        lane: job.lane,
        subject: job.subject,
        state: job.state,
        attempts: job.attempts,
        last_error: job.last_error,
        due_at: rfc3339(job.due_at),
        created_at: rfc3339(job.created_at),
    }
}
