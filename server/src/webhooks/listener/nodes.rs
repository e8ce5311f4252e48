//! Listeners that are connected to other nodes: who they are, and how a call that runs here asks one of them.
//!
//! ```text
//! call's node:      ask (row, sealed) ── notice ──►  listener's node: takes it, asks its socket
//!                   reads, deletes    ◄── notice ──                   writes what was said
//! ```
//! Each node writes its own listeners down and raises their `beat` while it lives; others believe in one for as long as that
//! changes, by their own time. What a notice that was lost told of is found by the next look. On SQLite there is one node.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sautikit_api::ids::WorkspaceId;
use sautikit_api::listener::{FromListener, ToListener};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};
use url::Url;
use uuid::Uuid;

use super::{Listener, Listeners};
use crate::clock;
use crate::db::Causes;
use crate::secrets::Purpose;
use crate::state::AppState;
use crate::webhooks::fetch::DEADLINE;
use crate::webhooks::live::notices;
use crate::webhooks::store::listeners as sql;

/// Between renewals, and between looks at what other nodes wrote.
const RENEW: Duration = Duration::from_secs(2);
/// How long one that nobody renews is believed in: two of three renewals may fail.
const LEASE: Duration = Duration::from_secs(6);
/// Between looks for an answer whose notice was lost.
const LOOK: Duration = Duration::from_secs(1);
/// Between looks for what nobody waits for any more.
const SWEEP: Duration = Duration::from_secs(60);
/// How old that is: nodes' clocks differ by less.
const KEPT_US: i64 = 3_600 * 1_000_000;
/// Largest callback that is written down: far more than a form has.
const MOST_BYTES: usize = 256 * 1024;

/// A listener as nodes tell each other of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::webhooks) struct There {
    pub(in crate::webhooks) id: Uuid,
    pub(in crate::webhooks) node_id: String,
    pub(in crate::webhooks) workspace: WorkspaceId,
    /// In E.164.
    pub(in crate::webhooks) numbers: Vec<String>,
    /// Where it forwards to.
    pub(in crate::webhooks) origin: Option<Url>,
    /// Microseconds UTC.
    pub(in crate::webhooks) began_at: i64,
    /// Raised while its node lives.
    pub(in crate::webhooks) beat: i64,
}

impl There {
    fn of(app: &AppState, listener: &Listener) -> Self {
        Self {
            id: listener.id,
            node_id: app.node_id.to_string(),
            workspace: listener.workspace,
            numbers: listener.numbers.clone(),
            origin: listener.origin.clone(),
            began_at: app.now_us(),
            beat: 0,
        }
    }

    fn is(&self, other: &Self) -> bool {
        (self.id, &self.node_id) == (other.id, &other.node_id)
    }
}

/// What this node knows of the listeners of others, and who waits for them.
#[derive(Default)]
pub(super) struct Others {
    /// The oldest first, each with since when its beat stands as it is.
    seen: Mutex<Vec<(There, Instant)>>,
    /// Asks that await an answer.
    waiting: Mutex<HashMap<Uuid, Arc<Notify>>>,
    /// Rung when there is something to look at or to write.
    bell: Notify,
}

impl Others {
    /// Has this node's listeners written as they are now, and others' read.
    pub(super) fn look(&self) {
        self.bell.notify_one();
    }

    /// Those that take the number's callbacks, the one that came last first.
    pub(super) fn of_number(&self, workspace: WorkspaceId, number: &str) -> Vec<There> {
        let (seen, now) = (self.seen.lock(), clock::timer_now());
        let takes = |one: &There| one.workspace == workspace && one.numbers.iter().any(|own| own == number);
        let alive = seen.iter().rev().filter(|(_, since)| now.saturating_duration_since(*since) < LEASE);
        alive.filter(|(one, _)| takes(one)).map(|(one, _)| one.clone()).collect()
    }

    fn is_alive(&self, listener: &There, now: Instant) -> bool {
        let seen = self.seen.lock();
        let found = seen.iter().find(|(one, _)| one.is(listener));
        found.is_some_and(|(_, since)| now.saturating_duration_since(*since) < LEASE)
    }

    /// Takes them as they stand now; those of them that nobody renews.
    fn learn(&self, rows: Vec<There>, now: Instant) -> Vec<There> {
        let mut seen = self.seen.lock();
        let since = |one: &There| {
            let known = seen.iter().find(|(known, _)| known.is(one) && known.beat == one.beat);
            known.map_or(now, |(_, since)| *since)
        };
        let with_since = |one: There| {
            let since = since(&one);
            (one, since)
        };
        let all: Vec<_> = rows.into_iter().map(with_since).collect();
        let is_dead = |since: Instant| now.saturating_duration_since(since) >= LEASE;
        let dead = all.iter().filter(|(_, since)| is_dead(*since)).map(|(one, _)| one.clone()).collect();
        *seen = all;
        dead
    }
}

