//! `GET /v1/workspace/changes`: that something has changed, for pages that show it and ask anew. It tells which list, and nothing of
//! what stands in it.
//!
//! Who follows a workspace shares one look (`webhooks::live`): the newest rows of a few lists, each by an index. Calls have a stream
//! of their own, which says more and sooner.

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::response::sse::Event;
use futures::{StreamExt, stream};
use parking_lot::Mutex;
use sautikit_api::ids::WorkspaceId;
use sautikit_api::members as wire;
use sautikit_api::rights::Scope;
use serde_json::json;
use sqlx::AnyConnection;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AppState;
use crate::wallet::WalletError;
use crate::web::caller::{Caller, Right};
use crate::web::error::{ApiError, ApiResult};
use crate::web::live;
use crate::webhooks::live::follower::{Follower, Next};
use crate::webhooks::live::{Followed, Live, Looked, Said, Source};
use crate::{audit, payments, requests, wallet, webhooks};

/// The routes of changes, relative to `/v1`.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(stream_changes))
}

/// What can change, and who may be told that it did.
const SUBJECTS: [(&str, Scope); 4] = [
    ("wallet", Scope::WalletRead),
    ("deliveries", Scope::WebhooksRead),
    ("requests", Scope::AuditRead),
    ("audit", Scope::AuditRead),
];

/// How each subject stands, in the order of [`SUBJECTS`].
type Marks = [String; SUBJECTS.len()];

/// Follow what changes
///
/// Server-sent events, each of which says that something has changed: `wallet` (balance or top-ups), `deliveries`, `requests` (the
/// request log), `audit` (the audit log, which has every write). What changed is asked for where it stands. Within two seconds, and
/// only of what one may read. After five minutes it ends: whoever comes back asks anew.
#[utoipa::path(get, path = "/workspace/changes",
    responses((status = 200, body = wire::StreamedChange, content_type = "text/event-stream", description = "What changes, without an end.")),
    extensions(("x-scope" = json!(Scope::MembersRead))))]
async fn stream_changes(State(app): State<AppState>, caller: Caller, headers: HeaderMap) -> ApiResult<Response> {
    caller.needs(Scope::MembersRead)?;
    let workspace = caller.workspace.id;
    let place = app.part::<Live>().place(workspace, None)?;
    let may: Vec<&str> =
        SUBJECTS.iter().filter(|(_, scope)| caller.needs(*scope).is_ok()).map(|(name, _)| *name).collect();
    let source = Changes { workspace, seen: Mutex::default() };
    let mut follower = Follower::new(app.clone(), Arc::new(source), 0, None);
    // What changes from here on is told.
    follower.catch_up().await.map_err(ApiError::internal)?;
    let right = Right::new(&app, &headers, caller, &[Scope::MembersRead]);
    let events = stream::unfold(Some((follower, place)), |follows| async move {
        let (mut follower, place) = follows?;
        match follower.next().await {
            Next::Said(said) => Some((said, Some((follower, place)))),
            Next::Dropped(_) | Next::End => None,
        }
    });
    let events = events.filter_map(move |said| {
        let is_told = may.contains(&said.kind.as_str());
        async move { is_told.then(|| Ok(Event::default().event(&said.kind).data(&said.body))) }
    });
    // Whoever connects knows so before anything changes.
    let first = stream::iter([Ok(Event::default().comment("following"))]);
    let events = first.chain(events).take_until(async move { right.lost().await });
    Ok(live::answer(&app, app.part::<Live>().lasts(), events))
}

/// The changes of a workspace, from the first look on.
struct Changes {
    workspace: WorkspaceId,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    marks: Option<Marks>,
    /// The place of the last that was said.
    position: i64,
}

impl Seen {
    /// Which subjects stand otherwise than before; none at the first look.
    fn look(&mut self, marks: Marks, now_us: i64) -> Vec<Said> {
        let before = self.marks.replace(marks.clone());
        let Some(before) = before else { return Vec::new() };
        let changed = SUBJECTS.iter().zip(before.iter().zip(&marks)).filter(|(_, (before, now))| before != now);
        let changed = changed.map(|((subject, _), _)| {
            self.position = now_us.max(self.position.saturating_add(1));
            Said {
                position: self.position,
                id: String::new(),
                kind: (*subject).to_owned(),
                version: 1,
                body: json!({ "changed": subject }).to_string(),
            }
        });
        changed.collect()
    }
}

#[async_trait]
impl Source for Changes {
    fn followed(&self) -> Followed {
        Followed::Changes(self.workspace)
    }

    async fn look(&self, app: &AppState, _: i64, _: usize) -> Result<Looked, Box<dyn Error + Send + Sync>> {
        let marks = marks(&mut *app.db.acquire().await?, self.workspace).await?;
        Ok(Looked { said: self.seen.lock().look(marks, app.now_us()), is_over: false, revision: None })
    }
}

async fn marks(conn: &mut AnyConnection, workspace: WorkspaceId) -> Result<Marks, Box<dyn Error + Send + Sync>> {
    let balance = match wallet::read(conn, workspace).await {
        Ok(wallet) => format!("{} {}", wallet.balance_minor, wallet.held_minor),
        Err(WalletError::NotFound) => String::new(),
        Err(error) => return Err(error.into()),
    };
    let top_ups = payments::mark(conn, workspace).await?;
    Ok([
        format!("{balance} {top_ups}"),
        webhooks::deliveries::mark(conn, workspace).await?,
        requests::mark(conn, workspace).await?,
        audit::mark(conn, workspace).await?,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_as_before_is_not_told_and_nothing_at_first() {
        let marks =
            |wallet: &str, requests: &str| [wallet.to_owned(), String::new(), requests.to_owned(), String::new()];
        let mut seen = Seen::default();
        let mut told = |marks, now_us| {
            let said = seen.look(marks, now_us);
            said.into_iter().map(|said| (said.kind, said.position)).collect::<Vec<_>>()
        };
        assert!(told(marks("1", "a"), 5).is_empty() && told(marks("1", "a"), 6).is_empty());
        assert_eq!(told(marks("2", "b"), 6), [("wallet".to_owned(), 6), ("requests".to_owned(), 7)]);
        assert_eq!(told(marks("3", "b"), 6), [("wallet".to_owned(), 8)], "each has a place of its own");
    }
}
