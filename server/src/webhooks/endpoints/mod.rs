//! Webhook endpoints: what a workspace sets up, and the origins that `events_url` of numbers and calls leads to.

pub mod health;
pub mod http;

use sautikit_api::ids::{DeliveryId, EventId, NumberId, WebhookEndpointId, WorkspaceId};
use sautikit_api::webhooks as wire;
use serde_json::{Value, json};
use sqlx::AnyConnection;
use url::Url;

pub use self::health::Health;
use super::client::check_url;
use super::deliveries::{self, Delivery};
use super::kinds::{self, EventKind};
use super::signing::{self, Sealed, Signing, Whose};
use super::store::endpoints::{self as sql, Full};
use super::store::{deliveries as delivery_sql, events as event_sql};
use super::{WebhookError, examples};
use crate::audit;
use crate::clock::rfc3339;
use crate::line;
use crate::secrets::SealBroken;
use crate::state::AppState;
use crate::web::caller::Caller;

/// Endpoints of a workspace at most, those of numbers not counted: each event is one delivery for each.
pub const MOST_ENDPOINTS: i64 = 100;
/// Subscriptions of one endpoint at most: more than there are kinds.
const MOST_SUBSCRIPTIONS: usize = 50;
/// Longest URL that is kept: longer ones fail at common servers.
const MAX_URL_BYTES: usize = 2_048;
/// Longest description.
const MAX_DESCRIPTION_CHARS: usize = 200;
/// Most events a second that an endpoint can be limited to; beyond, there is nothing to limit.
const MOST_PER_SECOND: i64 = 1_000;
/// Why an endpoint is off that somebody switched off.
const BY_HAND: &str = "by_hand";

/// Whether events are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// They are.
    Enabled,
    /// They are not.
    Disabled,
    /// The row stands for what was sent.
    Deleted,
}

impl Status {
    /// Its name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Deleted => "deleted",
        }
    }

    /// The status of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Enabled, Self::Disabled, Self::Deleted].into_iter().find(|status| status.as_str() == name)
    }
}

/// An endpoint.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Its id.
    pub id: WebhookEndpointId,
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// The number whose calls' events go there; none for one that the workspace set up.
    pub number_id: Option<NumberId>,
    /// Where to; of a number's only the origin.
    pub url: String,
    /// For people.
    pub description: String,
    /// Kinds, or beginnings of kinds.
    pub events: Vec<String>,
    /// Whether events are sent.
    pub status: Status,
    /// Why not.
    pub disabled_reason: Option<String>,
    /// At most so many events a second.
    pub rate_per_second: Option<i64>,
    /// Its own secrets.
    pub(super) sealed: Sealed,
    /// When it got its present secret, in microseconds UTC.
    pub rotated_at: Option<i64>,
    /// Since when every attempt failed, in microseconds UTC.
    pub failing_since: Option<i64>,
    /// Attempts that failed in a row.
    pub failures: i64,
    /// When the last of them did, in microseconds UTC.
    pub failed_at: Option<i64>,
    /// Nothing is sent before, in microseconds UTC.
    pub paused_until: Option<i64>,
    /// Microseconds UTC.
    pub created_at: i64,
    /// Microseconds UTC.
    pub changed_at: i64,
    /// Which of all changes of endpoints was its last.
    pub revision: i64,
    /// How often it became another one: attempts of before say nothing of it.
    pub generation: i64,
}

impl Endpoint {
    fn new(id: WebhookEndpointId, workspace_id: WorkspaceId, url: String, now_us: i64) -> Self {
        Self {
            id,
            workspace_id,
            number_id: None,
            url,
            description: String::new(),
            events: vec!["*".to_owned()],
            status: Status::Enabled,
            disabled_reason: None,
            rate_per_second: None,
            sealed: Sealed::default(),
            rotated_at: None,
            failing_since: None,
            failures: 0,
            failed_at: None,
            paused_until: None,
            created_at: now_us,
            changed_at: now_us,
            revision: 0,
            generation: 0,
        }
    }

