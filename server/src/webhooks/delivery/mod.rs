//! Delivery: what stands in the outbox reaches every endpoint that wants it, at least once, a call's events in their order.
//!
//! ```text
//! outbox ──► turn: place, fan out ──► scheduler ──► attempts (tasks) ──► turn: settle
//!   bell ─────┘       │ one transaction a turn          ▲                    │
//!                     └───────── deliveries (rows) ─────┴── what is due ◄────┘
//! ```
//! One node delivers: it holds a lease, and another takes over when that lapses. So that an endpoint's limits, pauses and
//! order are known in one place, and nothing has to be claimed row by row. What decides (`schedule`, `circuit`, `lane`,
//! `scheduler`, `directory`) is pure; `turn` writes, `sender` sends. A crash loses nothing: what was not settled is due
//! still.

mod bucket;
pub mod circuit;
pub mod directory;
mod fan;
pub mod gauge;
pub mod lane;
mod leader;
mod off;
pub mod schedule;
pub mod scheduler;
mod sender;
mod settle;
mod share;
mod together;
mod turn;
pub mod watch;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;
use parking_lot::Mutex;
use sautikit_api::ids::WebhookEndpointId;
use sqlx::AnyConnection;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::directory::{Directory, Endpoint};
use self::gauge::Dispatching;
pub use self::lane::{Due, Told};
use self::schedule::{Failure, Outcome, Verdict};
use self::scheduler::Scheduler;
use self::sender::{Sender, Sent};
use self::settle::Ended;
use self::together::Together;
use super::client::{Customers, Events, origin_of};
use super::store::lease;
use crate::clock;
use crate::state::{AppState, Part};

pub use leader::run_until_stopped;
pub use off::{Owners, OwnersOf, TellDisabled};
pub(in crate::webhooks) use sender::{DELIVERY_HEADER, EVENT_HEADER, VERSION_HEADER};

/// Rung when there is something to tell or to settle, so that it need not wait for the next look.
#[derive(Default)]
pub struct Bell(Notify);

impl Part for Bell {}

/// Wakes the dispatcher, after a commit: this node's, or by a notice that of another.
pub fn ring(app: &AppState) {
    app.part::<Bell>().0.notify_one();
}

/// Whether some node delivers, as far as this one can tell.
pub(super) async fn is_delivered(app: &AppState, conn: &mut AnyConnection) -> Result<bool, sqlx::Error> {
    let part = app.part::<Dispatching>();
    if part.work.lock().upgrade().is_some_and(|work| work.state.lock().may_send()) {
        return Ok(true);
    }
    let lease = lease::find(conn).await?;
    let is_alive = part.watch.lock().is_alive(&lease, clock::timer_now());
    // One that has not looked yet believes what is written.
    Ok(is_alive.unwrap_or(lease.until > app.now_us()))
}

/// Wakes the dispatcher where it is this node's: another one said that something waits.
pub(super) fn ring_here(app: &AppState) {
    if app.part::<Dispatching>().work.lock().upgrade().is_some_and(|work| work.state.lock().may_send()) {
        ring(app);
    }
}

/// What the dispatcher and its attempts share.
struct Work {
    app: AppState,
    http: Events,
    state: Mutex<State>,
    /// Attempts on their way.
    tasks: TaskTracker,
    /// Ends them: whoever delivers next makes them anew.
    cut_off: CancellationToken,
}

#[derive(Default)]
struct State {
    scheduler: Scheduler,
    directory: Directory,
    together: Together,
    /// Attempts that are over and not yet written.
    ended: Vec<Ended>,
    /// Nothing more is sent: the lease is lost or the server stops.
    is_over: bool,
    /// Nor after this: another node may deliver by then.
    leased_to: Option<Instant>,
}

impl State {
    /// Whether this node is the one that delivers, as far as it knows.
    fn may_send(&self) -> bool {
        !self.is_over && self.leased_to.is_some_and(|to| clock::timer_now() < to)
    }

