//! The request that goes the other way: what a call asks the customer's server, as a webhook of the document
//! (OpenAPI 3.1 §4.8.1). `end2end/openapi/actions.test.js` holds a real callback against it.

use sautikit_api::actions::ANSWER;
use sautikit_api::calls::CallStatus;
use sautikit_api::sets;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::status_callback;
use super::tags::VOICE_CALLBACK;

const DESCRIPTION: &str = "A form, signed with the number's `voice_signing_secret`. Answer 2xx within 10 seconds with voice \
    actions; an empty body, or no action left, ends the call. A connection error or 5xx is tried once more after a second. \
    The number's `compat` decides which of the forms it is.";
const TWILIO_SIGNATURE: &str = "Where `compat` is `twilio`: base64 of the HMAC-SHA1 over the URL and every parameter's name and \
    value, sorted by name.";
const SIGNATURE: &str = "`t=SECONDS,v1=HEX`: HMAC-SHA256 over the raw body, a full stop and `t`.";

const XML: &str = "`<Response>` with TwiML, Africa's Talking's or our own verbs; what is not understood is skipped and named on \
    the call's timeline.";

/// The document's `webhooks`.
pub(super) fn webhooks() -> Value {
    json!({ "status_callback": status_callback::webhook(), "voice_callback": { "post": {
        "operationId": "voice_callback",
        "summary": "Ask for voice actions",
        "description": DESCRIPTION,
        "tags": [VOICE_CALLBACK],
        "security": [],
        "parameters": signatures(),
        "requestBody": {
            "required": true,
            "content": { "application/x-www-form-urlencoded": {
                "schema": { "oneOf": [reference(FORM), reference(TWILIO_FORM), reference(AFRICAS_TALKING_FORM)] },
            } },
        },
        "responses": { "200": {
            "description": "What happens next in the call.",
            "content": {
                "application/json": { "schema": reference(ANSWER) },
                "application/xml": { "schema": { "type": "string", "description": XML } },
            },
        } },
    } } })
}

pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// The headers that sign it.
pub(super) fn signatures() -> Value {
    json!([{
        "name": "X-Sautikit-Signature", "in": "header", "required": true, "description": SIGNATURE,
        "schema": { "type": "string", "pattern": "^t=[0-9]+,v1=[0-9a-f]{64}$" },
    }, {
        "name": "X-Twilio-Signature", "in": "header", "required": false, "description": TWILIO_SIGNATURE,
        "schema": { "type": "string", "pattern": "^[0-9A-Za-z+/]{27}=$" },
    }])
}

/// The schemas of the form in each platform's words.
const FORM: &str = "VoiceCallback";
const TWILIO_FORM: &str = "VoiceCallbackAsOfTwilio";
const AFRICAS_TALKING_FORM: &str = "VoiceCallbackAsOfAfricasTalking";

/// The schemas that the callback alone refers to.
pub(super) fn schemas() -> Map<String, Value> {
    [(FORM, ours()), (TWILIO_FORM, twilio()), (AFRICAS_TALKING_FORM, africas_talking())]
        .map(|(name, schema)| (name.to_owned(), schema))
        .into_iter()
        .chain(status_callback::schemas())
        .collect()
}

