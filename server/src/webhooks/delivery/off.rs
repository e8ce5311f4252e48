//! An endpoint that is gone, or failed for three days, is switched off, and the workspace's owners are told.

use std::collections::HashSet;

use async_trait::async_trait;
use sautikit_api::ids::{WebhookEndpointId, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::AnyConnection;

use super::scheduler::Off;
use super::settle::Ended;
use crate::audit::{self, Actor};
use crate::jobs::{self, Failure, Job};
use crate::mail;
use crate::state::{AppState, Part};
use crate::webhooks::endpoints::Status;
use crate::webhooks::letter;
use crate::webhooks::store::endpoints as rows;

impl Off {
    /// Its name in the database.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Failing => "failing",
        }
    }
}

/// Who owns workspaces: another room knows it.
#[async_trait]
pub trait Owners: Send + Sync + 'static {
    /// The owners' addresses.
    async fn addresses(&self, conn: &mut AnyConnection, workspace: WorkspaceId) -> Result<Vec<String>, jobs::Failure>;
}

/// Who tells on this server.
pub struct OwnersOf(Box<dyn Owners>);

impl Part for OwnersOf {}

impl OwnersOf {
    /// To be put in at the start.
    pub fn new(by: impl Owners) -> Self {
        Self(Box::new(by))
    }
}

/// Switches off what is to be, in the transaction that settles it; which. Not what somebody made another one meanwhile.
pub(super) async fn write(
    app: &AppState,
    tx: &mut AnyConnection,
    ended: &[Ended],
    now_us: i64,
) -> Result<HashSet<WebhookEndpointId>, sqlx::Error> {
    let mut switched_off = HashSet::new();
    for one in ended {
        let Some(off) = one.off else { continue };
        let (workspace, id) = (one.endpoint.workspace, one.endpoint.id);
        rows::lock(tx, workspace, id).await?;
        let Some(mut row) = rows::find(tx, workspace, id).await? else { continue };
        if row.status != Status::Enabled || row.generation != one.endpoint.generation {
            continue;
        }
        (row.status, row.disabled_reason) = (Status::Disabled, Some(off.as_str().to_owned()));
        row.changed_at = now_us;
        rows::update(tx, &row).await?;
        let entry = audit::Entry {
            workspace_id: Some(workspace),
            actor: Actor::System,
            action_kind: "webhook.switched_off",
            subject_id: Some(id.to_string()),
            details: json!({ "reason": off.as_str() }),
            ip: None,
        };
        audit::record(app, tx, &entry).await?;
        let job = TellDisabled { workspace_id: workspace, endpoint_id: id, at_us: now_us };
        jobs::enqueue(tx, app, &job, now_us).await?;
        tracing::info!(endpoint = %id, reason = off.as_str(), "a webhook endpoint is switched off");
        switched_off.insert(id);
    }
    Ok(switched_off)
}

/// Mails the owners that an endpoint was switched off.
#[derive(Debug, Serialize, Deserialize)]
pub struct TellDisabled {
    workspace_id: WorkspaceId,
    endpoint_id: WebhookEndpointId,
    at_us: i64,
}

impl Job for TellDisabled {
    const KIND: &'static str = "tell_webhook_disabled";

    fn subject(&self) -> String {
        format!("{}:{}", self.endpoint_id, self.at_us)
    }

    async fn run(self, app: &AppState) -> Result<(), Failure> {
        let mut tx = app.db.begin_write().await?;
        let Some(row) = rows::find(&mut tx, self.workspace_id, self.endpoint_id).await? else { return Ok(()) };
        if row.status != Status::Disabled {
            return Ok(());
        }
        let mut posted = Vec::new();
        for to in app.part::<OwnersOf>().0.addresses(&mut tx, self.workspace_id).await? {
            let write = |to, lang| letter::letter(&app.public_url, to, &row, app.now_us(), lang);
            posted.push(mail::post_to(app, &mut tx, to, write).await?);
        }
        tx.commit().await?;
        posted.into_iter().for_each(|mail| mail.committed(app));
        Ok(())
    }
}
