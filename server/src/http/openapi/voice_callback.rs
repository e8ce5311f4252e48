//! The request that goes the other way: what a call asks the customer's server, as a webhook of the document
//! (OpenAPI 3.1 §4.8.1). `end2end/openapi/actions.test.js` holds a real callback against it.

use sautikit_api::actions::ANSWER;
use sautikit_api::calls::CallStatus;
use sautikit_api::sets;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

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
    let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    json!({ "voice_callback": { "post": {
        "operationId": "voice_callback",
        "summary": "Ask for voice actions",
        "description": DESCRIPTION,
        "tags": [VOICE_CALLBACK],
        "security": [],
        "parameters": [{
            "name": "X-Sautikit-Signature", "in": "header", "required": true, "description": SIGNATURE,
            "schema": { "type": "string", "pattern": "^t=[0-9]+,v1=[0-9a-f]{64}$" },
        }, {
            "name": "X-Twilio-Signature", "in": "header", "required": false, "description": TWILIO_SIGNATURE,
            "schema": { "type": "string", "pattern": "^[0-9A-Za-z+/]{27}=$" },
        }],
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

/// The schemas of the form in each platform's words.
const FORM: &str = "VoiceCallback";
const TWILIO_FORM: &str = "VoiceCallbackAsOfTwilio";
const AFRICAS_TALKING_FORM: &str = "VoiceCallbackAsOfAfricasTalking";

/// The schemas that the callback alone refers to.
pub(super) fn schemas() -> Map<String, Value> {
    [(FORM, ours()), (TWILIO_FORM, twilio()), (AFRICAS_TALKING_FORM, africas_talking())]
        .map(|(name, schema)| (name.to_owned(), schema))
        .into_iter()
        .collect()
}

type Parameters<'a> = &'a [(&'a str, Value)];

fn form(what: &str, always: Parameters<'_>, sometimes: Parameters<'_>, example: &Value) -> Value {
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

fn text(what: &str) -> Value {
    json!({ "type": "string", "description": what })
}

fn one_of(values: &[&str], what: &str) -> Value {
    json!({ "type": "string", "enum": values, "description": what })
}

fn twilio() -> Value {
    let always = [
        ("CallSid", text("The call's `HD_…` id.")),
        ("AccountSid", json!({ "type": "string", "format": "uuid", "description": "The workspace." })),
        ("From", text("Who calls: E.164, `client:IDENTITY` or SIP URI.")),
        ("To", text("Who is called.")),
        ("Caller", text("The same as `From`.")),
        ("Called", text("The same as `To`.")),
        (
            "CallStatus",
            one_of(
                &["ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled"],
                "Where the call stands.",
            ),
        ),
        ("ApiVersion", one_of(&["2010-04-01"], "Of the interface that handlers are written for.")),
        ("Direction", one_of(&["inbound", "outbound-api"], "Seen from the workspace.")),
    ];
    let sometimes = [
        ("Digits", text("After `<Gather>`: what was pressed.")),
        ("FinishedOnKey", text("After `<Gather>`: the key that ended the input.")),
        (
            "DialCallStatus",
            one_of(&["completed", "answered", "busy", "no-answer", "failed", "canceled"], "After `<Dial>`."),
        ),
        ("DialCallDuration", text("After `<Dial>`: seconds connected.")),
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
    ];
    let example = json!({
        "CallSid": "HD_019a2f6b1c5e7c3f9a52d0b7c1e4f8aa", "AccountSid": "019a2f60-9d04-7e52-b1c7-0a4de3f21c22",
        "From": "+254722000001", "To": "+254700000001", "Caller": "+254722000001", "Called": "+254700000001",
        "CallStatus": "in-progress", "ApiVersion": "2010-04-01", "Direction": "inbound", "Digits": "1", "FinishedOnKey": "",
    });
    form("The same in Twilio's words, of a number whose `compat` is `twilio`.", &always, &sometimes, &example)
}

fn africas_talking() -> Value {
    let always = [
        ("isActive", one_of(&["1", "0"], "0 at the end, when the answer is ignored.")),
        ("sessionId", text("The call's `HD_…` id.")),
        ("direction", one_of(&["Inbound", "Outbound"], "Seen from the workspace.")),
        ("callerNumber", text("The phone user, whichever way the call goes.")),
        ("destinationNumber", text("The workspace's number, whichever way the call goes.")),
        ("callSessionState", one_of(&["Ringing", "Answered", "Completed"], "Where the call stands.")),
        ("callStartTime", text("When the call began, UTC.")),
    ];
    let sometimes = [
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
    ];
    let example = json!({
        "isActive": "1", "sessionId": "HD_019a2f6b1c5e7c3f9a52d0b7c1e4f8aa", "direction": "Inbound",
        "callerNumber": "+254722000001", "destinationNumber": "+254700000001", "callSessionState": "Answered",
        "callStartTime": "2026-11-30 12:00:00", "dtmfDigits": "1",
    });
    let what = "The same in Africa's Talking's words, of a number whose `compat` is `africastalking`.";
    form(what, &always, &sometimes, &example)
}

fn ours() -> Value {
    let set = |name: &str, what: &str| json!({ "$ref": format!("#/components/schemas/{name}"), "description": what });
    let always = [
        ("CallSid", text("The call's `HD_…` id.")),
        ("CallId", json!({ "type": "string", "format": "uuid", "description": "The call's id." })),
        ("AccountSid", json!({ "type": "string", "format": "uuid", "description": "The same as `WorkspaceId`." })),
        ("WorkspaceId", json!({ "type": "string", "format": "uuid", "description": "The workspace." })),
        ("From", text("Who calls: E.164, identity or SIP URI.")),
        ("To", text("Who is called.")),
        ("from", text("The same as `From`.")),
        ("to", text("The same as `To`.")),
        ("Direction", set(&sets::Direction::name(), "Seen from the workspace.")),
        ("CallStatus", set(&CallStatus::name(), "Where the call stands.")),
    ];
    let sometimes = [
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
        ("DialTarget", text("To a `whisperUrl`: who has answered.")),
        (
            "AnsweredBy",
            text(
                "After an answer that was judged: `human`, `machine_start`, `machine_end_beep`, `machine_end_silence`, `machine_end_other`, `fax` or `unknown`.",
            ),
        ),
        ("AnsweredByConfidence", text("How sure that is, from 0 to 1.")),
        ("MachineDetectionDuration", text("How much was heard until then, in milliseconds.")),
        ("QueueName", text("After `enqueue`, `dequeue` and to a `waitUrl`: which one.")),
        ("QueueResult", text("After `enqueue`: how it ended.")),
        ("QueueTime", text("After `enqueue` and to a `waitUrl`: seconds waited.")),
        ("QueuePosition", text("To a `waitUrl`: where the caller stands, 1 is next.")),
        ("CurrentQueueSize", text("To a `waitUrl`: how many wait.")),
        ("AvgQueueTime", text("To a `waitUrl`: how long those waited who were taken out, in seconds.")),
        ("ConferenceName", text("After `conference`: which one.")),
        ("ConferenceDuration", text("After `conference`: seconds in it.")),
        ("ErrorCode", text("When the step before was refused, or the first URL failed: a code.")),
        ("CallDuration", text("At the end: answered seconds.")),
        ("HangupCause", set(&sets::HangupCause::name(), "At the end: why.")),
        ("IsFinal", json!({ "type": "string", "enum": ["true"], "description": "At the end; the answer is ignored." })),
    ];
    let example = json!({
        "CallSid": "HD_019a2f6b1c5e7c3f9a52d0b7c1e4f8aa", "CallId": "019a2f6b-1c5e-7c3f-9a52-d0b7c1e4f8aa",
        "AccountSid": "019a2f60-9d04-7e52-b1c7-0a4de3f21c22", "WorkspaceId": "019a2f60-9d04-7e52-b1c7-0a4de3f21c22",
        "From": "+254722000001", "To": "+254700000001", "from": "+254722000001", "to": "+254700000001",
        "Direction": "inbound", "CallStatus": "answered", "Digits": "1", "FinishedOnKey": "",
    });
    form("What a call tells the customer's server when it asks what to do.", &always, &sometimes, &example)
}
