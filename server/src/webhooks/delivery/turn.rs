//! A turn of the dispatcher: what is new in the outbox is placed and fanned out, what ended is settled, in one short
//! transaction; then lanes that have room get what is due.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use sautikit_api::ids::{WebhookEndpointId, WorkspaceId};
use sqlx::AnyConnection;
use tokio::time::Instant;

use super::bucket::Bucket;
use super::circuit::{Circuit, Standing};
use super::directory::Endpoint;
use super::fan::{self, Fanned};
use super::gauge::Dispatching;
use super::lane::{Due, Lane, WINDOW};
use super::settle::{self, Ended};
use super::share::{in_turns, reached};
use super::watch::LEASE;
use super::{Work, leader, off};
use crate::clock;
use crate::db::Dialect;
use crate::state::AppState;
use crate::webhooks::WebhookError;
use crate::webhooks::deliveries;
use crate::webhooks::endpoints::{self, Status};
use crate::webhooks::live::{Live, notices};
use crate::webhooks::store::dispatch as sql;
use crate::webhooks::store::endpoints::{self as rows, Full};
use crate::webhooks::store::lease;
use crate::webhooks::store::unplaced::{self, Unplaced};

/// Ends of attempts of one turn.
const ENDS_AT_ONCE: usize = 512;
/// From so many on ends are written beside what is placed: a transaction of their own costs a few milliseconds.
const MANY_AT_ONCE: usize = 64;
/// Ends wait so long for others to share a transaction with.
const SETTLE_AFTER: Duration = Duration::from_millis(50);
/// Between looks for endpoints that changed, where nothing is to be told.
const RELOAD: Duration = Duration::from_millis(50);
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
    renewed: Instant,
    /// Which change of each endpoint is known.
    seen: HashMap<WebhookEndpointId, i64>,
    newest_revision: i64,
    reloaded: Instant,
    /// When it last looked for endpoints that nothing goes to any more; none before the first time.
    forgot: Option<Instant>,
    /// Whose events came last, where many wait.
    last_workspace: Option<WorkspaceId>,
    /// More events waited at the last look than one turn tells: the next one begins with the shares.
    is_crowded: bool,
    /// Endpoints that are off, of which something may wait.
    closing: HashSet<WebhookEndpointId>,
}

/// Whoever leads next makes anew what is not over, in its order.
impl Drop for Lead {
    fn drop(&mut self) {
        self.work.stop();
    }
}

/// What a turn's transaction did.
struct Written {
    /// Events that it had no room for.
    left: usize,
    /// Whose events it told.
    told: Vec<WorkspaceId>,
    /// Endpoints that it switched off.
    off: HashSet<WebhookEndpointId>,
}

/// Whether these change how endpoints stand.
fn changes_endpoints(ended: &[Ended]) -> bool {
    ended.iter().any(|one| one.off.is_some() || one.standing.is_some())
}

impl Lead {
    /// Reads where things stand.
    pub(super) async fn begin(
        app: &AppState,
        (epoch, last_position): (i64, i64),
        leased_to: Instant,
    ) -> Result<Self, WebhookError> {
        let mut lead = Self {
            work: Work::new(app),
            epoch,
            last_position,
            renewed: clock::timer_now(),
            seen: HashMap::new(),
            newest_revision: i64::MIN,
            reloaded: clock::timer_now(),
            forgot: None,
            last_workspace: None,
            is_crowded: false,
            closing: HashSet::new(),
        };
        lead.work.state.lock().leased_to = Some(leased_to);
        *app.part::<Dispatching>().work.lock() = Arc::downgrade(&lead.work);
        let mut conn = app.db.acquire().await?;
        // The endpoints first: what is asked for after that is a change of one, and looked at with it.
        let (changed, newest) = rows::list_changed(&mut conn, i64::MIN).await?;
        lead.newest_revision = newest;
        let pending: HashSet<_> = sql::with_pending(&mut conn).await?.into_iter().collect();
        lead.take_up(changed, Some(&pending));
        Ok(lead)
    }

