//! What callbacks tell, in the words of the platform that the number's handler was written for.
//!
//! One set of facts, three vocabularies: ours, Twilio's and Africa's Talking's. Where a platform has no word for something it
//! is left out; nothing is invented that a handler of theirs would take for something else.

use jiff::Timestamp;
use sautikit_api::{
    calls::{CallStatus, Direction},
    ids::LegRecordId,
    numbers::Compat,
};

use crate::{
    cause::{Cause, CauseKind, DialStatus},
    facts::Facts,
    output::LegId,
};

/// A callback's form.
pub(crate) type Params = Vec<(&'static str, String)>;

/// What a callback tells.
pub(crate) struct Told<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) status: CallStatus,
    /// What the steps since the last callback came to, by our names.
    pub(crate) results: Params,
    /// When the call is over.
    pub(crate) end: Option<End>,
}

/// How a call ended.
pub(crate) struct End {
    pub(crate) cause: Cause,
    /// Answered time.
    pub(crate) duration_s: u64,
    /// Microseconds UTC.
    pub(crate) at_us: i64,
    pub(crate) last_dial: Option<LastDial>,
}

/// The last target that was connected with the party.
pub(crate) struct LastDial {
    pub(crate) address: String,
    pub(crate) duration_s: u64,
    /// When it answered, in microseconds UTC.
    pub(crate) answered_us: i64,
}

/// The form.
pub(crate) fn params(told: Told<'_>) -> Params {
    match told.facts.compat {
        Compat::Sautikit => ours(told),
        Compat::Twilio => twilio(told),
        Compat::AfricasTalking => africas_talking(told),
    }
}

/// What tells how calling a target goes.
pub(crate) struct Progress<'a> {
    pub(crate) facts: &'a Facts,
    /// The call's.
    pub(crate) status: CallStatus,
    /// `initiated`, `ringing`, `answered` or `completed`.
    pub(crate) event: &'static str,
    pub(crate) leg: LegId,
    /// Who the target sees calling.
    pub(crate) from: String,
    /// The target.
    pub(crate) to: String,
    /// Microseconds UTC.
    pub(crate) at_us: i64,
    /// How often it was told before.
    pub(crate) sequence: u32,
    /// Where it is over.
    pub(crate) end: Option<ProgressEnd>,
}

/// How calling a target ended.
pub(crate) struct ProgressEnd {
    pub(crate) cause: Cause,
    pub(crate) answered: bool,
    /// Answered time.
    pub(crate) duration_s: u64,
}

/// The form of it. Twilio tells it as a call of its own, whose parent is the call; ours and Africa's Talking's, which has no
/// words for it, as something beside the call.
pub(crate) fn progress(told: Progress<'_>) -> Params {
    let Progress { facts, status, event, leg, from, to, at_us, sequence, end } = told;
    let ended = end.as_ref().map(|end| end.cause.dial_status(end.answered).as_str());
    let sid = LegRecordId::dialled(facts.call_id, leg.0).pbx_call_id();
    if facts.compat == Compat::Twilio {
        let (from, to) = (twilio_party(&from), twilio_party(&to));
        let status = match (ended, event) {
            (Some(ended), _) => twilio_dial_status(ended),
            (None, "answered") => "in-progress",
            (None, event) => event,
        };
        let mut params = vec![
            ("CallSid", sid),
            ("ParentCallSid", facts.call_id.pbx_call_id()),
            ("AccountSid", facts.workspace_id.to_string()),
            ("From", from.clone()),
            ("To", to.clone()),
            ("Caller", from),
            ("Called", to),
            ("CallStatus", status.to_owned()),
            ("ApiVersion", TWILIO_API_VERSION.to_owned()),
            ("Direction", "outbound-dial".to_owned()),
            ("Timestamp", moment(at_us, RFC_2822)),
            ("CallbackSource", "call-progress-events".to_owned()),
            ("SequenceNumber", sequence.to_string()),
        ];
        if let Some(end) = end {
            params.push(("CallDuration", end.duration_s.to_string()));
            params.push(("Duration", end.duration_s.div_ceil(60).to_string()));
        }
        return params;
    }
    let mut params = self::params(Told { facts, status, results: Vec::new(), end: None });
    params.extend([
        ("StatusCallbackEvent", event.to_owned()),
        ("DialTarget", to),
        ("DialLeg", leg.0.to_string()),
        ("DialCallSid", sid),
        ("SequenceNumber", sequence.to_string()),
    ]);
    if let Some((end, status)) = end.zip(ended) {
        params.push(("DialCallStatus", status.to_owned()));
        params.push(("DialCallDuration", end.duration_s.to_string()));
        params.push(("HangupCause", end.cause.hangup_cause()));
    }
    params
}

