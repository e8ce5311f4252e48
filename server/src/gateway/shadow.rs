//! Copies of voice callback requests to numbers' shadows: sent beside the live request, compared once both have come.
//!
//! A copy is the same form, signed with the same secret, within its own ten seconds. It touches the call nowhere: it is a task of
//! its own that is told how the live request ended, and one more than [`MOST`] at once is left out and counted.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sautikit_api::ids::{CallId, NumberId, ShadowRequestId, WorkspaceId};
use sautikit_api::numbers::Compat;
use tokio::sync::oneshot;
use url::Url;
use voice::{Answer, Callback, FetchFailure, Purpose, Reply};

use super::Gateway;
use super::effects::fetch::{read, reply_of};
use crate::shadow::{Queue, Seen, ShadowRequest, compare, purpose_name};
use crate::webhooks::fetch;
use crate::webhooks::signer::NumberSecrets;

/// Copies of a node that are under way at once: each is a task, a connection, and an answer of 256 KiB at most.
const MOST: usize = 128;
/// Those of a workspace, so that one whose shadow hangs leaves room to others.
const MOST_OF_WORKSPACE: usize = 16;
/// A live request is over within its ten seconds and its last retry; whoever was not told by then is not told.
const LIVE_WITHIN: Duration = Duration::from_secs(15);

/// A call's shadow.
#[derive(Debug, Clone)]
pub(super) struct Shadow {
    /// Who gets the copies.
    pub(super) url: String,
    /// Whose handler is tried: copies go where they lead from here.
    pub(super) live_url: String,
    /// The number.
    pub(super) number_id: NumberId,
    /// The number, E.164.
    pub(super) number: String,
    /// The call.
    pub(super) call_id: CallId,
    /// Whose.
    pub(super) workspace: WorkspaceId,
    /// Whose words callbacks are in.
    pub(super) compat: Compat,
}

/// Copies that are under way.
#[derive(Debug, Default)]
pub struct Underway(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    of: HashMap<WorkspaceId, usize>,
}

/// One of them; gives its place back.
struct Place {
    counts: Arc<Mutex<Counts>>,
    workspace: WorkspaceId,
}

impl Underway {
    fn take(&self, workspace: WorkspaceId) -> Option<Place> {
        let mut counts = self.0.lock();
        let of_workspace = counts.of.get(&workspace).copied().unwrap_or_default();
        if counts.all >= MOST || of_workspace >= MOST_OF_WORKSPACE {
            return None;
        }
        counts.all += 1;
        counts.of.insert(workspace, of_workspace + 1);
        Some(Place { counts: self.0.clone(), workspace })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.counts.lock();
        counts.all = counts.all.saturating_sub(1);
        if let Some(count) = counts.of.get_mut(&self.workspace) {
            *count -= 1;
            if *count == 0 {
                counts.of.remove(&self.workspace);
            }
        }
    }
}

/// How the live request ended.
struct Live {
    status: Option<u16>,
    duration_ms: u64,
    outcome: Result<Option<Answer>, FetchFailure>,
}

/// A copy that is under way, and waits to be told how the live request ended.
pub(super) struct Copied {
    tell: oneshot::Sender<Live>,
    began: Duration,
}

impl Copied {
    /// The live request is over; `outcome` is `None` where a good answer was not read.
    pub(super) fn live_is(self, gateway: &Gateway, outcome: Result<Option<Answer>, FetchFailure>, status: Option<u16>) {
        let duration_ms = since(gateway, self.began);
        // Whoever waited too long has gone.
        let _ = self.tell.send(Live { status, duration_ms, outcome });
    }
}

/// Sends a copy of `callback`, unless it is of a kind that is not copied, leads to a server that the shadow does not stand for,
/// or too many are under way.
pub(super) fn send(
    gateway: &Arc<Gateway>,
    shadow: Option<&Arc<Shadow>>,
    callback: &Callback,
    secrets: &NumberSecrets,
) -> Option<Copied> {
    let shadow = shadow?;
    let purpose = purpose_name(callback.purpose)?;
    let url = place_of(&callback.url, &shadow.live_url, &shadow.url)?;
    let Some(place) = gateway.shadows.take(shadow.workspace) else {
        Queue::of(&gateway.app).count_dropped(1);
        return None;
    };
    let (tell, live) = oneshot::channel();
    let copy = Copy { url, callback: callback.clone(), purpose, secrets: secrets.clone(), live };
    tokio::spawn(run(gateway.clone(), shadow.clone(), copy, place));
    Some(Copied { tell, began: gateway.app.clock.monotonic() })
}

