//! A turn of the dispatcher: what is new in the outbox is placed and fanned out, what ended is settled, in one short
//! transaction; then lanes that have room get what is due.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use sautikit_api::ids::{DeliveryId, NumberId, WebhookEndpointId};
use sqlx::AnyConnection;
use tokio::time::Instant;

use super::bucket::Bucket;
use super::circuit::Circuit;
use super::directory::{Endpoint, Target, Wanted};
use super::gauge::Dispatching;
use super::lane::{Due, Lane};
use super::settle::{self, Ended};
use super::share::{Room, in_turns};
use super::{Work, leader, off};
use crate::clock;
use crate::state::AppState;
use crate::webhooks::WebhookError;
use crate::webhooks::deliveries;
use crate::webhooks::endpoints::{self, Status};
use crate::webhooks::live::{Live, notices};
use crate::webhooks::store::dispatch::{self as sql, NewDelivery, Unplaced};
use crate::webhooks::store::endpoints::{self as rows, Full};

/// Events of one turn: some 10 ms of SQLite's one writer, which live calls share, and what another workspace's event waits for.
const EVENTS_AT_ONCE: i64 = 128;
/// Workspaces of one turn, where more wait than one turn takes: so one with a long queue delays no other.
const WORKSPACES_AT_ONCE: usize = 16;
/// Ends of attempts of one turn.
const ENDS_AT_ONCE: usize = 256;
/// Ends wait so long for others to share a transaction with.
const SETTLE_AFTER: Duration = Duration::from_millis(50);
/// Between looks for endpoints that changed, where nothing is to be told.
const RELOAD: Duration = Duration::from_millis(50);
/// Origins that the calls of one number send events to.
const MOST_ORIGINS: usize = 50;
/// Deliveries of an endpoint that is off, given up in one turn.
const CLOSED_AT_ONCE: i64 = 500;
/// Between looks for endpoints of numbers that nothing goes to any more.
const FORGET_EVERY: Duration = Duration::from_secs(600);
/// Of them, taken away in one turn.
const FORGOTTEN_AT_ONCE: i64 = 100;

/// How a turn ended.
pub(super) enum Turned {
    /// Nothing is left to do at once.
    All,
    /// There is more.
    More,
    /// Another node has taken over.
    Lost,
}

/// The node that delivers.
pub(super) struct Lead {
    pub(super) work: Arc<Work>,
    epoch: i64,
    last_position: i64,
    renewed_us: i64,
    /// Which change of each endpoint is known.
    seen: HashMap<WebhookEndpointId, i64>,
    newest_revision: i64,
    reloaded: Instant,
    /// When it last looked for endpoints that nothing goes to any more; none before the first time.
    forgot: Option<Instant>,
    /// Whose events came last, where many wait.
    last_workspace: String,
    /// Endpoints that are off, of which something may wait.
    closing: HashSet<WebhookEndpointId>,
}

/// Events with their places and deliveries, to be written.
struct Fanned {
    placed: Vec<(Unplaced, i64, Vec<NewDelivery>)>,
    /// Origins of numbers that are new, with their revisions.
    made: Vec<(Endpoint, i64)>,
}

impl Lead {
    /// Reads where things stand.
    pub(super) async fn begin(app: &AppState, epoch: i64, last_position: i64) -> Result<Self, WebhookError> {
        let now_us = app.now_us();
        let mut lead = Self {
            work: Work::new(app),
            epoch,
            last_position,
            renewed_us: now_us,
            seen: HashMap::new(),
            newest_revision: i64::MIN,
            reloaded: clock::timer_now(),
            forgot: None,
            last_workspace: String::new(),
            closing: HashSet::new(),
        };
        lead.work.state.lock().lease_until_us = leader::leased_until(now_us);
        *app.part::<Dispatching>().0.lock() = Arc::downgrade(&lead.work);
        let mut conn = app.db.acquire().await?;
        let pending: HashSet<_> = sql::with_pending(&mut conn).await?.into_iter().collect();
        lead.take_up(rows::list_changed(&mut conn, i64::MIN).await?, Some(&pending));
        Ok(lead)
    }