/// The version of the interface that handlers are written for.
const TWILIO_API_VERSION: &str = "2010-04-01";
const RFC_2822: &str = "%a, %d %b %Y %H:%M:%S +0000";

fn ours(Told { facts, status, results, end }: Told<'_>) -> Params {
    let workspace = facts.workspace_id.to_string();
    let mut params = vec![
        ("CallSid", facts.call_id.pbx_call_id()),
        ("CallId", facts.call_id.to_string()),
        ("AccountSid", workspace.clone()),
        ("WorkspaceId", workspace),
        ("From", facts.from.clone()),
        ("To", facts.to.clone()),
        ("from", facts.from.clone()),
        ("to", facts.to.clone()),
        ("Direction", facts.direction.as_str().to_owned()),
        ("CallStatus", status.as_str().to_owned()),
    ];
    if let Some(end) = end {
        params.push(("CallDuration", end.duration_s.to_string()));
        params.push(("HangupCause", end.cause.hangup_cause()));
        params.push(("IsFinal", "true".to_owned()));
    }
    params.extend(results);
    params
}

fn twilio(Told { facts, status, results, end }: Told<'_>) -> Params {
    let (from, to) = (twilio_party(&facts.from), twilio_party(&facts.to));
    let direction = match facts.direction {
        Direction::Inbound => "inbound",
        Direction::Outbound => "outbound-api",
    };
    let status = match status {
        CallStatus::Answered => "in-progress",
        CallStatus::NoAnswer => "no-answer",
        other => other.as_str(),
    };
    let mut params = vec![
        ("CallSid", facts.call_id.pbx_call_id()),
        ("AccountSid", facts.workspace_id.to_string()),
        ("From", from.clone()),
        ("To", to.clone()),
        ("Caller", from),
        ("Called", to),
        ("CallStatus", status.to_owned()),
        ("ApiVersion", TWILIO_API_VERSION.to_owned()),
        ("Direction", direction.to_owned()),
    ];
    for (name, value) in results {
        match name {
            "DialCallStatus" => {
                params.push(("DialBridged", (value == DialStatus::Completed.as_str()).to_string()));
                params.push((name, twilio_dial_status(&value).to_owned()));
            }
            // A `<Dial>` asked for it, whose `action` is told so.
            "ConferenceName" => params.push(("DialCallStatus", "answered".to_owned())),
            "ConferenceDuration" => params.push(("DialCallDuration", value)),
            "RecordingId" => params.push(("RecordingSid", value)),
            "RecordingSource" => params.push((name, twilio_recording_source(&value).to_owned())),
            "QueueResult" => params.push((name, twilio_queue_result(&value).to_owned())),
            "DialBridgedTo" => {}
            _ => params.push((name, value)),
        }
    }
    if let Some(end) = end {
        params.push(("CallDuration", end.duration_s.to_string()));
        // Minutes, begun ones too.
        params.push(("Duration", end.duration_s.div_ceil(60).to_string()));
        params.push(("Timestamp", moment(end.at_us, RFC_2822)));
        params.push(("CallbackSource", "call-progress-events".to_owned()));
        params.push(("SequenceNumber", "0".to_owned()));
    }
    params
}

/// Browsers are told apart from numbers and SIP addresses.
fn twilio_party(party: &str) -> String {
    let is_number = party.starts_with('+') || party.starts_with(|first: char| first.is_ascii_digit());
    if is_number || party.contains(':') || party == "anonymous" { party.to_owned() } else { format!("client:{party}") }
}

/// By our word for it.
fn twilio_dial_status(ours: &str) -> &str {
    match ours {
        "no_answer" => "no-answer",
        // A telephone that declines is told as a busy one.
        "rejected" => "busy",
        other => other,
    }
}

