//! The request that goes the other way: what a call asks the customer's server, as a webhook of the document
//! (OpenAPI 3.1 §4.8.1). `end2end/openapi/actions.test.js` holds a real callback against it.

use sautikit_api::actions::ANSWER;
use sautikit_api::calls::CallStatus;
use sautikit_api::sets;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::tags::VOICE_CALLBACK;

const DESCRIPTION: &str = "A form, signed with the number's `voice_signing_secret`. Answer 2xx within 10 seconds with voice \
    actions; an empty body, or no action left, ends the call. A connection error or 5xx is tried once more after a second.";
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
        }],
        "requestBody": {
            "required": true,
            "content": { "application/x-www-form-urlencoded": { "schema": reference(FORM) } },
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

/// The form's schema.
const FORM: &str = "VoiceCallback";

/// The schemas that the callback alone refers to.
pub(super) fn schemas() -> Map<String, Value> {
    let text = |what: &str| json!({ "type": "string", "description": what });
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
        ("ErrorCode", text("When the step before was refused, or the first URL failed: a code.")),
        ("CallDuration", text("At the end: answered seconds.")),
        ("HangupCause", set(&sets::HangupCause::name(), "At the end: why.")),
        ("IsFinal", json!({ "type": "string", "enum": ["true"], "description": "At the end; the answer is ignored." })),
    ];
    let required: Vec<&str> = always.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Value> =
        always.iter().chain(&sometimes).map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    let form = json!({
        "description": "What a call tells the customer's server when it asks what to do.",
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
        "example": {
            "CallSid": "HD_019a2f6b1c5e7c3f9a52d0b7c1e4f8aa", "CallId": "019a2f6b-1c5e-7c3f-9a52-d0b7c1e4f8aa",
            "AccountSid": "019a2f60-9d04-7e52-b1c7-0a4de3f21c22", "WorkspaceId": "019a2f60-9d04-7e52-b1c7-0a4de3f21c22",
            "From": "+254722000001", "To": "+254700000001", "from": "+254722000001", "to": "+254700000001",
            "Direction": "inbound", "CallStatus": "answered", "Digits": "1", "FinishedOnKey": "",
        },
    });
    Map::from_iter([(FORM.to_owned(), form)])
}
