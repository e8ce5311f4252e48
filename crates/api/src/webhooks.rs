//! Bodies of `/v1/webhooks`, `/v1/events` and `/v1/workspace/signing-secret`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::double_option;
use crate::ids::{DeliveryId, NumberId, WebhookEndpointId, WorkspaceId};

/// `POST /v1/webhooks`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateWebhook {
    /// Where events go: https to a public host, at most 2,048 bytes. In development http to this machine too.
    pub url: String,
    /// Kinds of event, each by its name, `call.*` for all of a subject, or `*` for all there are; `["*"]` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<String>>,
    /// For people: 0 to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// At most so many events a second, 1 to 1,000; no limit when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1_000))]
    pub rate_per_second: Option<i64>,
    /// Whether it gets a secret of its own (the default), or is signed with the workspace's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_secret: Option<bool>,
}

/// `PATCH /v1/webhooks/{id}`: a member that is absent stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateWebhook {
    /// As at the creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// As at the creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<String>>,
    /// As at the creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `disabled` gives up what waits for it; what happens meanwhile is not sent later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<WebhookStatus>,
    /// As at the creation; null for no limit.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "double_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<i64>, minimum = 1, maximum = 1_000))]
    pub rate_per_second: Option<Option<i64>>,
}

/// Whether events are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WebhookStatus {
    /// They are.
    Enabled,
    /// They are not.
    Disabled,
}

/// Whose secret signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SecretOf {
    /// The endpoint's own.
    Endpoint,
    /// The number's, which signs its voice callbacks too, or the workspace's where it has none.
    Number,
    /// The workspace's default.
    Workspace,
}

/// Whether attempts are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Circuit {
    /// They are.
    Closed,
    /// None before `paused_until`: ten failed in a row, or the endpoint asked for it.
    Open,
    /// The pause is over; one attempt finds out whether it is back.
    HalfOpen,
}

/// How an endpoint does, by its newest deliveries, at most 100, and its last attempts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookHealth {
    /// Of so many deliveries that were tried.
    pub deliveries: i64,
    /// How many of them arrived, from 0 to 1; null where none was tried.
    pub success_rate: Option<f64>,
    /// Half of their last attempts took no longer, in milliseconds.
    pub p50_ms: Option<i64>,
    /// 95 of 100 took no longer.
    pub p95_ms: Option<i64>,
    /// Whether attempts are made.
    pub circuit: Circuit,
    /// RFC 3339; while the circuit is open.
    pub paused_until: Option<String>,
    /// RFC 3339: since when every attempt failed; after three days the endpoint is switched off.
    pub failing_since: Option<String>,
    /// Attempts that failed in a row.
    pub failures: i64,
}

/// Where a workspace's events go.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Webhook {
    /// Its id.
    pub id: WebhookEndpointId,
    /// Where to. Of an endpoint that follows from an `events_url` only the origin: each event goes to its call's own URL. `*` is
    /// the one endpoint of all origins that a number has beyond 50.
    pub url: String,
    /// The number whose calls' `events_url` leads there; null for an endpoint that was set up here.
    pub number_id: Option<NumberId>,
    /// Which events.
    pub events: Vec<String>,
    /// For people.
    pub description: String,
    /// Whether events are sent.
    pub status: WebhookStatus,
    /// Why not: `by_hand`, `failing` (for three days) or `gone` (it answered 410).
    pub disabled_reason: Option<String>,
    /// At most so many events a second.
    pub rate_per_second: Option<i64>,
    /// Whose secret signs.
    pub secret_of: SecretOf,
    /// RFC 3339: until when the secret that its own replaced still signs where the new one is refused; null when none does.
    pub former_secret_until: Option<String>,
    /// RFC 3339: when it got its present secret; null while it has its first.
    pub rotated_at: Option<String>,
    /// RFC 3339.
    pub created_at: String,
    /// How it does.
    pub health: WebhookHealth,
}

/// Answer of creating an endpoint (201), or of rotating its secret (200): the only time that the secret is shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedWebhook {
    /// The endpoint.
    #[serde(flatten)]
    pub webhook: Webhook,
    /// `whsec_` and 64 hexadecimal digits; null where the workspace's secret signs.
    pub secret: Option<String>,
}

/// `POST /v1/webhooks/{id}/rotate-secret` and `POST /v1/workspace/signing-secret/rotate`; the body may be left out.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RotateSecret {
    /// How long what is refused (400, 401 or 403) is sent again at once, signed with the former secret: 0 to 259200 (72 hours);
    /// 86400 (a day) when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 259_200))]
    pub grace_seconds: Option<i64>,
    /// Whether a former secret that still signs, because of a rotation before, ends now. Without it such a rotation is refused.
    #[serde(default)]
    pub end_former: bool,
}

/// Answer of rotating the workspace's default secret: the only time that it is shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkspaceSecret {
    /// `whsec_` and 64 hexadecimal digits.
    pub secret: String,
    /// RFC 3339: until when the former one still signs events and voice callbacks where the new one is refused (400, 401 or
    /// 403).
    pub former_secret_until: String,
}

/// `POST /v1/webhooks/{id}/test`; the body may be left out.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TestWebhook {
    /// Of which kind the test event is; `call.completed` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::sets::EventKind>))]
    pub event: Option<String>,
}