/// Keeps an ask among those that await an answer.
struct Waiting<'a> {
    others: &'a Others,
    id: Uuid,
    told: Arc<Notify>,
}

impl<'a> Waiting<'a> {
    fn new(others: &'a Others, id: Uuid) -> Self {
        let told = Arc::new(Notify::new());
        others.waiting.lock().insert(id, told.clone());
        Self { others, id, told }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.others.waiting.lock().remove(&self.id);
    }
}

/// Asks a listener of another node. None where it went away or takes no more, or the database failed.
pub(super) async fn ask(
    app: &AppState,
    listener: &There,
    (_, message): (&str, ToListener),
    deadline: Instant,
) -> Option<FromListener> {
    let said = try_ask(app, listener, &message, deadline).await;
    said.unwrap_or_else(|error| {
        tracing::warn!(error = %Causes(&error), "a listener of another node can't be asked");
        None
    })
}

async fn try_ask(
    app: &AppState,
    listener: &There,
    message: &ToListener,
    deadline: Instant,
) -> Result<Option<FromListener>, sqlx::Error> {
    let (others, id) = (&app.part::<Listeners>().others, app.new_uuid());
    let Ok(text) = serde_json::to_string(message) else { return Ok(None) };
    if text.len() > MOST_BYTES {
        return Ok(None);
    }
    let waiting = Waiting::new(others, id);
    let request = app.secrets.seal(Purpose::ListenerAsk, &request_row(id), text.as_bytes(), &app.entropy);
    let mut tx = app.db.begin_write().await?;
    sql::insert_ask(&mut tx, id, listener, request, app.now_us()).await?;
    notices::tell_asked(app, &mut tx, id, &listener.node_id).await?;
    tx.commit().await?;
    let mut said = None;
    loop {
        let look = deadline.min(clock::timer_now() + LOOK);
        let _ = timeout_at(look, waiting.told.notified()).await;
        if let Some(answer) = sql::find_answer(&mut *app.db.acquire().await?, id).await? {
            let answer = app.secrets.open(Purpose::ListenerAsk, &answer_row(id), &answer).ok();
            said = answer.and_then(|text| serde_json::from_slice::<Option<FromListener>>(&text).ok()).flatten();
            break;
        }
        let now = clock::timer_now();
        if now >= deadline || !others.is_alive(listener, now) {
            break;
        }
    }
    let mut tx = app.db.begin_write().await?;
    sql::delete_ask(&mut tx, id).await?;
    tx.commit().await?;
    Ok(said)
}

/// The row of a request, as it is sealed.
fn request_row(id: Uuid) -> String {
    format!("ask {id}")
}

/// The row of an answer.
fn answer_row(id: Uuid) -> String {
    format!("answer {id}")
}

/// Another node asks a listener of this one.
pub(in crate::webhooks) fn asked(app: &AppState, id: Uuid) {
    let task_app = app.clone();
    app.tasks.spawn(async move {
        if let Err(error) = answer(&task_app, id).await {
            tracing::warn!(error = %Causes(&error), "a listener is not asked what another node wants to know");
        }
    });
}

async fn answer(app: &AppState, id: Uuid) -> Result<(), sqlx::Error> {
    let deadline = clock::timer_now() + DEADLINE;
    let mut tx = app.db.begin_write().await?;
    let Some((listener, request)) = sql::take_ask(&mut tx, id, &app.node_id).await? else {
        return tx.rollback().await;
    };
    tx.commit().await?;
    let request = app.secrets.open(Purpose::ListenerAsk, &request_row(id), &request).ok();
    let message = request.and_then(|text| serde_json::from_slice::<ToListener>(&text).ok());
    let said = match (app.part::<Listeners>().find(listener), message) {
        (Some(listener), Some(ToListener::Callback { callback_id, path, request })) => {
            let message = ToListener::Callback { callback_id: callback_id.clone(), path, request };
            listener.ask(app, (&callback_id, message), deadline).await
        }
        _ => None,
    };
    let text = serde_json::to_vec(&said).unwrap_or_default();
    let sealed = app.secrets.seal(Purpose::ListenerAsk, &answer_row(id), &text, &app.entropy);
    let mut tx = app.db.begin_write().await?;
    sql::answer(&mut tx, id, sealed).await?;
    notices::tell_answered(app, &mut tx, id).await?;
    tx.commit().await
}

/// Another node has answered.
pub(in crate::webhooks) fn answered(app: &AppState, id: Uuid) {
    let waiting = app.part::<Listeners>().others.waiting.lock().get(&id).cloned();
    if let Some(waiting) = waiting {
        waiting.notify_one();
    }
}

/// Other nodes' listeners have changed, or a notice may have been missed.
pub(in crate::webhooks) fn changed(app: &AppState) {
    app.part::<Listeners>().others.look();
}