pub(super) type Parameters<'a> = &'a [(&'a str, Value)];

pub(super) fn form(what: &str, always: Parameters<'_>, sometimes: Parameters<'_>, example: &Value) -> Value {
    let required: Vec<&str> = always.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Value> =
        always.iter().chain(sometimes).map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({
        "description": what,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
        "example": example,
    })
}

pub(super) fn text(what: &str) -> Value {
    json!({ "type": "string", "description": what })
}

pub(super) fn one_of(values: &[&str], what: &str) -> Value {
    json!({ "type": "string", "enum": values, "description": what })
}

/// What every callback of a call tells in Twilio's words; `statuses` and `directions` as what it tells of has them.
pub(super) fn twilio_base(statuses: &[&str], directions: &[&str]) -> [(&'static str, Value); 9] {
    [
        ("CallSid", text("The call's `HD_…` id.")),
        ("AccountSid", json!({ "type": "string", "format": "uuid", "description": "The workspace." })),
        ("From", text("Who calls: E.164, `client:IDENTITY` or SIP URI.")),
        ("To", text("Who is called.")),
        ("Caller", text("The same as `From`.")),
        ("Called", text("The same as `To`.")),
        ("CallStatus", one_of(statuses, "Where the call stands.")),
        ("ApiVersion", one_of(&["2010-04-01"], "Of the interface that handlers are written for.")),
        ("Direction", one_of(directions, "Seen from the workspace.")),
    ]
}

/// How a call stands in Twilio's words.
pub(super) const TWILIO_STATUSES: [&str; 7] =
    ["ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled"];
/// Which way a call goes in Twilio's words.
pub(super) const TWILIO_DIRECTIONS: [&str; 2] = ["inbound", "outbound-api"];

/// What is told to the `waitUrl` of a queue or a conference.
fn of_waits() -> [(&'static str, Value); 7] {
    [
        ("QueueName", text("After `enqueue`, `dequeue` and to a queue's `waitUrl`: which one.")),
        ("QueueTime", text("After `enqueue` and to a queue's `waitUrl`: seconds waited.")),
        ("QueuePosition", text("To a queue's `waitUrl`: where the caller stands, 1 is next.")),
        ("CurrentQueueSize", text("To a queue's `waitUrl`: how many wait.")),
        ("AvgQueueTime", text("To a queue's `waitUrl`: how long those waited who were taken out, in seconds.")),
        ("ConferenceSid", text("After `conference` and to its `waitUrl`: its id.")),
        ("FriendlyName", text("To a conference's `waitUrl`: its name.")),
    ]
}

/// After an answer that was judged.
fn of_judgements() -> [(&'static str, Value); 3] {
    [
        (
            "AnsweredBy",
            text(
                "After an answer that was judged: `human`, `machine_start`, `machine_end_beep`, `machine_end_silence`, `machine_end_other`, `fax` or `unknown`.",
            ),
        ),
        ("AnsweredByConfidence", text("How sure that is, from 0 to 1.")),
        ("MachineDetectionDuration", text("How much was heard until then, in milliseconds.")),
    ]
}

fn twilio() -> Value {
    let always = twilio_base(&TWILIO_STATUSES, &TWILIO_DIRECTIONS);
    let mut sometimes = vec![
        ("Digits", text("After `<Gather>`: what was pressed.")),
        ("FinishedOnKey", text("After `<Gather>`: the key that ended the input.")),
        (
            "DialCallStatus",
            one_of(&["completed", "answered", "busy", "no-answer", "failed", "canceled"], "After `<Dial>`."),
        ),
        ("DialCallDuration", text("After `<Dial>`: seconds connected.")),
        (
            "DialCallSid",
            text("After `<Dial>`: the id of the leg to who was connected, or else to who was called last."),
        ),
        ("DialBridged", one_of(&["true", "false"], "After `<Dial>`: whether somebody was connected.")),
        ("DialTarget", text("To the `url` of a target: who has answered.")),
        ("RecordingUrl", text("After `<Record>`.")),
        ("RecordingDuration", text("After `<Record>`: seconds.")),
        ("RecordingSid", text("After `<Record>`: the recording's id.")),
        ("ErrorCode", text("When the step before was refused, or the first URL failed: a code of ours.")),
        ("CallDuration", text("At the end: answered seconds.")),
        ("Duration", text("At the end: answered minutes, begun ones too.")),
        ("Timestamp", text("At the end: when, as in RFC 2822.")),
        ("CallbackSource", one_of(&["call-progress-events"], "At the end; the answer is ignored.")),
        ("SequenceNumber", one_of(&["0"], "At the end.")),
        ("Test", one_of(&["true"], "Of a test of the routing.")),
        ("QueueResult", text("After `<Enqueue>`: how it ended.")),
    ];
    sometimes.extend(of_waits().into_iter().chain(of_judgements()));
    let example = json!({
        "CallSid": "HD_019a2f6b1c5e7c3f9a52d0b7c1e4f8aa", "AccountSid": "019a2f60-9d04-7e52-b1c7-0a4de3f21c22",
        "From": "+254722000001", "To": "+254700000001", "Caller": "+254722000001", "Called": "+254700000001",
        "CallStatus": "in-progress", "ApiVersion": "2010-04-01", "Direction": "inbound", "Digits": "1", "FinishedOnKey": "",
    });
    form("The same in Twilio's words, of a number whose `compat` is `twilio`.", &always, &sometimes, &example)
}

/// What every callback of a call tells in Africa's Talking's words.
pub(super) fn africas_talking_base() -> [(&'static str, Value); 7] {
    [
        ("isActive", one_of(&["1", "0"], "0 at the end, when the answer is ignored.")),
        ("sessionId", text("The call's `HD_…` id.")),
        ("direction", one_of(&["Inbound", "Outbound"], "Seen from the workspace.")),
        ("callerNumber", text("The phone user, whichever way the call goes.")),
        ("destinationNumber", text("The workspace's number, whichever way the call goes.")),
        ("callSessionState", one_of(&["Ringing", "Answered", "Completed"], "Where the call stands.")),
        ("callStartTime", text("When the call began, UTC.")),
    ]
}

fn africas_talking() -> Value {
    let always = africas_talking_base();
    let mut sometimes = vec![
        ("dtmfDigits", text("After `<GetDigits>`: what was pressed.")),
        ("recordingUrl", text("After `<Record>`.")),
        ("durationInSeconds", text("At the end: answered seconds.")),
        ("status", one_of(&["Success", "Failed"], "At the end: whether it was answered.")),
        ("hangupCause", text("At the end: why, for instance `NORMAL_CLEARING`.")),
        ("currencyCode", text("At the end: of `amount`, ISO 4217.")),
        ("amount", text("At the end: what the call cost, without tax.")),
        ("dialDestinationNumber", text("At the end: who was connected last.")),
        ("dialDurationInSeconds", text("At the end: for how many seconds.")),
        ("dialStartTime", text("At the end: since when, UTC.")),
        ("Test", one_of(&["true"], "Of a test of the routing.")),
        ("QueueResult", text("After `<Enqueue>`: how it ended.")),
    ];
    sometimes.extend(of_waits());
    let example = json!({
        "isActive": "1", "sessionId": "HD_019a2f6b1c5e7c3f9a52d0b7c1e4f8aa", "direction": "Inbound",
        "callerNumber": "+254722000001", "destinationNumber": "+254700000001", "callSessionState": "Answered",
        "callStartTime": "2026-11-30 12:00:00", "dtmfDigits": "1",
    });
    let what = "The same in Africa's Talking's words, of a number whose `compat` is `africastalking`.";
    form(what, &always, &sometimes, &example)
}

/// What every callback of a call tells.
pub(super) fn base() -> [(&'static str, Value); 10] {
    let uuid = |what: &str| json!({ "type": "string", "format": "uuid", "description": what });
    [
        ("CallSid", text("The call's `HD_…` id.")),
        ("CallId", uuid("The call's id.")),
        ("AccountSid", uuid("The same as `WorkspaceId`.")),
        ("WorkspaceId", uuid("The workspace.")),
        ("From", text("Who calls: E.164, identity or SIP URI.")),
        ("To", text("Who is called.")),
        ("from", text("The same as `From`.")),
        ("to", text("The same as `To`.")),
        ("Direction", set(&sets::Direction::name(), "Seen from the workspace.")),
        ("CallStatus", set(&CallStatus::name(), "Where the call stands.")),
    ]
}

/// One of a set of words.
pub(super) fn set(name: &str, what: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}"), "description": what })
}

fn ours() -> Value {
    let always = base();
    let mut sometimes = vec![
        (
            "Digits",
            text("After `getDigits`: what was pressed; empty on a time-out. After `record`: the key that ended it."),
        ),
        ("FinishedOnKey", text("After `getDigits`: the key that ended the input.")),
        ("RecordingUrl", text("After `record` and a recorded `dial`: where the API gives it; needs a credential.")),
        ("RecordingDuration", text("After them: its length in seconds.")),
        ("RecordingId", json!({ "type": "string", "format": "uuid", "description": "After them: its id." })),
        ("DialCallStatus", text("After `dial`: what became of it.")),
        ("DialCallDuration", text("After `dial`: seconds connected.")),
        ("DialBridgedTo", text("After `dial`: who was connected.")),
        (
            "DialCallSid",
            text("After `dial`: the `HD_…` id of the leg to who was connected, or else to who was called last."),
        ),
        ("DialTarget", text("To a `whisperUrl`: who has answered.")),
        ("QueueResult", text("After `enqueue`: how it ended.")),
        ("ConferenceName", text("After `conference`: which one.")),
        ("ConferenceDuration", text("After `conference`: seconds in it.")),
        ("ErrorCode", text("When the step before was refused, or the first URL failed: a code.")),
        ("CallDuration", text("At the end: answered seconds.")),
        ("HangupCause", set(&sets::HangupCause::name(), "At the end: why.")),
        ("IsFinal", json!({ "type": "string", "enum": ["true"], "description": "At the end; the answer is ignored." })),
    ];
    sometimes.extend(of_waits().into_iter().chain(of_judgements()));
    let example = json!({
        "CallSid": "HD_019a2f6b1c5e7c3f9a52d0b7c1e4f8aa", "CallId": "019a2f6b-1c5e-7c3f-9a52-d0b7c1e4f8aa",
        "AccountSid": "019a2f60-9d04-7e52-b1c7-0a4de3f21c22", "WorkspaceId": "019a2f60-9d04-7e52-b1c7-0a4de3f21c22",
        "From": "+254722000001", "To": "+254700000001", "from": "+254722000001", "to": "+254700000001",
        "Direction": "inbound", "CallStatus": "answered", "Digits": "1", "FinishedOnKey": "",
    });
    form("What a call tells the customer's server when it asks what to do.", &always, &sometimes, &example)
}