    pub(super) async fn turn(&mut self) -> Result<Turned, WebhookError> {
        let app = self.work.app.clone();
        let mut conn = app.db.acquire().await?;
        let now_us = app.now_us();
        self.work.state.lock().scheduler.tick(now_us);
        let (unplaced, mut has_more) = self.unplaced(&mut conn).await?;
        // After the events: whatever endpoint was there before one of them is seen.
        if !unplaced.is_empty() || self.reloaded.elapsed() >= RELOAD {
            self.reloaded = clock::timer_now();
            let changed = rows::list_changed(&mut conn, self.newest_revision).await?;
            self.take_up(changed, None);
        }
        let ended = self.take_ended(!unplaced.is_empty());
        let is_idle = unplaced.is_empty() && ended.is_empty() && self.closing.is_empty() && !self.forgets();
        if !is_idle || leader::is_renewal_due(self.renewed_us, now_us) {
            // SQLite's one writer may be waited for; a reader that waits meanwhile helps nobody.
            drop(conn);
            match self.write(unplaced, &ended, now_us).await {
                Ok(Some(left)) => {
                    self.written(ended);
                    has_more |= left > 0;
                }
                Ok(None) => return Ok(Turned::Lost),
                Err(error) => {
                    self.work.state.lock().ended.extend(ended);
                    return Err(error);
                }
            }
            conn = app.db.acquire().await?;
        }
        self.fill(&mut conn).await?;
        let has_more = has_more || self.work.state.lock().ended.len() >= ENDS_AT_ONCE || !self.closing.is_empty();
        Ok(if has_more { Turned::More } else { Turned::All })
    }

    /// What waits to be told, and whether there is more: the oldest, or, where many wait, some of each of some workspaces.
    async fn unplaced(&mut self, conn: &mut AnyConnection) -> Result<(Vec<Unplaced>, bool), sqlx::Error> {
        let workspace_of = |one: &Unplaced| one.event.workspace_id;
        let oldest = sql::list_unplaced(conn, EVENTS_AT_ONCE).await?;
        if (oldest.len() as i64) < EVENTS_AT_ONCE {
            return Ok((in_turns(oldest, workspace_of), false));
        }
        let mut workspaces = Vec::new();
        for _ in 0..WORKSPACES_AT_ONCE {
            match sql::next_with_unplaced(conn, &self.last_workspace).await? {
                Some(next) if workspaces.contains(&next) => break,
                Some(next) => {
                    self.last_workspace.clone_from(&next);
                    workspaces.push(next);
                }
                // Round again from the first.
                None if self.last_workspace.is_empty() => break,
                None => self.last_workspace.clear(),
            }
        }
        let share = (EVENTS_AT_ONCE / workspaces.len().max(1) as i64).max(1);
        let mut some = Vec::new();
        for workspace in workspaces {
            some.extend(sql::list_unplaced_of(conn, &workspace, share).await?);
        }
        Ok((in_turns(some, workspace_of), true))
    }

    /// Whether it is time to look for endpoints that nothing goes to any more.
    fn forgets(&self) -> bool {
        self.forgot.is_none_or(|at| at.elapsed() >= FORGET_EVERY)
    }

