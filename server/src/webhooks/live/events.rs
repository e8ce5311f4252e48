//! A workspace's events, as they are followed.

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use sautikit_api::ids::WorkspaceId;

use super::follower::Follower;
use super::{Followed, Looked, Said, Source};
use crate::state::AppState;
use crate::webhooks::WebhookError;
use crate::webhooks::body;
use crate::webhooks::store::events::{self as sql, Placed};

/// Those of the kinds that begin so.
struct Events(WorkspaceId, &'static str);

#[async_trait]
impl Source for Events {
    fn followed(&self) -> Followed {
        Followed::Events(self.0, self.1)
    }

    async fn look(&self, app: &AppState, after: i64, most: usize) -> Result<Looked, Box<dyn Error + Send + Sync>> {
        let mut conn = app.db.acquire().await?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let placed = sql::list_after(&mut conn, self.0, after, (self.1, ""), most).await?;
        Ok(Looked { said: placed.iter().map(said).collect(), is_over: false, revision: None })
    }
}

fn said(placed: &Placed) -> Said {
    Said {
        position: placed.position.unwrap_or(0),
        id: placed.event.id.to_string(),
        kind: placed.event.kind.clone(),
        version: placed.event.version,
        body: body::body(&placed.event),
    }
}

/// Follows what comes after `seen`, or from now on. Whoever has seen what is not there, because the database is one of before, is
/// told what comes now.
pub(in crate::webhooks) async fn follow(
    app: AppState,
    workspace: WorkspaceId,
    kinds: &'static str,
    seen: Option<i64>,
) -> Result<Follower, WebhookError> {
    let newest = sql::last_position(&mut *app.db.acquire().await?, workspace).await?;
    let after = seen.map_or(newest, |seen| seen.min(newest));
    Ok(Follower::new(app, Arc::new(Events(workspace, kinds)), after, None))
}