/// Writes down who listens here and reads who does elsewhere, until the server stops; returns at once where there is one node.
pub(in crate::webhooks) async fn exchange(app: &AppState) {
    if !app.db.has_other_nodes() {
        return;
    }
    let others = &app.part::<Listeners>().others;
    let (mut renewed, mut swept): (Option<Instant>, Option<Instant>) = (None, None);
    while !app.stopping.is_cancelled() {
        let now = clock::timer_now();
        let renews = renewed.is_none_or(|at| now.saturating_duration_since(at) >= RENEW);
        let sweeps = swept.is_none_or(|at| now.saturating_duration_since(at) >= SWEEP);
        match look(app, (renews, sweeps), now).await {
            Ok(()) => {
                renewed = if renews { Some(now) } else { renewed };
                swept = if sweeps { Some(now) } else { swept };
            }
            Err(error) => {
                tracing::warn!(error = %Causes(&error), "who listens on other nodes is not known just now");
            }
        }
        tokio::select! {
            () = others.bell.notified() => {}
            () = tokio::time::sleep(RENEW) => {}
            () = app.stopping.cancelled() => {}
        }
    }
    if let Err(error) = leave(app).await {
        tracing::warn!(error = %Causes(&error), "other nodes believe in listeners of this one for a moment more");
    }
}

async fn look(app: &AppState, (renews, sweeps): (bool, bool), now: Instant) -> Result<(), sqlx::Error> {
    let listeners = app.part::<Listeners>();
    let here = listeners.with_numbers();
    let mut conn = app.db.acquire().await?;
    let (own, others): (Vec<_>, Vec<_>) =
        sql::list(&mut conn).await?.into_iter().partition(|one| *one.node_id == *app.node_id);
    let untaken = if here.is_empty() { Vec::new() } else { sql::list_untaken(&mut conn, &app.node_id).await? };
    drop(conn);
    untaken.into_iter().for_each(|id| asked(app, id));
    let dead = listeners.others.learn(others, now);
    let new: Vec<_> = here.iter().filter(|one| !own.iter().any(|row| row.id == one.id)).collect();
    let gone: Vec<_> = own.iter().filter(|row| !here.iter().any(|one| one.id == row.id)).collect();
    let renews = renews && !own.is_empty();
    if new.is_empty() && gone.is_empty() && dead.is_empty() && !renews && !sweeps {
        return Ok(());
    }
    let mut tx = app.db.begin_write().await?;
    for one in &new {
        sql::insert(&mut tx, &There::of(app, one)).await?;
    }
    for row in &gone {
        sql::delete(&mut tx, row.id, &app.node_id).await?;
    }
    for one in &dead {
        sql::delete_dead(&mut tx, one).await?;
    }
    if renews {
        sql::beat(&mut tx, &app.node_id).await?;
    }
    if sweeps {
        sql::delete_old(&mut tx, app.now_us() - KEPT_US).await?;
    }
    if !new.is_empty() || !gone.is_empty() {
        notices::tell_listeners(app, &mut tx).await?;
    }
    tx.commit().await
}

async fn leave(app: &AppState) -> Result<(), sqlx::Error> {
    let mut tx = app.db.begin_write().await?;
    sql::delete_all(&mut tx, &app.node_id).await?;
    notices::tell_listeners(app, &mut tx).await?;
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(id: u128, beat: i64) -> There {
        There {
            id: Uuid::from_u128(id),
            node_id: "a".to_owned(),
            workspace: WorkspaceId(Uuid::from_u128(1)),
            numbers: vec!["+254722000001".to_owned()],
            origin: None,
            // Its clock is a century ahead.
            began_at: i64::MAX,
            beat,
        }
    }

    #[test]
    fn one_is_believed_in_while_its_beat_changes_by_the_time_of_who_looks() {
        let (others, mut now) = (Others::default(), clock::timer_now());
        assert_eq!(others.learn(vec![listener(1, 0), listener(2, 0)], now), []);
        now += LEASE - Duration::from_secs(1);
        assert_eq!(others.learn(vec![listener(1, 1), listener(2, 0)], now), []);
        now += Duration::from_secs(1);
        assert_eq!(others.learn(vec![listener(1, 1), listener(2, 0)], now), [listener(2, 0)]);
        assert!(others.is_alive(&listener(1, 1), now) && !others.is_alive(&listener(2, 0), now));
        assert!(!others.is_alive(&listener(3, 0), now), "it never was there");
    }

    #[test]
    fn who_came_last_is_asked_first_and_only_for_its_own() {
        let others = Others::default();
        let strangers = There { workspace: WorkspaceId(Uuid::from_u128(2)), ..listener(3, 0) };
        others.learn(vec![listener(1, 0), listener(2, 0), strangers], clock::timer_now());
        let asked = |number| others.of_number(WorkspaceId(Uuid::from_u128(1)), number);
        assert_eq!(asked("+254722000001"), [listener(2, 0), listener(1, 0)]);
        assert_eq!(asked("+254722000002"), []);
    }
}