    /// Writes how all attempts ended, when the server stops.
    pub(super) async fn settle_all(&mut self) -> Result<(), sqlx::Error> {
        let app = self.work.app.clone();
        let ended = std::mem::take(&mut self.work.state.lock().ended);
        for some in ended.chunks(ENDS_AT_ONCE) {
            let mut tx = app.db.begin_write().await?;
            settle::write(&mut tx, app.db.dialect(), some).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Whether somebody may hear of what is placed before they ask for it: an endpoint, or who follows, which on another node is
    /// not known here.
    pub(super) fn is_heard(&self) -> bool {
        let app = &self.work.app;
        app.db.has_other_nodes()
            || app.part::<Live>().is_followed()
            || !self.closing.is_empty()
            || !self.work.state.lock().directory.is_empty()
    }

    /// How long nothing happens by itself; none for ever.
    pub(super) fn rests_for(&self) -> Option<Duration> {
        let state = self.work.state.lock();
        let ends = state.ended.first().map(|first| SETTLE_AFTER.saturating_sub(first.since.elapsed()));
        let wakes = state.scheduler.wake_us().map(|at_us| at_us - self.work.app.now_us());
        let wakes = wakes.map(|span_us| Duration::from_micros(u64::try_from(span_us).unwrap_or(0)));
        [ends, wakes].into_iter().flatten().min()
    }

    /// Ends that are to be written now: with others, when they are many, or when the first has waited.
    fn take_ended(&self, is_writing: bool) -> Vec<Ended> {
        let mut state = self.work.state.lock();
        let is_late = state.ended.first().is_some_and(|first| first.since.elapsed() >= SETTLE_AFTER);
        if is_writing || is_late || state.ended.len() >= ENDS_AT_ONCE / 2 {
            let many = state.ended.len().min(ENDS_AT_ONCE);
            state.ended.drain(..many).collect()
        } else {
            Vec::new()
        }
    }

    /// The turn's transaction, and how many events it left to the next. None where another node has taken over.
    async fn write(
        &mut self,
        unplaced: Vec<Unplaced>,
        ended: &[Ended],
        now_us: i64,
    ) -> Result<Option<usize>, WebhookError> {
        let app = self.work.app.clone();
        let dialect = app.db.dialect();
        let mut tx = app.db.begin_write_by_key().await?;
        let forgets = self.forgets();
        // How endpoints stand is written for several at once, as others change several: by turns.
        if forgets || ended.iter().any(|one| one.off.is_some() || one.standing.is_some()) {
            rows::begin_change(&mut tx).await?;
        }
        let events = unplaced.len();
        let fanned = self.fan(&mut tx, unplaced, now_us).await?;
        let left = events - fanned.placed.len();
        let last_position = fanned.placed.last().map_or(self.last_position, |(_, position, _)| *position);
        let lease = (&*app.node_id, self.epoch, leader::leased_until(now_us), last_position);
        if !sql::fan_out(&mut tx, dialect, lease, &fanned.placed, now_us).await? {
            tx.rollback().await?;
            return Ok(None);
        }
        settle::write(&mut tx, dialect, ended).await?;
        off::write(&app, &mut tx, ended, now_us).await?;
        // After the deliveries of this turn: what one of them goes to is none of these. Nobody else makes any there.
        let forgotten = match forgets {
            true => rows::forget_idle(&mut tx, deliveries::kept_since(now_us), now_us, FORGOTTEN_AT_ONCE).await?,
            false => Vec::new(),
        };
        notices::tell(&app, &mut tx, fanned.placed.iter().map(|(one, ..)| one.event.workspace_id)).await?;
        let mut closed = Vec::new();
        if let Some(id) = self.closing.iter().next().copied()
            && sql::close_pending(&mut tx, id, CLOSED_AT_ONCE).await? == 0
        {
            closed.push(id);
        }
        tx.commit().await?;
        self.closing.retain(|id| !closed.contains(id));
        if forgets && (forgotten.len() as i64) < FORGOTTEN_AT_ONCE {
            self.forgot = Some(clock::timer_now());
        }
        forgotten.into_iter().for_each(|id| self.work.forget(id));
        (self.renewed_us, self.last_position) = (now_us, last_position);
        self.work.state.lock().lease_until_us = leader::leased_until(now_us);
        self.offer(fanned, now_us);
        Ok(Some(left))
    }

    /// Gives events their places and finds out where they go, as many as one turn has deliveries for.
    async fn fan(&self, tx: &mut AnyConnection, unplaced: Vec<Unplaced>, now_us: i64) -> Result<Fanned, WebhookError> {
        let app = &self.work.app;
        let mut fanned = Fanned { placed: Vec::with_capacity(unplaced.len()), made: Vec::new() };
        let mut room = Room::default();
        for (position, one) in (self.last_position + 1..).zip(unplaced) {
            let targets = {
                let events_url = one.events_url.as_ref().map(|(number, url)| (*number, url.as_str()));
                let wanted = Wanted { workspace: one.event.workspace_id, kind: &one.event.kind, events_url };
                self.work.state.lock().directory.targets(&wanted)
            };
            if !room.takes(targets.len()) {
                break;
            }
            let mut deliveries = Vec::with_capacity(targets.len());
            for target in targets {
                let (endpoint, url) = match target {
                    Target::Known(id, url) => (id, url),
                    // Each is an endpoint that stays: a call can name any.
                    Target::New { number, .. } if self.has_many(number, &fanned.made) => {
                        tracing::warn!(%number, "events of a call go nowhere: its number has too many origins of events_url");
                        continue;
                    }
                    Target::New { number, origin, url } => {
                        (self.made(tx, &mut fanned.made, &one, (number, origin), now_us).await?, Some(url))
                    }
                };
                deliveries.push(NewDelivery { id: DeliveryId(app.new_uuid()), endpoint, url });
            }
            fanned.placed.push((one, position, deliveries));
        }
        Ok(fanned)
    }

    fn has_many(&self, number: NumberId, made: &[(Endpoint, i64)]) -> bool {
        let known = self.work.state.lock().directory.origins_of(number);
        known + made.iter().filter(|(one, _)| one.number == Some(number)).count() >= MOST_ORIGINS
    }

    /// The endpoint of a number's origin, made now or for an event before in this turn.
    async fn made(
        &self,
        tx: &mut AnyConnection,
        made: &mut Vec<(Endpoint, i64)>,
        of: &Unplaced,
        (number, origin): (NumberId, String),
        now_us: i64,
    ) -> Result<WebhookEndpointId, WebhookError> {
        if let Some((known, _)) = made.iter().find(|(one, _)| one.number == Some(number) && *one.url == *origin) {
            return Ok(known.id);
        }
        let app = &self.work.app;
        let workspace = of.event.workspace_id;
        let row = endpoints::of_number(app, workspace, number, origin, now_us);
        rows::begin_change(tx).await?;
        rows::insert(tx, &row).await?;
        let full = rows::find_full(tx, workspace, row.id).await?.ok_or(WebhookError::NotFound)?;
        made.push((known(app, &full), full.endpoint.revision));
        Ok(row.id)
    }

    /// Hands what is committed to the scheduler, and to those who follow.
    fn offer(&mut self, fanned: Fanned, now_us: i64) {
        let told = fanned.placed.iter().map(|(one, ..)| one.event.workspace_id);
        self.work.app.part::<Live>().placed(told);
        let mut state = self.work.state.lock();
        for (endpoint, revision) in fanned.made {
            self.seen.insert(endpoint.id, revision);
            let lane = Lane::new(endpoint.workspace, Circuit::new(None, 0, None), Bucket::new(None));
            state.scheduler.put(endpoint.id, lane, now_us);
            state.directory.put(endpoint);
        }
        for (one, _, deliveries) in &fanned.placed {
            if deliveries.is_empty() {
                continue;
            }
            let told = sql::told(&one.event);
            for delivery in deliveries {
                let due = Due {
                    id: delivery.id,
                    endpoint: delivery.endpoint,
                    call: one.call_id.as_deref().and_then(|id| id.parse().ok()),
                    tries: 0,
                    attempts: 0,
                    due_us: now_us,
                    url: delivery.url.as_deref().map(Arc::from),
                    event: told.clone(),
                };
                state.scheduler.offer(due, now_us);
            }
        }
    }

    /// The ends are in the database.
    fn written(&mut self, ended: Vec<Ended>) {
        let now_us = self.work.app.now_us();
        for one in &ended {
            self.work.state.lock().scheduler.written(&one.due, one.verdict, now_us);
            if one.off.is_some() {
                self.work.forget(one.due.endpoint);
                self.closing.insert(one.due.endpoint);
            }
        }
    }

    /// Gives lanes that have room what is due.
    async fn fill(&self, conn: &mut AnyConnection) -> Result<(), sqlx::Error> {
        let now_us = self.work.app.now_us();
        let wants = self.work.state.lock().scheduler.wants(now_us);
        for (id, wanted) in wants {
            let found = sql::list_due(conn, id, now_us, i64::try_from(wanted).unwrap_or(i64::MAX)).await?;
            let next_us = if found.len() < wanted { sql::next_due_us(conn, id, now_us).await? } else { None };
            self.work.state.lock().scheduler.load(id, found, wanted, next_us, now_us);
            super::pump(&self.work);
        }
        Ok(())
    }

    /// Takes endpoints as they are now; `pending` are those that something waits for, where that is known.
    fn take_up(&mut self, changed: Vec<Full>, pending: Option<&HashSet<WebhookEndpointId>>) {
        let app = self.work.app.clone();
        let now_us = app.now_us();
        for full in changed {
            let row = &full.endpoint;
            let id = row.id;
            self.newest_revision = self.newest_revision.max(row.revision);
            if self.seen.insert(id, row.revision) == Some(row.revision) {
                continue;
            }
            let may_wait = pending.is_none_or(|pending| pending.contains(&id));
            if row.status == Status::Enabled {
                let circuit = Circuit::new(row.failing_since, row.failures, row.paused_until);
                let lane = Lane::new(row.workspace_id, circuit, Bucket::new(row.rate_per_second));
                let mut state = self.work.state.lock();
                state.directory.put(known(&app, &full));
                state.scheduler.put(id, lane, now_us);
                if may_wait {
                    state.scheduler.look(id, now_us);
                }
                self.closing.remove(&id);
                continue;
            }
            self.work.forget(id);
            if let Some(number) = row.number_id.filter(|_| row.status == Status::Disabled) {
                self.work.state.lock().directory.put_off(id, number, row.url.as_str().into());
            }
            if may_wait {
                self.closing.insert(id);
            }
        }
    }
}

/// The endpoint as the directory knows it. One whose secret does not open stays, and its attempts say so.
fn known(app: &AppState, full: &Full) -> Endpoint {
    let row = &full.endpoint;
    let signing = endpoints::signing_of(app, full);
    if let Err(error) = &signing {
        tracing::error!(endpoint = %row.id, %error, "a webhook endpoint has nothing to sign with");
    }
    Endpoint {
        id: row.id,
        workspace: row.workspace_id,
        number: row.number_id,
        url: row.url.as_str().into(),
        events: row.events.clone(),
        signing: signing.ok(),
    }
}
