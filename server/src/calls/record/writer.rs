//! The record writer: one per node, it writes what is new about all of its calls.
//!
//! ```text
//! call tasks ──► pending, merged per call ──► flush ──► database
//!  open, reserve, end: at once  │                │ away
//!  the rest: within 250 ms      │                ▼
//!                               └──────────► spool (fsynced) ──► replayed in order when it is back
//! ```
//! Who opens a call, reserves money or ends a call waits for its flush. While the database is away running calls go on:
//! what is new about them goes to the spool, an end that is there counts as told, and nothing new is opened. Nothing is
//! ever dropped: what the database refuses for good is kept in a file for people.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use sautikit_api::ids::{CallId, WorkspaceId};

use super::abandoned::Abandoned;
use super::change::Fresh;
use super::flush::{Batch, Flushed, Opened, flush, is_away};
use super::handle::RecordWriter;
use super::pending::{Kept, Pending, Reply, Urgency, Waiting};
use super::spool::{Spool, Spooled};
use crate::calls::CallError;
use crate::calls::Hub;
use crate::calls::trace::TraceRow;
use crate::clock;
use crate::db::{Causes, Dialect};
use crate::state::AppState;
use crate::wallet::WalletError;
use crate::wallet::quota::{self, Demand, Held, Short};

/// Between the beginnings of two flushes, so that what comes in meanwhile shares one; after a pause the next begins at
/// once. A flush costs as much as three calls in it, so that this is what calls at some tens a second cost. A caller waits
/// for one flush, which nobody notices beside the time that a callback and a carrier take.
const PACE: Duration = Duration::from_millis(50);
/// The same on PostgreSQL, where a flush is a round trip and a commit on another machine: with more on top a set-up takes longer
/// than `gateway::overload` lets it.
const PACE_OF_POSTGRES: Duration = Duration::from_millis(20);
/// The same where only ends wait. Among other calls they mostly go along with an opening.
const PACE_OF_ENDS: Duration = Duration::from_millis(100);
/// The same where nobody waits.
const LAZY: Duration = Duration::from_millis(250);
/// Between tries while the database is away.
const TRY_AGAIN: Duration = Duration::from_millis(250);
/// A flush that takes longer has lost its database: a hundred times what a slow disk needs. It may have been committed all
/// the same, which is why everything of it can be repeated.
const FLUSH_WITHIN: Duration = Duration::from_secs(5);
/// Tries before changes go to the spool: a connection that broke is not yet an outage.
const TRIES_BEFORE_SPOOL: u32 = 2;
/// A try that fails after so long has waited for a connection in vain, and is the last: new calls wait meanwhile.
const TRIES_WITHIN: Duration = Duration::from_secs(2);

/// The writer's task.
pub(super) struct Writer {
    pub(super) app: AppState,
    pub(super) writer: Arc<RecordWriter>,
    spool: Arc<Spool>,
    /// What the calls of this node hold, as it was last committed.
    held: HashMap<WorkspaceId, Held>,
    /// Workspaces of which calls may hold more than `held` says: what was asked for them may have been committed unheard.
    unheard: HashSet<WorkspaceId>,
    /// What was opened for nobody, or may have been.
    pub(super) abandoned: Abandoned,
    /// The disk took nothing either, which was said.
    spool_fails: bool,
}

/// What a failed flush means.
pub(super) enum Failure {
    /// Trying again later can succeed.
    Away(CallError),
    /// The database will never take it as it is.
    Refused(CallError),
}

impl Writer {
    pub(super) fn new(app: &AppState, writer: Arc<RecordWriter>) -> Self {
        let spool = Arc::new(Spool::new(&app.config.data_dir));
        Self {
            app: app.clone(),
            writer,
            spool,
            held: HashMap::new(),
            unheard: HashSet::new(),
            abandoned: Abandoned::default(),
            spool_fails: false,
        }
    }

