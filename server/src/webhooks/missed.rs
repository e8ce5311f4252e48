//! What happened while an endpoint was off, or before it was there: found for whoever asks for it to be sent.

use sautikit_api::ids::{DeliveryId, WorkspaceId};
use sqlx::AnyConnection;

use super::client::origin_of;
use super::endpoints::Endpoint;
use super::kinds;
use super::store::missed::{self as sql, Asked};
use crate::state::AppState;

/// Events of one look at the database.
const LOOK: i64 = 1_000;
/// Looks of one request: of a number whose calls have many origins most of what is found goes elsewhere.
const MOST_LOOKS: usize = 20;

/// An event that an endpoint was never told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// Its id.
    pub event: String,
    /// The name of its kind.
    pub kind: String,
    /// Its place in its call.
    pub sequence: i64,
    /// Its call.
    pub call: Option<String>,
    /// The call's `events_url`; where it is sent, where that is not the endpoint's.
    pub url: Option<String>,
}

/// What was found, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Looked {
    pub(super) found: Vec<Missed>,
    /// The event up to which was looked, where there may be more after it.
    pub(super) until: Option<String>,
}

/// What of the span would have gone to the endpoint had it been on, from after a place on; no further than some that are more
/// than `most`.
pub(super) async fn find(
    conn: &mut AnyConnection,
    endpoint: &Endpoint,
    (span, kind): ((i64, i64), &str),
    mut after: i64,
    most: usize,
) -> Result<Looked, sqlx::Error> {
    let (workspace, id, number) = (endpoint.workspace_id, endpoint.id, endpoint.number_id);
    let wants = |one: &&str| {
        (kind.is_empty() || kind == *one) && endpoint.events.iter().any(|pattern| kinds::matches(pattern, one))
    };
    let kinds: Vec<_> = kinds::EventKind::ALL.iter().map(|kind| kind.as_str()).filter(wants).collect();
    let asked = Asked { workspace, endpoint: id, number, span, kinds: &kinds };
    let mut looked = Looked::default();
    for _ in 0..MOST_LOOKS {
        let some = sql::list(conn, &asked, after, LOOK).await?;
        let is_all = (some.len() as i64) < LOOK;
        after = some.last().map_or(after, |(position, _)| *position);
        looked.until = some.last().map(|(_, missed)| missed.event.clone()).filter(|_| !is_all);
        looked.found.extend(some.into_iter().filter_map(|(_, missed)| goes_to(endpoint, missed)));
        if is_all || looked.found.len() > most {
            break;
        }
    }
    Ok(looked)
}

/// The event as it goes to the endpoint, if it does.
fn goes_to(endpoint: &Endpoint, missed: Missed) -> Option<Missed> {
    if !endpoint.events.iter().any(|one| kinds::matches(one, &missed.kind)) {
        return None;
    }
    if endpoint.number_id.is_none() {
        return Some(Missed { url: None, ..missed });
    }
    let origin = origin_of(missed.url.as_deref()?)?;
    (origin == endpoint.url).then_some(missed)
}

/// Makes deliveries of them, in the caller's transaction; how many.
pub(super) async fn deliver(
    app: &AppState,
    tx: &mut AnyConnection,
    workspace: WorkspaceId,
    endpoint: sautikit_api::ids::WebhookEndpointId,
    missed: &[Missed],
) -> Result<u64, sqlx::Error> {
    let made = missed.iter().map(|one| (DeliveryId(app.new_uuid()), one));
    sql::insert(tx, app.db.dialect(), (workspace, endpoint), made, app.now_us()).await
}