/// An event on its way to an endpoint.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delivery {
    /// Its id: `X-Sautikit-Delivery` of every attempt.
    pub id: DeliveryId,
    /// Where to.
    pub webhook_id: WebhookEndpointId,
    /// The event's id, `evt_…`.
    pub event_id: String,
    /// The event's kind.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::EventKind))]
    pub event: String,
    /// Where to, in full.
    pub url: String,
    /// Where it stands.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::DeliveryStatus))]
    pub status: String,
    /// Attempts so far.
    pub attempts: i64,
    /// RFC 3339; null unless it is pending.
    pub next_attempt_at: Option<String>,
    /// RFC 3339; null before the first.
    pub last_attempt_at: Option<String>,
    /// Status of the last answer; null where there was none.
    pub last_status: Option<i64>,
    /// Why the last attempt delivered nothing: `status`, `timeout`, `connection`, `address_refused`, `secret_unset`. Where none
    /// was made any more `endpoint_off` or, of a call whose `events_url` answered 410, `gone`.
    pub last_error: Option<String>,
    /// How long the last attempt took until its answer began.
    pub last_duration_ms: Option<i64>,
    /// RFC 3339; null until it arrived.
    pub delivered_at: Option<String>,
    /// RFC 3339.
    pub created_at: String,
}

/// One request to an endpoint.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeliveryAttempt {
    /// From 1 on.
    pub number: i64,
    /// RFC 3339.
    pub started_at: String,
    /// Until the answer began.
    pub duration_ms: i64,
    /// Status of the answer; null where there was none.
    pub status: Option<i64>,
    /// Why it delivered nothing; null when it did.
    pub error: Option<String>,
    /// The first 1,024 bytes of the answer.
    pub answer: Option<String>,
    /// What signed: `endpoint`, `number` or `workspace`, with `_former` for the secret that rotation replaced.
    pub secret: String,
    /// The `X-Sautikit-Signature` that was sent; null where nothing was.
    pub signature: Option<String>,
    /// Headers of the answer, a line each, up to 2,048 bytes and without cookies; null where there was none.
    pub answer_headers: Option<String>,
}

/// `GET /v1/webhooks/deliveries/{id}/attempts`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeliveryDetail {
    /// Where it stands.
    #[serde(flatten)]
    pub delivery: Delivery,
    /// What is sent, byte for byte; null where the event is past its time.
    pub body: Option<String>,
    /// Every attempt, the oldest first.
    pub log: Vec<DeliveryAttempt>,
}

/// `POST /v1/webhooks/{id}/retry`: deliveries that failed or are exhausted, made in a span of time, are sent again.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RetryDeliveries {
    /// RFC 3339, inclusive.
    #[cfg_attr(feature = "openapi", schema(format = "date-time"))]
    pub from: String,
    /// RFC 3339, exclusive; now when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = "date-time"))]
    pub to: Option<String>,
    /// Of this kind only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::sets::EventKind>))]
    pub event: Option<String>,
    /// Whether what was never sent there is sent too: what happened while the endpoint was off, or before it was there.
    #[serde(default)]
    pub missing: bool,
    /// With `missing`: what was never sent there is looked for after this event, `next_after` of the answer before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(pattern = "^(evt_)?[0-9a-f-]{36}$"))]
    pub after: Option<String>,
}

/// Answer of a retry in bulk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Retried {
    /// Deliveries that are sent, again or for the first time: at most 1,000 at once.
    pub retried: i64,
    /// Whether the span has more: ask again.
    pub has_more: bool,
    /// The event up to which was looked for what was never sent: `after` of the next request. Absent where that is not needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_after: Option<String>,
}

/// An event, as it is sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Event {
    /// `evt_…`: tells repetitions.
    pub id: String,
    /// What it tells.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::EventKind))]
    pub event: String,
    /// The same.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::EventKind))]
    pub event_kind: String,
    /// Its place among the events of its call, from 1 on; 0 outside of calls.
    pub sequence: i64,
    /// RFC 3339.
    pub created_at: String,
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// True where somebody tries out an endpoint; else absent.
    #[serde(default, skip_serializing_if = "is_false")]
    pub test: bool,
    /// What is told, by kind: `GET /v1/webhooks/kinds` has an example of each.
    pub data: Value,
    /// The same.
    pub payload: Value,
}

/// One server-sent event of `GET /v1/calls/stream`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StreamedCallsEvent {
    /// Its place in this stream, for `Last-Event-ID`; none where the reader was `dropped`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, required = false))]
    pub id: Option<String>,
    /// What it tells, as `event` of an [`Event`] does; `dropped` where the reader was too slow and is let go.
    pub event: String,
    /// An [`Event`] as JSON; of `dropped` its `reason`, and `last_event_id` to go on from.
    pub data: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(value: &bool) -> bool {
    !value
}

/// A kind of event.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventKindShown {
    /// Its name.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::EventKind))]
    pub event: String,
    /// Which form of its `data` is sent, as `X-Sautikit-Event-Version` of each delivery says. Members may be added within a
    /// version; where one goes or means something else, the version is another.
    pub version: u32,
    /// What happened.
    pub tells: String,
    /// A whole body of this version, as it is sent.
    pub example: Event,
}