    /// Writes what an earlier process spooled. Before anything else is read of calls.
    pub(super) async fn replay(&mut self) -> Result<(), CallError> {
        let spool = self.spool.clone();
        let Spooled { fresh, unreadable } = blocking(move || spool.read()).await.map_err(spool_failed)?;
        if fresh.is_empty() && unreadable.is_empty() {
            return Ok(());
        }
        let Fresh { changes, events } = fresh;
        tracing::warn!(
            changes = changes.len(),
            events = events.len(),
            "writing what was spooled while the database was away"
        );
        // In order, and those of one call merged: a flush has each call once.
        let mut pending = Pending::default();
        changes.into_iter().for_each(|changes| pending.put(changes));
        pending.events = events.into();
        while !(pending.order.is_empty() && pending.events.is_empty()) {
            let (batch, ..) = pending.take();
            self.write(Fresh { changes: batch.changes, events: batch.events }).await?;
        }
        let spool = self.spool.clone();
        blocking(move || spool.clear(&unreadable)).await.map_err(spool_failed)
    }

    /// Flushes until the server has stopped and nothing is left.
    pub(super) async fn run(mut self) {
        self.ticked(self.app.clock.monotonic());
        let mut flushed_at = clock::timer_now();
        let mut looked_at = flushed_at;
        let pace = match self.app.db.dialect() {
            Dialect::Sqlite => PACE,
            Dialect::Postgres => PACE_OF_POSTGRES,
        };
        loop {
            self.wait(flushed_at, looked_at, pace).await;
            let began = clock::timer_now();
            looked_at = began;
            let (batch, waiting, kept) = self.writer.take();
            let is_idle = batch.is_empty() && waiting.is_empty();
            // The last of this node's tasks, because the others may still have something to be written.
            let is_last = self.writer.live.len() == 0 && self.app.tasks.len() <= 1;
            if is_idle && self.app.stopping.is_cancelled() && is_last {
                return;
            }
            if !is_idle {
                flushed_at = began;
                self.writer.press_journal();
                let has_calls = !batch.changes.is_empty();
                self.serve(batch, waiting, kept).await;
                self.writer.pending.lock().is_flushing = false;
                let mut state = self.writer.state.lock();
                state.flush = began.elapsed();
                state.flushes += 1;
                if state.is_away && has_calls {
                    state.behind_since.get_or_insert(began);
                }
            } else if self.writer.is_away() {
                self.look_again().await;
            }
        }
    }

    /// Waits until the next flush is due, at most every `pace`, after one that began at `flushed_at` and a look at what is pending.
    async fn wait(&self, flushed_at: tokio::time::Instant, looked_at: tokio::time::Instant, pace: Duration) {
        loop {
            let due = match self.writer.pending.lock().urgency {
                Urgency::AtOnce => return,
                Urgency::Now => flushed_at + pace,
                _ if self.app.stopping.is_cancelled() => looked_at + PACE,
                Urgency::Soon => flushed_at + PACE_OF_ENDS,
                Urgency::Lazy => looked_at + LAZY,
            };
            tokio::select! {
                () = tokio::time::sleep_until(due) => return,
                // Something more urgent may have come.
                () = self.writer.bell.notified() => {}
                () = self.app.stopping.cancelled(), if !self.app.stopping.is_cancelled() => {}
            }
        }
    }