/// By our word for it.
fn twilio_recording_source(ours: &str) -> &str {
    match ours {
        "dial" => "DialVerb",
        "record" => "RecordVerb",
        "conference" => "Conference",
        "call" => "OutboundAPI",
        other => other,
    }
}

/// By our word for it.
fn twilio_queue_result(ours: &str) -> &str {
    match ours {
        "queue_full" => "queue-full",
        "left" | "removed" | "timeout" => "leave",
        other => other,
    }
}

fn africas_talking(Told { facts, status, results, end }: Told<'_>) -> Params {
    let (direction, phone_user) = match facts.direction {
        Direction::Inbound => ("Inbound", &facts.from),
        Direction::Outbound => ("Outbound", &facts.to),
    };
    let session_state = match status {
        CallStatus::Answered => "Answered",
        status if status.is_terminal() => "Completed",
        _ => "Ringing",
    };
    let mut params = vec![
        ("isActive", if end.is_some() { "0" } else { "1" }.to_owned()),
        ("sessionId", facts.call_id.pbx_call_id()),
        ("direction", direction.to_owned()),
        // The phone user and the customer's number, whichever way the call goes.
        ("callerNumber", phone_user.clone()),
        ("destinationNumber", facts.number.clone()),
        ("callSessionState", session_state.to_owned()),
        ("callStartTime", moment(facts.began_at_us, AFRICAS_TALKING_TIME)),
    ];
    for (name, value) in results {
        match name {
            "Digits" => params.push(("dtmfDigits", value)),
            "RecordingUrl" => params.push(("recordingUrl", value)),
            // It has no words for these; who asks for them by our attributes knows ours.
            "RecordingStatus" | "StatusCallbackEvent" | "FriendlyName" | "ConferenceSid" | "ParticipantLabel" => {
                params.push((name, value));
            }
            _ if name.starts_with("Queue") || name.starts_with("Stream") => params.push((name, value)),
            _ => {}
        }
    }
    if let Some(end) = end {
        params.push(("durationInSeconds", end.duration_s.to_string()));
        params.push(("status", if status == CallStatus::Completed { "Success" } else { "Failed" }.to_owned()));
        params.push(("hangupCause", africas_talking_cause(&end.cause).to_owned()));
        if let Some(dial) = end.last_dial {
            params.push(("dialDestinationNumber", dial.address));
            params.push(("dialDurationInSeconds", dial.duration_s.to_string()));
            params.push(("dialStartTime", moment(dial.answered_us, AFRICAS_TALKING_TIME)));
        }
    }
    params
}

const AFRICAS_TALKING_TIME: &str = "%Y-%m-%d %H:%M:%S";

const fn africas_talking_cause(cause: &Cause) -> &'static str {
    match (cause.kind, cause.q850) {
        (_, Some(18)) => "NO_USER_RESPONSE",
        (_, Some(20)) => "SUBSCRIBER_ABSENT",
        (CauseKind::NormalClearing | CauseKind::ApiHangup | CauseKind::MaxDuration, _) => "NORMAL_CLEARING",
        (CauseKind::Busy, _) => "USER_BUSY",
        (CauseKind::NoAnswer, _) => "NO_ANSWER",
        (CauseKind::Rejected | CauseKind::Refused | CauseKind::InsufficientFunds, _) => "CALL_REJECTED",
        (CauseKind::Canceled, _) => "ORIGINATOR_CANCEL",
        (CauseKind::AnsweredElsewhere, _) => "LOSE_RACE",
        (CauseKind::NotFound, _) => "UNALLOCATED_NUMBER",
        (CauseKind::TrunkUnreachable, _) => "SERVICE_UNAVAILABLE",
        (CauseKind::Draining, _) => "NORMAL_TEMPORARY_FAILURE",
        (CauseKind::MediaTimeout | CauseKind::ConnectionLost, _) => "RECOVERY_ON_TIMER_EXPIRE",
        (CauseKind::MediaNotSecured, _) => "INCOMPATIBLE_DESTINATION",
        (CauseKind::Failed | CauseKind::CallbackFailed | CauseKind::ActionsLimit, _) => "UNSPECIFIED",
    }
}

/// A moment as text; empty where a calendar has none.
fn moment(at_us: i64, format: &str) -> String {
    Timestamp::from_microsecond(at_us).map(|at| at.strftime(format).to_string()).unwrap_or_default()
}