    /// An attempt to an endpoint that is on took so long.
    fn took(&mut self, endpoint: &Endpoint, outcome: &Outcome) {
        if self.directory.get(endpoint.id).is_some() {
            self.together.took(endpoint.id, outcome.took_us);
        }
    }
}

impl Work {
    fn new(app: &AppState) -> Arc<Self> {
        let http = app.part::<Customers>().events().clone();
        let (tasks, cut_off) = (TaskTracker::new(), CancellationToken::new());
        Arc::new(Self { app: app.clone(), http, state: Mutex::default(), tasks, cut_off })
    }

    /// The next delivery that may go, and where to.
    fn next(&self) -> Option<(Due, Arc<Endpoint>, Option<String>)> {
        let mut state = self.state.lock();
        if !state.may_send() {
            return None;
        }
        loop {
            let due = state.scheduler.next(self.app.now_us())?;
            let endpoint: Option<Arc<Endpoint>> = state.directory.get(due.endpoint);
            if let Some(endpoint) = endpoint {
                let origin = origin_of(due.url.as_deref().unwrap_or(&endpoint.url));
                let origin = origin.filter(|origin| state.together.begin(endpoint.id, origin));
                return Some((due, endpoint, origin));
            }
            // Lanes and endpoints come and go together.
            state.scheduler.remove(due.endpoint);
            state.scheduler.give_up(&due);
        }
    }

    /// Makes one attempt; by connections that are shared where it counts among those of an `origin`.
    async fn attempt(self: Arc<Self>, due: Due, endpoint: Arc<Endpoint>, origin: Option<String>) {
        let clock = self.app.clock.as_ref();
        let http = if origin.is_some() { &self.http.multiplexed } else { &self.http.apart };
        let sender = Sender { http, clock, development: self.app.config.is_development() };
        let sending = AssertUnwindSafe(sender.send(&endpoint, &due)).catch_unwind();
        let sent = tokio::select! {
            sent = sending => sent.unwrap_or_else(|_| {
                // What it holds would be held for ever, its call's other events with it.
                tracing::error!(delivery = %due.id, "an attempt to deliver a webhook panicked");
                Sent::none(clock, Failure::Connection, "none")
            }),
            // Whoever takes over sends it.
            () = self.lapsed() => return,
            () = self.cut_off.cancelled() => return,
        };
        let random = self.app.entropy.number();
        {
            let mut state = self.state.lock();
            let now_us = self.app.now_us();
            if let Some(origin) = &origin {
                state.together.end(origin);
            }
            state.took(&endpoint, &sent.outcome);
            let done = state.scheduler.done(&due, &sent.outcome, now_us, random);
            if let (Some(done), Some(url)) = (done, &due.url)
                && matches!(done.verdict, Verdict::Gone | Verdict::Delivered)
            {
                state.directory.heard(endpoint.id, url, done.verdict == Verdict::Gone);
            }
            state.ended.push(Ended::new(endpoint, due, sent, done, now_us));
        }
        pump(&self);
        ring(&self.app);
    }

    /// Until the lease has lapsed, with which all is over.
    async fn lapsed(&self) {
        loop {
            let to = {
                let mut state = self.state.lock();
                match state.leased_to.filter(|to| clock::timer_now() < *to) {
                    Some(to) => to,
                    None => {
                        state.is_over = true;
                        break;
                    }
                }
            };
            tokio::time::sleep_until(to).await;
        }
        ring(&self.app);
    }

    fn forget(&self, id: WebhookEndpointId) {
        let mut state = self.state.lock();
        state.scheduler.remove(id);
        state.directory.remove(id);
        state.together.forget(id);
    }

    /// Ends what is on its way and begins nothing more.
    fn stop(&self) {
        self.state.lock().is_over = true;
        self.cut_off.cancel();
    }
}

/// Begins every attempt that may be made now.
fn pump(work: &Arc<Work>) {
    while let Some((due, endpoint, origin)) = work.next() {
        work.tasks.spawn(work.clone().attempt(due, endpoint, origin));
    }
}