    async fn serve(&mut self, mut batch: Batch, waiting: Vec<Waiting>, kept: Kept) {
        if self.writer.is_away() {
            self.put_back(std::mem::take(&mut batch.traces));
            // First, because the look takes as long as a connection is waited for.
            self.spool(Fresh { changes: batch.changes, events: batch.events }, waiting, kept).await;
            self.look_again().await;
            return;
        }
        // Before a repeated request is looked at that would find its answer.
        self.close_abandoned().await;
        batch.restated.extend(&self.unheard);
        let now = self.app.clock.monotonic();
        let current = |demand| self.writer.live.current(demand, now);
        // Calls whose asking was not heard of may have used more since than is remembered of them: they ask anew before new ones
        // are given what is theirs.
        let anew = self.unheard_demands(now);
        let waited = std::mem::take(&mut batch.demands).into_iter();
        let waited = waited.filter_map(|(workspace, demand)| Some((workspace, current(demand)?)));
        batch.demands = anew.into_iter().chain(waited).collect();
        let mut tickets = Vec::with_capacity(waiting.len());
        let own_demands = batch.demands.len();
        for one in waiting {
            match one {
                // Nobody would dial it.
                Waiting::Open(_, reply) if reply.is_closed() => {}
                Waiting::Open(opening, reply) => {
                    tickets.push((true, reply));
                    batch.openings.push(*opening);
                }
                Waiting::Reserve(workspace, demand, reply) => match current(demand) {
                    Some(demand) => {
                        tickets.push((false, reply));
                        batch.demands.push((workspace, demand));
                    }
                    None => {
                        let _ = reply.send(Err(CallError::NotLive));
                    }
                },
            }
        }
        let (mut tries, began) = (0, clock::timer_now());
        loop {
            tries += 1;
            match self.try_flush(&batch).await {
                Ok(flushed) => {
                    if batch.lease_until.is_some() {
                        self.ticked(now);
                    }
                    let unheard = self.tell(&batch, flushed, own_demands, tickets);
                    tell_kept(kept);
                    self.abandoned.take_those(batch.openings, &unheard);
                    return self.close_abandoned().await;
                }
                Err(Failure::Away(error)) if tries <= TRIES_BEFORE_SPOOL && began.elapsed() < TRIES_WITHIN => {
                    tracing::warn!(error = %Causes(&error), "calls could not be recorded; trying again");
                    tokio::time::sleep(TRY_AGAIN / 5).await;
                }
                Err(Failure::Away(error)) => {
                    tracing::error!(%error, "the database is away: no new calls, running ones are spooled");
                    self.writer.state.lock().is_away = true;
                    tickets.into_iter().for_each(|(_, reply)| {
                        let _ = reply.send(Err(CallError::StorageUnavailable));
                    });
                    self.put_back(batch.traces);
                    self.abandoned.take(batch.openings);
                    let fresh = Fresh { changes: batch.changes, events: batch.events };
                    return self.spool(fresh, Vec::new(), kept).await;
                }
                Err(Failure::Refused(error)) => {
                    tracing::error!(error = %Causes(&error), "a flush was refused; its calls are written one by one");
                    return self.one_by_one(batch, own_demands, tickets, kept).await;
                }
            }
        }
    }

    /// Writes what is new: together, and where the database refuses that, each by itself; what it refuses for good is kept
    /// for people.
    pub(super) async fn write(&mut self, Fresh { changes, events }: Fresh) -> Result<(), CallError> {
        let batch = Batch { changes, events, ..Batch::default() };
        match self.try_flush(&batch).await {
            Ok(flushed) => {
                self.tell(&batch, flushed, 0, Vec::new());
                return Ok(());
            }
            Err(Failure::Away(error)) => return Err(error),
            Err(Failure::Refused(error)) if batch.changes.len() + batch.events.len() == 1 => {
                tracing::error!(error = %Causes(&error), "a call's changes, or an event, are refused by the database");
                let (spool, fresh) = (self.spool.clone(), Fresh { changes: batch.changes, events: batch.events });
                return blocking(move || spool.reject(&fresh)).await.map_err(spool_failed);
            }
            Err(Failure::Refused(_)) => {}
        }
        for one in batch.changes {
            Box::pin(self.write(vec![one].into())).await?;
        }
        for one in batch.events {
            Box::pin(self.write(Fresh { events: vec![one], ..Fresh::default() })).await?;
        }
        Ok(())
    }

    /// What live calls ask for of whose wallets it is not known what was committed last.
    fn unheard_demands(&self, now: Duration) -> Vec<(WorkspaceId, Demand)> {
        if self.unheard.is_empty() {
            return Vec::new();
        }
        self.writer.live.ticks(now, |workspace| self.unheard.contains(&workspace))
    }

