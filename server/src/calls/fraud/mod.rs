//! Toll fraud: outbound calls that spread unusually are frozen until an owner or the operator lets them go on.
//!
//! ```text
//! admission ── leg ──► Watch (this node, memory) ──► look: habits, last hour ──► Spread::finding
//! record ───── end ──►                                                              │ unusual
//!                          row, event, audit line, mails, in one transaction ◄──────┘
//! ```
//! Each node watches its own calls at once and what others placed within half a minute; the freeze is a row, which all
//! nodes see within a second (`directory`). Calls that run go on to their end. Deliberately absent: limits, which refuse
//! single calls (`limits`).

pub mod drill;
mod letter;
pub mod spread;
mod watch;

use sautikit_api::ids::{EventId, FreezeId, WorkspaceId};
use serde_json::json;
use sqlx::AnyConnection;

use super::CallError;
use super::limits::{self, Both};
use super::store::{habits, limits as sql};
use crate::accounts::{self, members};
use crate::audit::{self, Actor};
use crate::mail::{self, Posted};
use crate::state::AppState;
use crate::webhooks::{self, EventKind, Subject};

pub use spread::{Finding, Reason};
pub use watch::{Leg, Watch, look, run};

/// Freezes the workspace's outbound calls and tells its owners and the operators. False where they are frozen already.
///
/// # Errors
/// The database failed.
async fn freeze(app: &AppState, workspace: WorkspaceId, finding: Finding) -> Result<bool, CallError> {
    let now_us = app.now_us();
    let mut tx = app.db.begin_write().await?;
    let details = json!(finding);
    let id = FreezeId(app.new_uuid());
    if !sql::freeze(&mut tx, id, workspace, &details.to_string(), now_us).await? {
        return Ok(false);
    }
    // What an attack did must not become usual.
    habits::forget_day(&mut tx, workspace, watch::day_of(now_us)).await?;
    let event = webhooks::NewEvent {
        id: EventId(app.new_uuid()),
        workspace_id: workspace,
        kind: EventKind::WalletFrozen,
        subject: Subject::Workspace,
        data: json!({ "freeze_id": id, "reason": finding.reason, "count": finding.count,
            "threshold": finding.threshold }),
        created_at: now_us,
    };
    webhooks::emit(&mut tx, &event).await?;
    note(app, &mut tx, workspace, "calls.frozen", (Actor::System, None), details).await?;
    let mut posted = Vec::new();
    for (to, is_operator) in whom_to_tell(&mut tx, workspace).await? {
        let write = |to, lang| letter::letter(&app.public_url, to, workspace, finding, is_operator, now_us, lang);
        posted.push(mail::post_to(app, &mut tx, to, write).await?);
    }
    tx.commit().await?;
    webhooks::ring(app);
    app.tenant_changes.note();
    posted.into_iter().for_each(|mail: Posted| mail.committed(app));
    tracing::warn!(%workspace, reason = finding.reason.as_str(), count = finding.count, "outbound calls are frozen");
    Ok(true)
}

/// Lets outbound calls go on. Where nothing is frozen nothing happens.
///
/// # Errors
/// No such workspace, or the database failed.
pub async fn unfreeze(app: &AppState, workspace: WorkspaceId, by: (Actor, Option<String>)) -> Result<Both, CallError> {
    let mut tx = app.db.begin_write().await?;
    let both = limits::read(app, &mut tx, workspace).await?;
    let Some((finding, _)) = &both.freeze else { return Ok(both) };
    sql::lift(&mut tx, workspace, app.now_us()).await?;
    note(app, &mut tx, workspace, "calls.unfrozen", by, finding.clone()).await?;
    tx.commit().await?;
    app.tenant_changes.note();
    Ok(Both { freeze: None, ..both })
}

/// Addresses of owners and operators, each once, and whether it is an operator's.
async fn whom_to_tell(conn: &mut AnyConnection, workspace: WorkspaceId) -> Result<Vec<(String, bool)>, CallError> {
    let failed = |error| match error {
        accounts::Error::Database(error) => CallError::Database(error),
        other => CallError::Database(sqlx::Error::Decode(other.into())),
    };
    let owners = members::list_owners(conn, workspace).await.map_err(failed)?;
    let operators = accounts::list_operators(conn).await.map_err(failed)?;
    let only = operators.into_iter().filter(|email| !owners.contains(email)).collect::<Vec<_>>();
    let owners = owners.into_iter().map(|email| (email, false));
    Ok(owners.chain(only.into_iter().map(|email| (email, true))).collect())
}

async fn note(
    app: &AppState,
    tx: &mut AnyConnection,
    workspace: WorkspaceId,
    action_kind: &'static str,
    (actor, ip): (Actor, Option<String>),
    details: serde_json::Value,
) -> Result<(), sqlx::Error> {
    let subject_id = Some(workspace.to_string());
    let entry = audit::Entry { workspace_id: Some(workspace), actor, action_kind, subject_id, details, ip };
    audit::record(app, tx, &entry).await
}