struct Copy {
    url: String,
    callback: Callback,
    purpose: &'static str,
    secrets: NumberSecrets,
    live: oneshot::Receiver<Live>,
}

async fn run(gateway: Arc<Gateway>, shadow: Arc<Shadow>, copy: Copy, _place: Place) {
    let Copy { url, callback, purpose, secrets, live } = copy;
    let app = &gateway.app;
    let began = app.clock.monotonic();
    let mut signer = secrets.signer(shadow.compat);
    signer.is_shadow = true;
    let development = app.config.is_development();
    let fetched =
        fetch::fetch(&gateway.http, app.clock.as_ref(), development, &url, &callback.params, signer).await.outcome;
    let duration_ms = since(&gateway, began);
    let Reply { status, body, .. } = reply_of(&fetched);
    let answer = fetched.map_err(FetchFailure::from).and_then(|answer| match callback.purpose {
        Purpose::Steer => read(answer, &shadow.number, shadow.compat).map(Some),
        _ => Ok(None),
    });
    // Both began together; the comparison waits for whichever is slower.
    let Ok(Ok(told)) = tokio::time::timeout(LIVE_WITHIN, live).await else { return };
    let seen_live = Seen {
        url: &callback.url,
        status: told.status,
        duration_ms: told.duration_ms,
        outcome: told.outcome.as_ref().map(Option::as_ref),
    };
    let seen = Seen { url: &url, status, duration_ms, outcome: answer.as_ref().map(Option::as_ref) };
    let (outcome, comparison) = compare(callback.purpose, seen_live, seen, &body);
    Queue::of(app).push(ShadowRequest {
        id: ShadowRequestId(app.new_uuid()),
        workspace_id: shadow.workspace,
        number_id: shadow.number_id,
        call_id: shadow.call_id,
        purpose: purpose.to_owned(),
        outcome,
        comparison,
        created_at_us: app.now_us(),
    });
}

fn since(gateway: &Gateway, began: Duration) -> u64 {
    u64::try_from(gateway.app.clock.monotonic().saturating_sub(began).as_millis()).unwrap_or(u64::MAX)
}

/// Where the copy of a request to `asked` goes: the way from the live handler to it, taken from the shadow. None where it leads
/// to another server. Pure.
fn place_of(asked: &str, live: &str, shadow: &str) -> Option<String> {
    if asked == live {
        return Some(shadow.to_owned());
    }
    let (asked, live, shadow) = (Url::parse(asked).ok()?, Url::parse(live).ok()?, Url::parse(shadow).ok()?);
    let way = live.make_relative(&asked)?;
    shadow.join(&way).ok().map(String::from)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_copy_goes_the_same_way_from_the_shadow() {
        let (live, shadow) = ("https://simba.example/ivr/voice", "https://new.simba.example:8443/v2/entry?try=1");
        let place = |asked: &str| place_of(asked, live, shadow);
        let at = |path: &str| Some(format!("https://new.simba.example:8443{path}"));
        assert_eq!(place(live), at("/v2/entry?try=1"));
        assert_eq!(place("https://simba.example/ivr/menu?step=2"), at("/v2/menu?step=2"));
        assert_eq!(place("https://simba.example/other"), at("/other"));
        assert_eq!(place("https://elsewhere.example/ivr/menu"), None);
    }

    #[test]
    fn a_workspace_leaves_room_to_others() {
        let underway = Underway::default();
        let workspace = |of: u128| WorkspaceId(Uuid::from_u128(of));
        let mut places: Vec<_> = (0..MOST_OF_WORKSPACE).map(|_| underway.take(workspace(1)).unwrap()).collect();
        assert!(underway.take(workspace(1)).is_none());
        let others = (2..).flat_map(|of| std::iter::repeat_n(of, MOST_OF_WORKSPACE));
        places.extend(others.map_while(|of| underway.take(workspace(of))));
        assert_eq!(places.len(), MOST);
        drop(places);
        assert!(underway.take(workspace(1)).is_some());
        assert_eq!(underway.0.lock().of.len(), 0);
    }
}