    /// A tick of that moment of the monotonic clock is written.
    pub(super) fn ticked(&self, at: Duration) {
        self.writer.state.lock().ticked_at = Some(at);
    }

    /// Lets traces wait for the database.
    fn put_back(&self, traces: Vec<TraceRow>) {
        traces.into_iter().for_each(|trace| self.writer.put_trace(trace));
    }

    pub(super) async fn try_flush(&mut self, batch: &Batch) -> Result<Flushed, Failure> {
        let flushing = flush(&self.app, &self.app.node_id, &self.held, batch);
        let flushed = tokio::time::timeout(FLUSH_WITHIN, flushing).await;
        match flushed.unwrap_or(Err(CallError::Database(sqlx::Error::PoolTimedOut))) {
            Ok(flushed) => {
                for (workspace, purse) in &flushed.purses {
                    self.unheard.remove(workspace);
                    if purse.held.is_empty() {
                        self.held.remove(workspace);
                    } else {
                        self.held.insert(*workspace, purse.held.clone());
                    }
                }
                // What is not looked at in time is not counted.
                let _ = tokio::time::timeout(FLUSH_WITHIN, self.write_off(&flushed.late)).await;
                Ok(flushed)
            }
            Err(error) if is_away(&error) => {
                self.unheard.extend(batch.openings.iter().map(|opening| opening.call.workspace_id));
                for (workspace, demand) in &batch.demands {
                    self.unheard.insert(*workspace);
                    if let Some(held) = self.held.get_mut(workspace) {
                        quota::lower(held, &[*demand]);
                    }
                }
                Err(Failure::Away(error))
            }
            Err(error) => Err(Failure::Refused(error)),
        }
    }

    /// Answers those who waited, and tells calls how long their money lasts. Gives the calls that were opened for somebody who
    /// waits no longer.
    pub(super) fn tell(
        &self,
        batch: &Batch,
        flushed: Flushed,
        own_demands: usize,
        tickets: Vec<(bool, Reply)>,
    ) -> Vec<CallId> {
        let now_us = self.app.now_us();
        for (workspace, purse) in &flushed.purses {
            self.writer.ample.learn(*workspace, purse, now_us);
            let calls = i64::try_from(purse.held.len().max(1)).unwrap_or(1);
            let share_minor = purse.lendable_minor.map(|lendable_minor| lendable_minor / calls);
            // One that asked and got nothing, because a lease of ours was over, must not go by what it had.
            let asked = batch.demands.iter().filter(|(of, _)| of == workspace).map(|(_, demand)| demand.call);
            let with_nothing = asked.filter(|call| !purse.held.contains_key(call)).map(|call| (call, 0));
            for (call, held_minor) in purse.held.iter().map(|(call, minor)| (*call, *minor)).chain(with_nothing) {
                let Some(live) = self.writer.live.get(call) else { continue };
                debug_assert_eq!(live.workspace_id, *workspace);
                if live.granted(held_minor, share_minor)
                    && let Some(gateway) = Hub::of(&self.app).gateway()
                {
                    gateway.allow(call);
                }
            }
        }
        let refused = |workspace: WorkspaceId, short: Short| match (flushed.purses.get(&workspace), short) {
            (Some(purse), Short::Funds(available_minor)) => {
                let currency = purse.currency;
                WalletError::InsufficientFunds { available_minor, needed_minor: 1, currency }.into()
            }
            (Some(purse), Short::Day { day, held_minor }) => {
                CallError::SpendLimit { day, held_minor, currency: purse.currency }
            }
            (None, _) => CallError::StorageUnavailable,
        };
        let mut opened = batch.openings.iter().zip(&flushed.opened);
        let mut grants = batch.demands.iter().zip(&flushed.grants).skip(own_demands);
        let mut unheard = Vec::new();
        for (is_opening, reply) in tickets {
            let mut stands = None;
            let outcome = if is_opening {
                match opened.next() {
                    Some((one, Opened::Yes)) => {
                        stands = Some(one.call.id);
                        Ok(())
                    }
                    Some((one, Opened::Short(short))) => Err(refused(one.call.workspace_id, *short)),
                    Some((_, Opened::Full(full))) => Err(CallError::LimitExceeded(*full)),
                    Some((_, Opened::KeyTaken)) => Err(CallError::KeyTaken),
                    None => Err(CallError::StorageUnavailable),
                }
            } else {
                match grants.next() {
                    Some(((workspace, _), grant)) => {
                        grant.outcome.map(drop).map_err(|short| refused(*workspace, short))
                    }
                    None => Err(CallError::StorageUnavailable),
                }
            };
            if reply.send(outcome).is_err() {
                unheard.extend(stands);
            }
        }
        for changes in &batch.changes {
            Hub::changed(&self.app, changes.call_id);
        }
        batch.traces.iter().for_each(|trace| self.writer.ended.done(trace.call_id));
        unheard
    }