    /// Whose secret signs.
    pub(super) fn secret_of(&self) -> Whose {
        match (&self.sealed.secret, self.number_id) {
            (Some(_), _) => Whose::Endpoint,
            (None, Some(_)) => Whose::Number,
            (None, None) => Whose::Workspace,
        }
    }

    /// Forgets that attempts failed: it may be another server now.
    fn stand_anew(&mut self) {
        (self.failing_since, self.failures, self.failed_at, self.paused_until) = (None, 0, None, None);
        self.generation += 1;
    }

    /// What the audit log shows. Addresses may carry credentials: only the host is shown.
    fn audited(&self) -> Value {
        let host = Url::parse(&self.url).ok().and_then(|url| url.host_str().map(str::to_owned));
        json!({ "host": host, "events": self.events, "status": self.status.as_str(), "description": self.description,
            "rate_per_second": self.rate_per_second })
    }
}

/// The endpoint that an `events_url` of a number leads to.
pub(super) fn of_number(
    app: &AppState,
    workspace: WorkspaceId,
    number: NumberId,
    origin: String,
    now_us: i64,
) -> Endpoint {
    let id = WebhookEndpointId(app.new_uuid());
    let events = vec!["call.*".to_owned()];
    Endpoint { number_id: Some(number), events, ..Endpoint::new(id, workspace, origin, now_us) }
}

/// What signs for the endpoint: its own secret, else its number's, else the workspace's.
pub(super) fn signing_of(app: &AppState, full: &Full) -> Result<Signing, SealBroken> {
    let row = &full.endpoint;
    if let Some(own) = row.sealed.open(app, Whose::Endpoint, &signing::row_of(row.id))? {
        return Ok(own);
    }
    if let Some(number) = row.number_id
        && let Some(own) = full.of_number.open(app, Whose::Number, &number.to_string())?
    {
        return Ok(own);
    }
    signing::default_signing(app, row.workspace_id, &full.of_workspace)
}

/// Sets up an endpoint, in the caller's transaction; with its secret, where it has one of its own.
pub(super) async fn create(
    app: &AppState,
    tx: &mut AnyConnection,
    caller: &Caller,
    new: wire::CreateWebhook,
) -> Result<(Endpoint, Option<String>), WebhookError> {
    let (workspace, now_us) = (caller.workspace.id, app.now_us());
    let id = WebhookEndpointId(app.new_uuid());
    let mut endpoint = Endpoint::new(id, workspace, checked_url(app, new.url)?, now_us);
    if let Some(events) = new.events {
        endpoint.events = checked_events(events)?;
    }
    endpoint.description = checked_description(new.description.unwrap_or_default())?;
    endpoint.rate_per_second = checked_rate(new.rate_per_second)?;
    sql::begin_change(tx).await?;
    if sql::count(tx, workspace).await? >= MOST_ENDPOINTS {
        return Err(WebhookError::TooMany);
    }
    let secret = new.own_secret.unwrap_or(true).then(|| signing::new_secret(app));
    endpoint.sealed.secret = secret.as_deref().map(|secret| signing::seal(app, &signing::row_of(id), secret));
    sql::insert(tx, &endpoint).await?;
    audit::record(app, tx, &audit::Entry::by(caller, "webhook.created", id, endpoint.audited())).await?;
    Ok((endpoint, secret))
}

/// One of the workspace's endpoints.
pub(super) async fn get(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    id: WebhookEndpointId,
) -> Result<Endpoint, WebhookError> {
    sql::find(conn, workspace, id).await?.ok_or(WebhookError::NotFound)
}

