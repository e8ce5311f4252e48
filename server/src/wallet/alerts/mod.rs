//! Low-balance alerts: the threshold, who is told, and the telling.
//!
//! Falling below the threshold makes an event and, in the same transaction, a job that mails the subscribers once it is
//! committed ([`enqueue`]): a crash loses no mail, and nothing is asked or written where no balance fell. Each subscriber is
//! told of an event once, however often the job comes.

pub mod http;
mod letter;

use sautikit_api::ids::{AlertSubscriberId, EventId, WorkspaceId};
use sautikit_api::money::Currency;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::AnyConnection;
use thiserror::Error;

use super::store::alerts as sql;
use super::{MAX_AMOUNT_MINOR, Wallet, WalletError, lock, read};
use crate::audit;
use crate::jobs::{self, Failure, Job, Lane};
use crate::mail;
use crate::mailbox;
use crate::state::AppState;
use crate::web::caller::Caller;
use crate::webhooks::{EventKind, NewEvent};

pub use sql::Subscriber;

/// Subscribers of a workspace at most (billing.md): a mailing list of one's own takes more people.
pub const MOST_SUBSCRIBERS: i64 = 10;

/// Why an alert could not be set.
#[derive(Debug, Error)]
pub enum AlertError {
    /// The address is there already.
    #[error("the address is subscribed already")]
    Exists,
    /// No e-mail address.
    #[error(transparent)]
    InvalidEmail(#[from] mailbox::MailboxError),
    /// No such subscriber.
    #[error("no such subscriber")]
    NotFound,
    /// [`MOST_SUBSCRIBERS`] are there.
    #[error("there are as many subscribers as there may be")]
    TooMany,
    /// A threshold below 0 or out of range.
    #[error("the threshold is 0 or more, in minor units, or null")]
    Threshold,
    /// The wallet failed.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// The database failed.
    #[error("the alerts could not be read or written")]
    Database(#[from] sqlx::Error),
}

/// Sets the threshold; none turns the alert off. A balance that is below it already is told of when it has risen and falls
/// again.
async fn set_threshold(app: &AppState, caller: &Caller, minor: Option<i64>) -> Result<Wallet, AlertError> {
    if minor.is_some_and(|minor| !(0..=MAX_AMOUNT_MINOR).contains(&minor)) {
        return Err(AlertError::Threshold);
    }
    let id = caller.workspace.id;
    let mut tx = app.db.begin_write().await?;
    let before = lock(&mut tx, id).await?.wallet().low_balance_threshold_minor;
    sql::set_threshold(&mut tx, id, minor).await?;
    let shown = |minor: Option<i64>| json!({ "low_balance_threshold_minor": minor });
    let details = json!({ "before": shown(before), "after": shown(minor) });
    audit::record(app, &mut tx, &audit::Entry::by(caller, "alerts.changed", id, details)).await?;
    let wallet = read(&mut tx, id).await?;
    tx.commit().await?;
    Ok(wallet)
}

/// Adds a subscriber, in the caller's transaction.
async fn subscribe(
    app: &AppState,
    tx: &mut AnyConnection,
    caller: &Caller,
    email: &str,
) -> Result<Subscriber, AlertError> {
    let (id, email) = (caller.workspace.id, mailbox::read(email)?);
    // Under the wallet's lock, so that two at once are not one too many.
    lock(tx, id).await?;
    let subscribers = sql::list(tx, id).await?;
    if subscribers.iter().any(|one| one.email == email) {
        return Err(AlertError::Exists);
    }
    if subscribers.len() as i64 >= MOST_SUBSCRIBERS {
        return Err(AlertError::TooMany);
    }
    let subscriber = Subscriber { id: AlertSubscriberId(app.new_uuid()), email, created_at: app.now_us() };
    sql::insert(tx, id, &subscriber).await?;
    let details = json!({ "email": subscriber.email });
    let entry = audit::Entry::by(caller, "alert_subscriber.added", subscriber.id, details);
    audit::record(app, tx, &entry).await?;
    Ok(subscriber)
}

async fn unsubscribe(app: &AppState, caller: &Caller, id: AlertSubscriberId) -> Result<(), AlertError> {
    let mut tx = app.db.begin_write().await?;
    let email = sql::delete(&mut tx, caller.workspace.id, id).await?.ok_or(AlertError::NotFound)?;
    let entry = audit::Entry::by(caller, "alert_subscriber.removed", id, json!({ "email": email }));
    audit::record(app, &mut tx, &entry).await?;
    Ok(tx.commit().await?)
}

/// Leaves the job that tells of each balance that fell, in the transaction that tells the event. Nothing where none fell.
///
/// # Errors
/// The database failed.
pub(crate) async fn enqueue(tx: &mut AnyConnection, app: &AppState, events: &[NewEvent]) -> Result<(), sqlx::Error> {
    for event in events.iter().filter(|event| event.kind == EventKind::WalletLowBalance) {
        let figure = |name: &str| event.data[name].as_i64().unwrap_or_default();
        let job = TellLowBalance {
            event_id: event.id,
            workspace_id: event.workspace_id,
            balance_minor: figure("balance_minor"),
            threshold_minor: figure("threshold_minor"),
            currency: event.data["currency"].as_str().unwrap_or_default().to_owned(),
        };
        jobs::enqueue(tx, app, &job, app.now_us()).await?;
    }
    Ok(())
}

/// Mails the subscribers that a balance fell.
#[derive(Debug, Serialize, Deserialize)]
pub struct TellLowBalance {
    event_id: EventId,
    workspace_id: WorkspaceId,
    balance_minor: i64,
    threshold_minor: i64,
    currency: String,
}

impl Job for TellLowBalance {
    const KIND: &'static str = "tell_low_balance";
    const LANE: Lane = Lane::Own;

    fn subject(&self) -> String {
        self.event_id.to_string()
    }

    async fn run(self, app: &AppState) -> Result<(), Failure> {
        let currency = Currency::parse(&self.currency).ok_or("a balance in no currency")?;
        let figures = (currency.format_minor(self.balance_minor), currency.format_minor(self.threshold_minor));
        let mut tx = app.db.begin_write().await?;
        let mut posted = Vec::new();
        for subscriber in sql::list(&mut tx, self.workspace_id).await? {
            if sql::mark_told(&mut tx, subscriber.id, self.event_id).await? {
                let write = |to, lang| letter::letter(&app.public_url, to, &figures, app.now_us(), lang);
                posted.push(mail::post_to(app, &mut tx, subscriber.email, write).await?);
            }
        }
        tx.commit().await?;
        posted.into_iter().for_each(|mail| mail.committed(app));
        Ok(())
    }
}