    /// Keeps what is new on the disk until the database is back. When that fails too it stays in memory, where changes of
    /// one call are merged: with no new calls they can't grow without bound.
    pub(super) async fn spool(&mut self, fresh: Fresh, waiting: Vec<Waiting>, kept: Kept) {
        for one in waiting {
            let (Waiting::Open(_, reply) | Waiting::Reserve(_, _, reply)) = one;
            let _ = reply.send(Err(CallError::StorageUnavailable));
        }
        if fresh.is_empty() {
            return;
        }
        let spool = self.spool.clone();
        let (fresh, outcome) = match tokio::task::spawn_blocking(move || {
            let outcome = spool.append(&fresh);
            (fresh, outcome)
        })
        .await
        {
            Ok(done) => done,
            // The runtime ends.
            Err(_) => return,
        };
        match outcome {
            Ok(()) => {
                self.spool_fails = false;
                tell_kept(kept);
            }
            Err(error) => {
                if !std::mem::replace(&mut self.spool_fails, true) {
                    tracing::error!(%error, "calls can not be spooled either: what is new about them waits in memory");
                }
                let mut pending = self.writer.pending.lock();
                let newer = std::mem::take(&mut pending.changes);
                let order = std::mem::take(&mut pending.order);
                fresh.changes.into_iter().for_each(|one| pending.put(one));
                fresh.events.into_iter().rev().for_each(|event| pending.events.push_front(event));
                let mut newer = newer;
                order.into_iter().filter_map(|call| newer.remove(&call)).for_each(|one| pending.put(one));
                pending.kept.extend(kept);
                pending.urgency = Urgency::Lazy;
            }
        }
    }

    /// Looks whether the database is back; then what was spooled is written first.
    async fn look_again(&mut self) {
        let lease_until = Some(super::lease_until(self.app.now_us()));
        let restated = self.unheard.iter().copied().collect();
        let probe = Batch { lease_until, restated, ..Batch::default() };
        let is_back = match self.try_flush(&probe).await {
            Ok(flushed) => {
                self.tell(&probe, flushed, 0, Vec::new());
                self.replay().await.is_ok()
            }
            Err(Failure::Away(_)) => false,
            Err(Failure::Refused(error)) => {
                tracing::error!(%error, "what calls hold could not be restated");
                // Else the database would count as away for as long as it refuses that.
                self.unheard.clear();
                false
            }
        };
        if is_back {
            tracing::warn!("the database is back; calls are recorded again");
            let mut state = self.writer.state.lock();
            (state.is_away, state.behind_since) = (false, None);
            drop(state);
            // Others may have taken this node for dead and closed its calls, of which nobody pays for another second.
            self.writer.back.notify_one();
        } else {
            tokio::time::sleep(TRY_AGAIN).await;
        }
    }
}

pub(super) fn tell_kept(kept: Kept) {
    for (_, told) in kept {
        // A call that stopped waiting needs no word.
        let _ = told.send(());
    }
}

fn spool_failed(error: std::io::Error) -> CallError {
    CallError::Database(sqlx::Error::Io(error))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> std::io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(std::io::Error::other("the runtime has ended")))
}