/// Changes an endpoint: absent members stay.
pub(super) async fn update(
    app: &AppState,
    caller: &Caller,
    id: WebhookEndpointId,
    update: wire::UpdateWebhook,
) -> Result<Endpoint, WebhookError> {
    let mut tx = app.db.begin_write().await?;
    sql::lock(&mut tx, caller.workspace.id, id).await?;
    let mut endpoint = get(&mut tx, caller.workspace.id, id).await?;
    let before = endpoint.audited();
    if endpoint.number_id.is_some() && (update.url.is_some() || update.events.is_some()) {
        let field = if update.url.is_some() { "url" } else { "events" };
        let message = format!("`{field}` follows from the `events_url` of the number or call. Change that one.");
        return Err(WebhookError::Invalid { field, message });
    }
    if let Some(url) = update.url {
        endpoint.url = checked_url(app, url)?;
        endpoint.stand_anew();
    }
    if let Some(events) = update.events {
        endpoint.events = checked_events(events)?;
    }
    if let Some(description) = update.description {
        endpoint.description = checked_description(description)?;
    }
    if let Some(rate) = update.rate_per_second {
        endpoint.rate_per_second = checked_rate(rate)?;
    }
    match update.status {
        Some(wire::WebhookStatus::Enabled) if endpoint.status != Status::Enabled => {
            (endpoint.status, endpoint.disabled_reason) = (Status::Enabled, None);
            endpoint.stand_anew();
        }
        Some(wire::WebhookStatus::Disabled) if endpoint.status != Status::Disabled => {
            (endpoint.status, endpoint.disabled_reason) = (Status::Disabled, Some(BY_HAND.to_owned()));
        }
        _ => {}
    }
    endpoint.changed_at = app.now_us();
    sql::update(&mut tx, &endpoint).await?;
    let details = json!({ "before": before, "after": endpoint.audited() });
    audit::record(app, &mut tx, &audit::Entry::by(caller, "webhook.updated", id, details)).await?;
    tx.commit().await?;
    Ok(endpoint)
}

/// Deletes an endpoint. What was sent stays in the list of deliveries until it is past its time. Not a number's: the next
/// event would make it anew, without what was set of it.
pub(super) async fn delete(app: &AppState, caller: &Caller, id: WebhookEndpointId) -> Result<(), WebhookError> {
    let mut tx = app.db.begin_write().await?;
    sql::lock(&mut tx, caller.workspace.id, id).await?;
    let mut endpoint = get(&mut tx, caller.workspace.id, id).await?;
    if endpoint.number_id.is_some() {
        let message =
            "this endpoint follows from the `events_url` of the number or call. Switch it off, or change that one.";
        return Err(WebhookError::Invalid { field: "id", message: message.to_owned() });
    }
    let details = endpoint.audited();
    endpoint.status = Status::Deleted;
    // Nothing signs for it any more.
    endpoint.sealed = Sealed::default();
    endpoint.changed_at = app.now_us();
    sql::update(&mut tx, &endpoint).await?;
    audit::record(app, &mut tx, &audit::Entry::by(caller, "webhook.deleted", id, details)).await?;
    Ok(tx.commit().await?)
}

/// Gives an endpoint another secret of its own, in the caller's transaction, and returns it.
pub(super) async fn rotate(
    app: &AppState,
    tx: &mut AnyConnection,
    caller: &Caller,
    id: WebhookEndpointId,
    asked: &wire::RotateSecret,
) -> Result<(Endpoint, String), WebhookError> {
    let now_us = app.now_us();
    let grace_us = signing::checked_grace_us(asked.grace_seconds)?;
    sql::lock(tx, caller.workspace.id, id).await?;
    let full = sql::find_full(tx, caller.workspace.id, id).await?;
    let full = full.filter(|full| full.endpoint.status != Status::Deleted).ok_or(WebhookError::NotFound)?;
    full.endpoint.sealed.require_no_grace(now_us, asked.end_former)?;
    // What signed so far, whoever's it is; one that does not open signed nothing.
    let former = signing_of(app, &full).ok().map(|signing| signing.secret);
    let mut endpoint = full.endpoint;
    let (row, secret) = (signing::row_of(id), signing::new_secret(app));
    let before = endpoint.secret_of().as_str();
    endpoint.sealed = Sealed {
        secret: Some(signing::seal(app, &row, &secret)),
        former_until: former.as_ref().map(|_| now_us + grace_us),
        former: former.map(|former| signing::seal(app, &row, &former)),
    };
    endpoint.rotated_at = Some(now_us);
    endpoint.changed_at = now_us;
    sql::update(tx, &endpoint).await?;
    let until = endpoint.sealed.former_until.map(rfc3339);
    let details = json!({ "before": { "secret_of": before }, "after": { "secret_of": Whose::Endpoint.as_str() },
        "former_secret_until": until });
    audit::record(app, tx, &audit::Entry::by(caller, "webhook.secret_rotated", id, details)).await?;
    Ok((endpoint, secret))
}