    pub(super) async fn turn(&mut self) -> Result<Turned, WebhookError> {
        let app = self.work.app.clone();
        let mut conn = app.db.begin_read_in_order().await?;
        let now_us = app.now_us();
        self.work.state.lock().scheduler.tick(now_us);
        let (unplaced, walked) = self.unplaced(&mut conn).await?;
        let (unplaced, unreadable) = fan::in_whole(&mut conn, unplaced).await?;
        self.set_aside(unreadable).await?;
        let mut has_more = !walked.is_empty();
        // After the events: whatever endpoint was there before one of them is seen.
        if !unplaced.is_empty() || self.reloaded.elapsed() >= RELOAD {
            self.reloaded = clock::timer_now();
            let (changed, newest) = rows::list_changed(&mut conn, self.newest_revision).await?;
            self.newest_revision = newest;
            self.take_up(changed, None);
        }
        let ended = self.take_ended(!unplaced.is_empty());
        let is_idle = unplaced.is_empty() && ended.is_empty() && self.closing.is_empty() && !self.forgets();
        if !is_idle || self.renewed.elapsed() >= leader::RENEW {
            // SQLite's one writer may be waited for; a reader that waits meanwhile helps nobody.
            conn.commit().await?;
            let (plain, ended) = self.split(ended, unplaced.len());
            let beside = settle::write_beside(&app, self.epoch, &plain);
            let (settled, written) = tokio::join!(beside, self.write(unplaced, &ended, now_us));
            if matches!(settled, Ok(true)) {
                self.written(plain, &HashSet::new());
            } else {
                self.work.state.lock().ended.extend(plain);
            }
            match written {
                Ok(Some(written)) => {
                    self.written(ended, &written.off);
                    // What is new goes now, not after the looks for what has waited.
                    super::pump(&self.work);
                    has_more |= written.left > 0;
                    if let Some(last) = reached(&walked, &written.told) {
                        self.last_workspace = Some(*last);
                    }
                }
                Ok(None) => return Ok(Turned::Lost),
                Err(error) => {
                    self.work.state.lock().ended.extend(ended);
                    return Err(error);
                }
            }
            if !settled? {
                return Ok(Turned::Lost);
            }
            conn = app.db.begin_read_in_order().await?;
        }
        self.fill(&mut conn).await?;
        conn.commit().await?;
        let has_more = {
            let state = self.work.state.lock();
            let is_hungry = state.scheduler.is_hungry(app.now_us());
            has_more || is_hungry || state.ended.len() >= ENDS_AT_ONCE || !self.closing.is_empty()
        };
        Ok(if has_more { Turned::More } else { Turned::All })
    }

    /// What waits to be told: the oldest, or, where many wait, some of each of some workspaces, and these in their turn.
    async fn unplaced(&mut self, conn: &mut AnyConnection) -> Result<(Vec<Unplaced>, Vec<WorkspaceId>), sqlx::Error> {
        let workspace_of = |one: &Unplaced| one.event.workspace_id;
        let mut shares = None;
        if self.is_crowded {
            let (some, workspaces) = self.shares(conn).await?;
            if some.len() >= unplaced::AT_ONCE {
                return Ok((some, workspaces));
            }
            shares = Some((some, workspaces));
        }
        let (oldest, unreadable) = unplaced::list_unplaced(conn).await?;
        self.set_aside(unreadable).await?;
        self.is_crowded = oldest.len() >= unplaced::AT_ONCE;
        if !self.is_crowded {
            return Ok((in_turns(oldest, workspace_of), Vec::new()));
        }
        let (mut some, workspaces) = match shares {
            Some(shares) => shares,
            None => self.shares(conn).await?,
        };
        // Where each of many has few waiting, the rest of the turn is for whoever has waited longest.
        fan::add_new(&mut some, oldest);
        let mut some = in_turns(some, workspace_of);
        some.truncate(unplaced::AT_ONCE);
        Ok((some, workspaces))
    }

