//! Calls as an archive of the workspace has them: each with its legs and its whole timeline.

use sautikit_api::calls as wire;
use sautikit_api::ids::{CallId, WorkspaceId};
use serde::Serialize;

use super::http::{call_body, event_body};
use super::store::events::list_events_after;
use super::store::{Filter, shown};
use crate::state::AppState;

/// Entries of a timeline that are read at once.
const EVENTS_AT_ONCE: i64 = 500;

/// A call and what happened in it.
#[derive(Debug, Serialize)]
pub struct ExportedCall {
    /// As `GET /v1/calls/{id}` shows it.
    #[serde(flatten)]
    pub call: wire::Call,
    /// Its timeline, the oldest first.
    pub events: Vec<wire::CallEvent>,
    /// When it began, in microseconds UTC: with its id where the next page begins.
    #[serde(skip)]
    pub started_at_us: i64,
}

/// The workspace's calls before one, the newest first.
///
/// # Errors
/// The database failed.
pub async fn page(
    app: &AppState,
    workspace: WorkspaceId,
    before: Option<(i64, CallId)>,
    limit: i64,
) -> Result<Vec<ExportedCall>, sqlx::Error> {
    let mut conn = app.db.acquire().await?;
    let (before_us, id) = before.map_or((i64::MAX, String::new()), |(at, id)| (at, id.to_string()));
    let filter = Filter { from_us: i64::MIN, to_us: i64::MAX, ..Filter::default() };
    let calls = shown::list_shown(&mut conn, app.db.dialect(), workspace, (before_us, &id), &filter, limit).await?;
    let mut exported = Vec::with_capacity(calls.len());
    for call in calls {
        let (mut events, started_at_us) = (Vec::new(), call.started_at);
        let mut after = 0;
        loop {
            let page = list_events_after(&mut conn, call.id, after, EVENTS_AT_ONCE).await?;
            let Some(last) = page.last() else { break };
            after = last.sequence;
            events.extend(page.into_iter().map(event_body));
        }
        exported.push(ExportedCall { call: call_body(call), events, started_at_us });
    }
    Ok(exported)
}