/// Sends a test event to an endpoint, in the caller's transaction: the delivery that was made for it.
pub(super) async fn test(
    app: &AppState,
    tx: &mut AnyConnection,
    caller: &Caller,
    id: WebhookEndpointId,
    kind: Option<String>,
) -> Result<Delivery, WebhookError> {
    let (workspace, now_us) = (caller.workspace.id, app.now_us());
    let kind = match kind {
        Some(name) => {
            EventKind::parse(&name).ok_or(WebhookError::EventUnsupported { field: "event".to_owned(), name })?
        }
        None => EventKind::CallCompleted,
    };
    let full = sql::find_full(tx, workspace, id).await?;
    let full = full.filter(|full| full.endpoint.status != Status::Deleted).ok_or(WebhookError::NotFound)?;
    if full.endpoint.status == Status::Disabled {
        return Err(WebhookError::Disabled);
    }
    signing_of(app, &full).map_err(|_| WebhookError::SecretUnset)?;
    deliveries::require_dispatcher(app, tx).await?;
    let event = examples::event(EventId(app.new_uuid()), workspace, kind, now_us);
    event_sql::insert_test(tx, &event).await?;
    let delivery_id = DeliveryId(app.new_uuid());
    delivery_sql::insert(tx, delivery_id, id, &event).await?;
    sql::touch(tx, workspace, id, now_us).await?;
    let details = json!({ "event": kind.as_str(), "delivery_id": delivery_id });
    audit::record(app, tx, &audit::Entry::by(caller, "webhook.tested", id, details)).await?;
    deliveries::get(tx, workspace, delivery_id).await
}

fn checked_url(app: &AppState, url: String) -> Result<String, WebhookError> {
    let invalid = |reason: &str| WebhookError::Invalid { field: "url", message: format!("`url` {reason}.") };
    if url.len() > MAX_URL_BYTES {
        return Err(invalid("is longer than 2,048 bytes"));
    }
    match check_url(&url, app.config.is_development()) {
        // A line or a NUL that the parser would leave out is no part of an address.
        Ok(_) if url.chars().any(|letter| letter.is_control() || letter.is_whitespace()) => {
            Err(invalid("holds a space or a control character"))
        }
        Ok(_) => Ok(url),
        Err(refusal) => Err(invalid(&format!("can't be called: {refusal}"))),
    }
}

fn checked_events(events: Vec<String>) -> Result<Vec<String>, WebhookError> {
    if events.is_empty() || events.len() > MOST_SUBSCRIPTIONS {
        let message = format!("`events` names 1 to {MOST_SUBSCRIPTIONS} kinds of event; `[\"*\"]` is all.");
        return Err(WebhookError::Invalid { field: "events", message });
    }
    if let Some((place, name)) = events.iter().enumerate().find(|(_, name)| !kinds::is_pattern(name)) {
        return Err(WebhookError::EventUnsupported { field: format!("events[{place}]"), name: name.clone() });
    }
    Ok(events)
}

fn checked_description(text: String) -> Result<String, WebhookError> {
    if text.trim().is_empty() {
        return Ok(String::new());
    }
    line::checked(&text, MAX_DESCRIPTION_CHARS).ok_or_else(|| WebhookError::Invalid {
        field: "description",
        message: format!("`description`: {}", line::rule(MAX_DESCRIPTION_CHARS)),
    })
}

fn checked_rate(rate: Option<i64>) -> Result<Option<i64>, WebhookError> {
    if rate.is_some_and(|rate| !(1..=MOST_PER_SECOND).contains(&rate)) {
        let message = format!("`rate_per_second` is 1 to {MOST_PER_SECOND}, or null for no limit.");
        return Err(WebhookError::Invalid { field: "rate_per_second", message });
    }
    Ok(rate)
}
