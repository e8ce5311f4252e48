//! Who is told that a trunk does not take our registration: operators by mail, and by an event the workspaces whose numbers are
//! called by it. Once an hour, however many nodes register.

use std::time::Duration;

use sautikit_api::ids::{EventId, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::AnyConnection;

use super::letter;
use crate::entropy::uuid_of;
use crate::jobs::{self, Failure, Job, Lane};
use crate::state::AppState;
use crate::webhooks::{self, EventKind, NewEvent, Subject};
use crate::{accounts, mail, numbers};

/// What counts as the same time.
const HOUR_US: i64 = 3_600 * 1_000_000;
/// Workspaces that are told in one transaction.
const WORKSPACES_AT_ONCE: i64 = 100;
/// Between tries while the database is away.
const TELL_AGAIN: Duration = Duration::from_secs(5);
/// Numbers that an event names.
const MOST_NUMBERS: i64 = 100;

/// Tells of one trunk.
#[derive(Debug, Serialize, Deserialize)]
pub struct TellUnregistered {
    trunk: String,
    status: u16,
    at_us: i64,
}

/// As [`tell`], however long the database is away. A server that stops meanwhile finds it out anew when it starts.
pub(super) async fn tell_until_written(app: &AppState, trunk: &str, status: u16) {
    while let Err(error) = tell(app, trunk.to_owned(), status).await {
        tracing::warn!(trunk, %error, "a trunk that is not registered can't be told of; trying again");
        tokio::select! {
            () = tokio::time::sleep(TELL_AGAIN) => {}
            () = app.stopping.cancelled() => return,
        }
    }
}

/// Has it told, unless another node has within this hour.
async fn tell(app: &AppState, trunk: String, status: u16) -> Result<(), sqlx::Error> {
    let job = TellUnregistered::new(trunk, status, app.now_us());
    let mut tx = app.db.begin_write().await?;
    jobs::enqueue(&mut tx, app, &job, job.at_us).await?;
    tx.commit().await?;
    jobs::ring(app, Lane::Own);
    Ok(())
}

impl Job for TellUnregistered {
    const KIND: &'static str = "trunks.tell_unregistered";

    fn subject(&self) -> String {
        format!("{}:{}", self.trunk, self.at_us.div_euclid(HOUR_US))
    }

    async fn run(self, app: &AppState) -> Result<(), Failure> {
        let mut after = None;
        loop {
            let mut tx = app.db.begin_write().await?;
            let some = numbers::list_workspaces_of_trunk(&mut tx, &self.trunk, after, WORKSPACES_AT_ONCE).await?;
            let mut events = Vec::with_capacity(some.len());
            for workspace in &some {
                events.push(self.event(app, &mut tx, *workspace).await?);
            }
            webhooks::emit_together(&mut tx, app.db.dialect(), &events).await?;
            tx.commit().await?;
            webhooks::ring(app);
            match some.last() {
                Some(last) if some.len() as i64 == WORKSPACES_AT_ONCE => after = Some(*last),
                _ => break,
            }
        }
        self.mail_operators(app).await
    }
}

impl TellUnregistered {
    /// That `trunk` answered a registration with `status`, at `at_us` in microseconds UTC.
    pub fn new(trunk: String, status: u16, at_us: i64) -> Self {
        Self { trunk, status, at_us }
    }

    async fn event(
        &self,
        app: &AppState,
        tx: &mut AnyConnection,
        workspace: WorkspaceId,
    ) -> Result<NewEvent, sqlx::Error> {
        let numbers = numbers::list_e164_of_trunk(tx, workspace, &self.trunk, MOST_NUMBERS).await?;
        Ok(NewEvent {
            id: self.event_id(workspace),
            workspace_id: workspace,
            kind: EventKind::TrunkRegistrationFailed,
            subject: Subject::Workspace,
            data: json!({ "trunk": self.trunk, "sip_status": self.status, "numbers": numbers }),
            created_at: app.now_us(),
        })
    }

    /// The same when the job runs again, so that nobody is told twice.
    fn event_id(&self, workspace: WorkspaceId) -> EventId {
        EventId(uuid_of(&format!("{} {workspace}", self.subject())))
    }

    async fn mail_operators(&self, app: &AppState) -> Result<(), Failure> {
        let mut tx = app.db.begin_write().await?;
        let mut posted = Vec::new();
        for to in accounts::list_operators(&mut tx).await? {
            let write = |to, lang| letter::letter(&app.public_url, to, &self.trunk, self.status, app.now_us(), lang);
            posted.push(mail::post_to(app, &mut tx, to, write).await?);
        }
        tx.commit().await?;
        posted.into_iter().for_each(|mail: mail::Posted| mail.committed(app));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn at(seconds: i64) -> TellUnregistered {
        TellUnregistered { trunk: "a".to_owned(), status: 403, at_us: seconds * 1_000_000 }
    }

    #[test]
    fn an_hour_of_a_trunk_is_told_of_once() {
        assert_eq!(at(0).subject(), at(3_599).subject());
        assert_ne!(at(3_599).subject(), at(3_600).subject());
        let [one, other] = [1, 2].map(|number| WorkspaceId(Uuid::from_u128(number)));
        assert_eq!(at(0).event_id(one), at(60).event_id(one));
        assert_ne!(at(0).event_id(one), at(0).event_id(other));
    }
}
