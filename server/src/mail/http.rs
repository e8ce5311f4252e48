//! `/dev/mail` and `/dev/mail.json`: the mails that a development server would have sent.

use axum::extract::State;
use axum::response::Html;
use axum::routing::get;
use axum::{Json, Router};
use sautikit_api::ErrorCode;

use super::SentMail;
use crate::error::ApiResult;
use crate::state::AppState;

/// The routes, relative to `/dev`.
pub fn routes() -> Router<AppState> {
    Router::new().route("/mail", get(show_mails)).route("/mail.json", get(list_mails))
}

async fn list_mails(State(app): State<AppState>) -> ApiResult<Json<Vec<SentMail>>> {
    Ok(Json(app.mailer.dev_store().ok_or(ErrorCode::NotFound)?.list()))
}

async fn show_mails(State(app): State<AppState>) -> ApiResult<Html<String>> {
    let mails = app.mailer.dev_store().ok_or(ErrorCode::NotFound)?.list();
    let list = match mails.is_empty() {
        true => "<p>No mail yet. Ask for a sign-in link and reload.</p>".to_owned(),
        false => mails.iter().map(article).collect(),
    };
    Ok(Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Mail (development)</title><main><h1>Mail that this server would have sent</h1>{list}</main></html>"
    )))
}

fn article(mail: &SentMail) -> String {
    let links: String =
        mail.links.iter().map(|link| format!("<p><a href=\"{0}\">{0}</a></p>", escaped(link))).collect();
    format!(
        "<article><h2>{}</h2><p>To {} at <time>{}</time></p>{links}<pre>{}</pre></article><hr>",
        escaped(&mail.subject),
        escaped(&mail.to),
        escaped(&mail.sent_at),
        escaped(&mail.text)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
