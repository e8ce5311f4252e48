//! `/dev/mail.json`: the mails that a development server would have sent. The console's `/dev/mail` shows them.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use sautikit_api::ErrorCode;

use super::{Mailer, SentMail};
use crate::state::AppState;
use crate::web::error::ApiResult;

/// The routes, relative to `/dev`.
pub fn routes() -> Router<AppState> {
    Router::new().route("/mail.json", get(list_mails))
}

async fn list_mails(State(app): State<AppState>) -> ApiResult<impl IntoResponse> {
    let mails: Vec<SentMail> = Mailer::of(&app).dev_store().ok_or(ErrorCode::NotFound)?.list();
    // The links sign people in.
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(mails)))
}
