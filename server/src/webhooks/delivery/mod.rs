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
mod turn;
pub mod watch;

use std::sync::Arc;

use parking_lot::Mutex;
use reqwest::Client;
use sautikit_api::ids::WebhookEndpointId;
use sqlx::AnyConnection;
use tokio::sync::Notify;
use tokio::time::Instant;

use self::directory::{Directory, Endpoint};
use self::gauge::Dispatching;
pub use self::lane::{Due, Told};
use self::scheduler::Scheduler;
use self::sender::Sender;
use self::settle::Ended;
use super::client::Customers;
use super::store::lease;
use crate::clock;
use crate::state::{AppState, Part};

pub use leader::run_until_stopped;
pub use off::{Owners, OwnersOf, TellDisabled};
pub(in crate::webhooks) use sender::{DELIVERY_HEADER, EVENT_HEADER};

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
    http: Client,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    scheduler: Scheduler,
    directory: Directory,
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
}

impl Work {
    fn new(app: &AppState) -> Arc<Self> {
        let http = app.part::<Customers>().multiplexed().clone();
        Arc::new(Self { app: app.clone(), http, state: Mutex::default() })
    }

    /// The next delivery that may go, and where to.
    fn next(&self) -> Option<(Due, Arc<Endpoint>)> {
        let mut state = self.state.lock();
        if !state.may_send() {
            return None;
        }
        loop {
            let due = state.scheduler.next(self.app.now_us())?;
            let endpoint: Option<Arc<Endpoint>> = state.directory.get(due.endpoint);
            if let Some(endpoint) = endpoint {
                return Some((due, endpoint));
            }
            // Lanes and endpoints come and go together.
            state.scheduler.remove(due.endpoint);
            state.scheduler.give_up(&due);
        }
    }

    /// Makes one attempt.
    async fn attempt(self: Arc<Self>, due: Due, endpoint: Arc<Endpoint>) {
        let clock = self.app.clock.as_ref();
        let sender = Sender { http: &self.http, clock, development: self.app.config.is_development() };
        let sent = tokio::select! {
            sent = sender.send(&endpoint, &due) => sent,
            // Whoever takes over sends it.
            () = self.lapsed() => return,
        };
        let random = self.app.entropy.number();
        {
            let mut state = self.state.lock();
            let now_us = self.app.now_us();
            let done = state.scheduler.done(&due, &sent.outcome, now_us, random);
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
    }
}

/// Begins every attempt that may be made now.
fn pump(work: &Arc<Work>) {
    while let Some((due, endpoint)) = work.next() {
        tokio::spawn(work.clone().attempt(due, endpoint));
    }
}