    /// Of each of some workspaces that have events without a place its share of a turn, and which they are: those after the last
    /// one, then round again from the first.
    async fn shares(&self, conn: &mut AnyConnection) -> Result<(Vec<Unplaced>, Vec<WorkspaceId>), sqlx::Error> {
        let workspaces = unplaced::list_with_unplaced(conn, self.last_workspace, unplaced::LOOKS as i64).await?;
        let (some, unreadable) = unplaced::list_unplaced_of_each(conn, &workspaces).await?;
        self.set_aside(unreadable).await?;
        let mut some = in_turns(some, |one| one.event.workspace_id);
        some.truncate(unplaced::AT_ONCE);
        Ok((some, workspaces))
    }

    /// Those that can't be read would hold up all others for ever.
    async fn set_aside(&self, unreadable: Vec<String>) -> Result<(), sqlx::Error> {
        if unreadable.is_empty() {
            return Ok(());
        }
        let mut tx = self.work.app.db.begin_write().await?;
        for id in unreadable {
            unplaced::set_aside(&mut tx, id).await?;
        }
        tx.commit().await
    }

    /// Whether it is time to look for endpoints that nothing goes to any more.
    fn forgets(&self) -> bool {
        self.forgot.is_none_or(|at| at.elapsed() >= FORGET_EVERY)
    }

