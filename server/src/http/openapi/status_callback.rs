//! What is told beside a call's steps, to whoever a `statusCallback` or `recordingStatusCallback` names, as a webhook of the
//! document. Its form has what every callback of the call has, and what it tells of.

use sautikit_api::sets;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::tags::VOICE_CALLBACK;
use super::voice_callback::{
    TWILIO_DIRECTIONS, TWILIO_STATUSES, africas_talking_base, base, form, one_of, reference, set, signatures, text,
    twilio_base,
};

const DESCRIPTION: &str = "A form, signed as a voice callback is, to the URL that an action names: how calling a target of a \
    `dial` goes (`StatusCallbackEvent` `initiated`, `ringing`, `answered`, `completed`), what happens in a `conference` \
    (`conference-start`, `participant-join`, …) or to a `stream` (`StreamEvent`), and that a recording is ready or has failed \
    (`RecordingStatus`). The answer counts for nothing; that of a recording is asked for again for two days until it is 2xx. The \
    number's `compat` decides which of the forms it is.";

const FORM: &str = "StatusCallback";
const TWILIO_FORM: &str = "StatusCallbackAsOfTwilio";
const AFRICAS_TALKING_FORM: &str = "StatusCallbackAsOfAfricasTalking";

/// The webhook.
pub(super) fn webhook() -> Value {
    json!({ "post": {
        "operationId": "status_callback",
        "summary": "Tell what happens beside a call's steps",
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
        "responses": { "204": { "description": "It is taken note of." } },
    } })
}

/// The schemas that it alone refers to.
pub(super) fn schemas() -> Map<String, Value> {
    [(FORM, ours()), (TWILIO_FORM, twilio()), (AFRICAS_TALKING_FORM, africas_talking())]
        .map(|(name, schema)| (name.to_owned(), schema))
        .into_iter()
        .collect()
}

