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
use futures::future::ready;
use futures::stream::BoxStream;
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
use crate::web::caller::{Caller, Operator, Right};
use crate::web::error::{ApiError, ApiResult};
use crate::web::live;
use crate::webhooks::live::follower::{Follower, Next};
use crate::webhooks::live::{Followed, Live, Looked, Place, Said, Source};
use crate::{audit, calls, jobs, payments, requests, trunks, wallet, webhooks};

/// The routes of changes, relative to `/v1`.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(stream_changes))
}

/// What can change, and who may be told that it did.
const SUBJECTS: [(&str, Scope); 5] = [
    ("calls", Scope::CallsRead),
    ("wallet", Scope::WalletRead),
    ("deliveries", Scope::WebhooksRead),
    ("requests", Scope::AuditRead),
    ("audit", Scope::AuditRead),
];

/// What operators are told of besides: what runs and what waits for them; how trunks stand, and when each was heard of last.
const OF_OPERATORS: [&str; 2] = ["installation", "trunks"];

/// How subjects stand, each with its name.
type Marks = Vec<(&'static str, String)>;

/// Follow what changes
///
/// Server-sent events, each of which says that something has changed: `calls` (those that run, and who waits in queues or is in
/// conferences), `wallet` (balance or top-ups), `deliveries`, `requests` (the request log), `audit` (the audit log, which has every
/// write); to operators also `installation` (running calls of all workspaces, nodes, dead jobs, payments that wait, trunks) and `trunks`
/// (besides, whenever one of them answers the question whether it is there, or a registration is renewed). What changed is asked for
/// where it stands. Within two seconds, and only of what one may read. After five minutes it ends: whoever comes back asks anew.
#[utoipa::path(get, path = "/workspace/changes",
    responses((status = 200, body = wire::StreamedChange, content_type = "text/event-stream", description = "What changes, without an end.")),
    extensions(("x-scope" = json!(Scope::MembersRead))))]
async fn stream_changes(
    State(app): State<AppState>,
    caller: Caller,
    operator: ApiResult<Operator>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    caller.needs(Scope::MembersRead)?;
    let workspace = caller.workspace.id;
    let place = app.part::<Live>().place(workspace, None)?;
    let may: Vec<&str> =
        SUBJECTS.iter().filter(|(_, scope)| caller.needs(*scope).is_ok()).map(|(name, _)| *name).collect();
    let of_workspace = changes(&app, Followed::Changes(workspace), place).await?;
    let is_operator = operator.is_ok();
    let events = match operator {
        Ok(_) => {
            let place = app.part::<Live>().place(workspace, None)?;
            let of_all = changes(&app, Followed::Installation, place).await?;
            // Whichever ends first ends both: whoever reads comes back.
            let ending = |changes: BoxStream<'static, Arc<Said>>| changes.map(Some).chain(stream::once(ready(None)));
            let both = stream::select(ending(of_workspace), ending(of_all));
            both.take_while(|said| ready(said.is_some())).filter_map(ready).boxed()
        }
        Err(_) => of_workspace,
    };
    let right = Right::new(&app, &headers, caller, &[Scope::MembersRead]);
    let events = events.filter_map(move |said| {
        let is_told = may.contains(&said.kind.as_str()) || (is_operator && OF_OPERATORS.contains(&said.kind.as_str()));
        async move { is_told.then(|| Ok(Event::default().event(&said.kind).data(&said.body))) }
    });
    // Whoever connects knows so before anything changes.
    let first = stream::iter([Ok(Event::default().comment("following"))]);
    let events = first.chain(events).take_until(async move { right.lost().await });
    Ok(live::answer(&app, app.part::<Live>().lasts(), events))
}

/// What changes from here on, until the reader has to come back.
async fn changes(app: &AppState, followed: Followed, place: Place) -> ApiResult<BoxStream<'static, Arc<Said>>> {
    let source = Changes { followed, seen: Mutex::default() };
    let mut follower = Follower::new(app.clone(), Arc::new(source), 0, None);
    follower.catch_up().await.map_err(ApiError::internal)?;
    let told = stream::unfold((follower, place), |(mut follower, place)| async move {
        match follower.next().await {
            Next::Said(said) => Some((said, (follower, place))),
            Next::Dropped(_) | Next::End => None,
        }
    });
    Ok(told.boxed())
}

/// The changes of a workspace or of the installation, from the first look on.
struct Changes {
    followed: Followed,
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
        let changed = marks.iter().filter(|mark| !before.contains(mark));
        let changed = changed.map(|(subject, _)| {
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
        self.followed
    }

    async fn look(&self, app: &AppState, _: i64, _: usize) -> Result<Looked, Box<dyn Error + Send + Sync>> {
        let marks = match self.followed {
            Followed::Changes(workspace) => marks(&mut *app.db.acquire().await?, workspace).await?,
            _ => of_installation(app).await?,
        };
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
    Ok(vec![
        ("calls", calls::mark(conn, workspace).await?),
        ("wallet", format!("{balance} {top_ups}")),
        ("deliveries", webhooks::deliveries::mark(conn, workspace).await?),
        ("requests", requests::mark(conn, workspace).await?),
        ("audit", audit::mark(conn, workspace).await?),
    ])
}

/// What operators' pages show: calls that run, nodes, what is dead, what waits for people, trunks. Nothing else is in it, or every
/// page would be asked for at each renewal of a lease.
async fn of_installation(app: &AppState) -> Result<Marks, sqlx::Error> {
    let mut conn = app.db.acquire().await?;
    let running = calls::mark_of_all(&mut conn).await?;
    let trunks = trunks::marks(app, &mut conn).await?;
    drop(conn);
    let now_us = app.now_us();
    let nodes = calls::nodes::list(app).await?.into_iter().map(|node| node.mark(now_us));
    let dead: i64 = jobs::counts(app).await?.iter().filter(|count| count.state == "dead").map(|count| count.jobs).sum();
    let (payments, _) = payments::waiting_now(app).await?;
    let nodes = nodes.collect::<Vec<_>>().join(" ");
    let installation = format!("{running} {nodes} {dead} {payments} {}", trunks.standing);
    Ok(OF_OPERATORS.into_iter().zip([installation, trunks.heard]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_as_before_is_not_told_and_nothing_at_first() {
        let marks =
            |wallet: &str, requests: &str| vec![("wallet", wallet.to_owned()), ("requests", requests.to_owned())];
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