    /// Writes how all attempts ended, and whom that switches off, when this node delivers no more. Nothing where another does.
    pub(super) async fn settle_all(&mut self) -> Result<(), sqlx::Error> {
        let app = self.work.app.clone();
        let ended = std::mem::take(&mut self.work.state.lock().ended);
        for some in ended.chunks(ENDS_AT_ONCE) {
            let mut tx = app.db.begin_write().await?;
            if changes_endpoints(some) {
                rows::begin_change(&mut tx).await?;
            }
            if !lease::hold_lease(&mut tx, &app.node_id, self.epoch).await? {
                return tx.rollback().await;
            }
            settle::write(&mut tx, app.db.dialect(), some).await?;
            off::write(&app, &mut tx, some, app.now_us()).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Whether somebody may hear of what is placed before they ask for it: an endpoint, or who follows, here or elsewhere.
    pub(super) fn is_heard(&self) -> bool {
        let app = &self.work.app;
        let live = app.part::<Live>();
        live.is_followed()
            || live.is_followed_elsewhere()
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

    /// Which of the ends are written beside a turn that places so many events, and which with it: many that nothing else comes of,
    /// where there is more than one writer.
    fn split(&self, ended: Vec<Ended>, unplaced: usize) -> (Vec<Ended>, Vec<Ended>) {
        let is_worth_it = ended.len().min(unplaced) >= MANY_AT_ONCE && self.work.app.db.dialect() == Dialect::Postgres;
        ended.into_iter().partition(|one| is_worth_it && one.is_plain())
    }

    /// The turn's transaction. None where another node has taken over.
    async fn write(
        &mut self,
        unplaced: Vec<Unplaced>,
        ended: &[Ended],
        now_us: i64,
    ) -> Result<Option<Written>, WebhookError> {
        let (app, began) = (self.work.app.clone(), clock::timer_now());
        let dialect = app.db.dialect();
        let mut tx = app.db.begin_write_by_key().await?;
        let forgets = self.forgets();
        // How endpoints stand is written for several at once, as others change several: by turns.
        if forgets || changes_endpoints(ended) {
            rows::begin_change(&mut tx).await?;
        }
        let events = unplaced.len();
        let fanned = fan::out(&self.work, &mut tx, (self.last_position, unplaced), now_us).await?;
        let left = events - fanned.placed.len();
        let last_position = fanned.placed.last().map_or(self.last_position, |(_, position, _)| *position);
        let lease = (&*app.node_id, self.epoch, leader::token(now_us), last_position);
        if !sql::fan_out(&mut tx, dialect, lease, &fanned.placed, now_us).await? {
            tx.rollback().await?;
            return Ok(None);
        }
        settle::write(&mut tx, dialect, ended).await?;
        let off = off::write(&app, &mut tx, ended, now_us).await?;
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
        (self.renewed, self.last_position) = (began, last_position);
        self.work.state.lock().leased_to = Some(began + LEASE);
        let told = fanned.placed.iter().map(|(one, ..)| one.event.workspace_id).collect();
        self.offer(fanned, now_us);
        Ok(Some(Written { left, told, off }))
    }

    /// Hands what is committed to the scheduler, and to those who follow.
    fn offer(&mut self, fanned: Fanned, now_us: i64) {
        let told = fanned.placed.iter().map(|(one, ..)| one.event.workspace_id);
        self.work.app.part::<Live>().placed(told);
        let mut state = self.work.state.lock();
        for (endpoint, revision) in fanned.made {
            self.seen.insert(endpoint.id, revision);
            let lane = Lane::new(endpoint.workspace, endpoint.generation, Circuit::default(), Bucket::new(None));
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
                    is_asked: false,
                    url: delivery.url.as_deref().map(Arc::from),
                    event: told.clone(),
                };
                state.scheduler.offer(due, now_us);
            }
        }
    }

    /// The ends are in the database, and these endpoints are off.
    fn written(&mut self, ended: Vec<Ended>, off: &HashSet<WebhookEndpointId>) {
        let now_us = self.work.app.now_us();
        for one in &ended {
            self.work.state.lock().scheduler.written(&one.due, one.verdict, now_us);
        }
        for id in off {
            self.work.forget(*id);
            self.closing.insert(*id);
        }
    }

    /// Gives lanes that have room what is due.
    async fn fill(&self, conn: &mut AnyConnection) -> Result<(), sqlx::Error> {
        let now_us = self.work.app.now_us();
        let wants = self.work.state.lock().scheduler.wants(now_us);
        for (id, want) in wants {
            let known = (id, self.seen.get(&id).copied().unwrap_or(i64::MIN));
            if want.asked {
                let (found, is_all) = sql::list_asked(conn, known, WINDOW).await?;
                self.work.state.lock().scheduler.load_asked(id, found, is_all, now_us);
                super::pump(&self.work);
            }
            let wanted = want.rows;
            if wanted == 0 {
                continue;
            }
            let (found, is_all) = sql::list_due(conn, known, now_us, wanted).await?;
            let next_us = if is_all { sql::next_due_us(conn, id, now_us).await? } else { None };
            self.work.state.lock().scheduler.load(id, found, is_all, next_us, now_us);
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
            if self.seen.insert(id, row.revision) == Some(row.revision) {
                continue;
            }
            let may_wait = pending.is_none_or(|pending| pending.contains(&id));
            if row.status == Status::Enabled {
                let circuit = Circuit::new(Standing {
                    failing_since_us: row.failing_since,
                    failures: row.failures,
                    failed_us: row.failed_at,
                    paused_until_us: row.paused_until,
                });
                let lane = Lane::new(row.workspace_id, row.generation, circuit, Bucket::new(row.rate_per_second));
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
pub(super) fn known(app: &AppState, full: &Full) -> Endpoint {
    let row = &full.endpoint;
    let signing = endpoints::signing_of(app, full);
    if let Err(error) = &signing {
        tracing::error!(endpoint = %row.id, %error, "a webhook endpoint has nothing to sign with");
    }
    Endpoint {
        id: row.id,
        workspace: row.workspace_id,
        generation: row.generation,
        revision: row.revision,
        number: row.number_id,
        url: row.url.as_str().into(),
        events: row.events.clone(),
        signing: signing.ok(),
    }
}