/// What is told of a target that is called, where it is told as something beside the call.
fn of_targets() -> [(&'static str, Value); 6] {
    [
        ("DialTarget", text("Of a target: who.")),
        ("DialLeg", text("Of a target: the number of its leg on the timeline.")),
        ("DialCallSid", text("Of a target: the id of its leg, `legs[].pbx_call_id` of the call.")),
        ("DialCallStatus", text("Of a target, at its end: what became of it.")),
        ("DialCallDuration", text("Of a target, at its end: seconds connected.")),
        ("HangupCause", set(&sets::HangupCause::name(), "Of a target, at its end: why.")),
    ]
}

/// What is told of conferences, streams and recordings, by the names that all have.
fn of_others() -> Vec<(&'static str, Value)> {
    let flag = |what: &str| one_of(&["true", "false"], what);
    vec![
        ("StatusCallbackEvent", text("What happened to a target or in a conference.")),
        ("SequenceNumber", text("How often was told of it before, from 0.")),
        ("ConferenceSid", text("Of a conference: its id.")),
        ("FriendlyName", text("Of a conference: its name.")),
        ("ReasonConferenceEnded", text("At a conference's end: why.")),
        ("ParticipantLabel", text("Of a party in a conference: its label.")),
        ("Muted", flag("Of a party in a conference: whether it is heard by nobody.")),
        ("Hold", flag("Of a party in a conference: whether it hears music instead of the others.")),
        ("Coaching", flag("Of a party in a conference: whether it coaches another.")),
        ("StartConferenceOnEnter", flag("Of a party in a conference.")),
        ("EndConferenceOnExit", flag("Of a party in a conference.")),
        ("StreamEvent", one_of(&["stream-started", "stream-stopped", "stream-error"], "Of a stream.")),
        ("StreamSid", text("Of a stream: its id on the wire.")),
        ("StreamName", text("Of a stream: its name.")),
        ("StreamError", text("Of a stream that failed: why.")),
        ("RecordingStatus", one_of(&["completed", "failed"], "Of a recording.")),
        ("RecordingUrl", text("Of a recording: where the API gives it; needs a credential.")),
        ("RecordingDuration", text("Of a recording: its length in seconds.")),
        ("RecordingChannels", one_of(&["1", "2"], "Of a recording.")),
        ("RecordingSource", text("Of a recording: what asked for it.")),
        ("RecordingStartTime", text("Of a recording: when it began, RFC 3339.")),
        ("ErrorCode", text("Of a recording that failed: a code.")),
    ]
}

fn ours() -> Value {
    let always = base();
    let mut sometimes = of_others();
    sometimes.extend(of_targets());
    sometimes.push(("RecordingId", text("Of a recording: its id.")));
    let example = example(
        json!({
            "CallSid": "HD_019a2f6b1c5e7c3f9a52d0b7c1e4f8aa", "CallId": "019a2f6b-1c5e-7c3f-9a52-d0b7c1e4f8aa",
            "AccountSid": "019a2f60-9d04-7e52-b1c7-0a4de3f21c22", "WorkspaceId": "019a2f60-9d04-7e52-b1c7-0a4de3f21c22",
            "From": "+254722000001", "To": "+254700000001", "from": "+254722000001", "to": "+254700000001",
            "Direction": "inbound", "CallStatus": "answered",
        }),
        &json!({ "StatusCallbackEvent": "completed", "SequenceNumber": "0", "DialTarget": "+254722000042", "DialLeg": "1",
            "DialCallSid": "HD_019a2f6b1c5e80019a52d0b7c1e4f8aa",
            "DialCallStatus": "completed", "DialCallDuration": "12", "HangupCause": "normal_clearing" }),
    );
    form("What is told beside a call's steps.", &always, &sometimes, &example)
}

fn twilio() -> Value {
    let statuses: Vec<&str> = ["initiated"].into_iter().chain(TWILIO_STATUSES).collect();
    let directions: Vec<&str> = TWILIO_DIRECTIONS.into_iter().chain(["outbound-dial"]).collect();
    let always = twilio_base(&statuses, &directions);
    let mut sometimes = of_others();
    sometimes.extend([
        (
            "ParentCallSid",
            text("Of a target, which is told as a call of its own with a `CallSid` of its own: the call's."),
        ),
        ("Timestamp", text("Of a target: when, as in RFC 2822.")),
        ("CallbackSource", one_of(&["call-progress-events"], "Of a target.")),
        ("CallDuration", text("Of a target, at its end: seconds connected.")),
        ("Duration", text("Of a target, at its end: minutes connected, begun ones too.")),
        ("RecordingSid", text("Of a recording: its id.")),
    ]);
    let example = json!({
        "CallSid": "HD_019a2f6b1c5e80019a52d0b7c1e4f8aa", "ParentCallSid": "HD_019a2f6b1c5e7c3f9a52d0b7c1e4f8aa",
        "AccountSid": "019a2f60-9d04-7e52-b1c7-0a4de3f21c22", "From": "+254700000001", "To": "+254722000042",
        "Caller": "+254700000001", "Called": "+254722000042", "CallStatus": "ringing", "ApiVersion": "2010-04-01",
        "Direction": "outbound-dial", "Timestamp": "Mon, 30 Nov 2026 12:00:00 +0000",
        "CallbackSource": "call-progress-events", "SequenceNumber": "1",
    });
    let what = "The same in Twilio's words, of a number whose `compat` is `twilio`.";
    form(what, &always, &sometimes, &example)
}

fn africas_talking() -> Value {
    let always = africas_talking_base();
    let mut sometimes = of_others();
    sometimes.extend(of_targets());
    let example = example(
        json!({
            "isActive": "1", "sessionId": "HD_019a2f6b1c5e7c3f9a52d0b7c1e4f8aa", "direction": "Inbound",
            "callerNumber": "+254722000001", "destinationNumber": "+254700000001", "callSessionState": "Answered",
            "callStartTime": "2026-11-30 12:00:00",
        }),
        &json!({ "StatusCallbackEvent": "ringing", "SequenceNumber": "0", "DialTarget": "+254722000042", "DialLeg": "1" }),
    );
    let what = "The same with what Africa's Talking tells of a call, of a number whose `compat` is `africastalking`; it has no \
        words of its own for the rest.";
    form(what, &always, &sometimes, &example)
}

/// What every callback has, with what it tells of.
fn example(mut base: Value, told: &Value) -> Value {
    if let (Value::Object(base), Value::Object(told)) = (&mut base, told) {
        base.extend(told.clone());
    }
    base
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_has_what_is_always_told_and_nothing_that_is_not_described() {
        for (name, schema) in schemas().into_iter().chain(super::super::voice_callback::schemas()) {
            let (Some(properties), Some(example)) = (schema["properties"].as_object(), schema["example"].as_object())
            else {
                continue;
            };
            for told in example.keys() {
                assert!(properties.contains_key(told), "{name}: {told}");
            }
            for always in schema["required"].as_array().into_iter().flatten() {
                assert!(example.contains_key(always.as_str().unwrap_or_default()), "{name}: {always}");
            }
        }
    }
}
