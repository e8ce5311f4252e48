//! `conference`: a room in which everybody hears everybody else.

use std::ops::RangeInclusive;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{
    ActionError, MAX_URL_CHARS,
    attributes::{Attributes, kind},
    described::{Described, object},
    record::RECORDING_TOLD,
    told,
};
use crate::ids::CallId;

/// Longest name, in characters: an id of the customer's with room to spare.
const MAX_NAME_CHARS: usize = 128;
/// How a call's id is written.
const CALL_ID: &str = "^(HD_[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$";
/// Longest spelling of a call's id, in characters.
const MAX_CALL_ID_CHARS: usize = 36;
/// Longest label of a party, in characters: as TwiML has it.
const MAX_LABEL_CHARS: usize = 128;

/// How many may be in one: beyond the upper end nobody could speak.
const PARTICIPANTS: RangeInclusive<u32> = 2..=32;

/// When the others hear a beep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beep {
    /// Never: `false`.
    Never,
    /// When the party enters: `"onEnter"`.
    OnEnter,
    /// When it leaves: `"onExit"`.
    OnExit,
    /// Both: `true`.
    Both,
}

impl Beep {
    /// Whether one is heard when the party enters.
    pub const fn on_enter(self) -> bool {
        matches!(self, Self::OnEnter | Self::Both)
    }

    /// Whether one is heard when the party leaves.
    pub const fn on_exit(self) -> bool {
        matches!(self, Self::OnExit | Self::Both)
    }

    fn read(attributes: &mut Attributes<'_>) -> Result<Option<Self>, ActionError> {
        let Some(value) = attributes.value("beep") else { return Ok(None) };
        match value {
            Value::Bool(true) => Ok(Some(Self::Both)),
            Value::Bool(false) => Ok(Some(Self::Never)),
            Value::String(text) if text == "onEnter" => Ok(Some(Self::OnEnter)),
            Value::String(text) if text == "onExit" => Ok(Some(Self::OnExit)),
            other => {
                let expected = format!("expected true, false, \"onEnter\" or \"onExit\", found {}", kind(other));
                Err(attributes.error("beep", expected))
            }
        }
    }
}

/// As it is written.
impl Serialize for Beep {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Never => to.serialize_bool(false),
            Self::OnEnter => to.serialize_str("onEnter"),
            Self::OnExit => to.serialize_str("onExit"),
            Self::Both => to.serialize_bool(true),
        }
    }
}

/// Brings the party of the call into a conference of the workspace, until that is over or new actions come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Conference {
    /// Which one: calls of a workspace that name the same meet. 1 to 128 characters.
    pub name: String,
    /// When the others hear a beep. True, which is both, unless given.
    pub beep: Beep,
    /// Whether the conference begins with the party; else it waits for somebody who begins it. True unless given.
    pub start_on_enter: bool,
    /// Whether the conference is over for all when the party leaves. False unless given.
    pub end_on_exit: bool,
    /// How many may be in it, the party included; 2 to 32. 32 unless given.
    pub max_participants: u32,
    /// Whether the party hears and is not heard. False unless given.
    pub muted: bool,
    /// The call that the party coaches: it hears everybody and is heard by that one alone. Unset = it coaches nobody.
    pub coach: Option<CallId>,
    /// Whether the conference is recorded from here to its end, all in one channel. False unless given.
    pub record: bool,
    /// Who is told when its recording is ready or has failed; unset = nobody.
    pub recording_status_callback: Option<String>,
    /// Who is told when the party comes and goes, is muted and held; unset = nobody.
    pub status_callback: Option<String>,
    /// Of what; some of [`Conference::EVENTS`]. All unless given.
    pub status_callback_event: Vec<&'static str>,
    /// By what the party is named to whoever is told of it and in the API; unset = by its call alone. 1 to 128 characters.
    pub participant_label: Option<String>,
    /// What the party hears while the conference has not begun: a file, as `play` takes it, or who is asked for it again and
    /// again. Empty = silence, unset = our music.
    #[serde(rename = "waitUrl")]
    pub wait_url: Option<String>,
    /// Who is asked when it is over; unset = the next action runs.
    pub action: Option<String>,
}

impl Conference {
    /// What can be told of a conference and a party in it, by TwiML's names.
    pub const EVENTS: &'static [&'static str] = &["start", "end", "join", "leave", "mute", "hold", "modify"];

    /// Every attribute but the name at its default.
    fn named(name: String) -> Self {
        let max_participants = *PARTICIPANTS.end();
        Self {
            name,
            beep: Beep::Both,
            start_on_enter: true,
            end_on_exit: false,
            max_participants,
            muted: false,
            coach: None,
            record: false,
            recording_status_callback: None,
            status_callback: None,
            status_callback_event: Self::EVENTS.to_vec(),
            participant_label: None,
            wait_url: None,
            action: None,
        }
    }

    pub(super) fn read(value: &Value, path: &str) -> Result<Self, ActionError> {
        let mut attributes = Attributes::open(value, path)?;
        let name = attributes.required_text("name", MAX_NAME_CHARS)?;
        if name.trim().is_empty() {
            return Err(attributes.error("name", "expected a name, found a blank one"));
        }
        let defaults = Self::named(name);
        let conference = Self {
            beep: Beep::read(&mut attributes)?.unwrap_or(defaults.beep),
            start_on_enter: attributes.boolean("startOnEnter")?.unwrap_or(defaults.start_on_enter),
            end_on_exit: attributes.boolean("endOnExit")?.unwrap_or(defaults.end_on_exit),
            max_participants: attributes.integer("maxParticipants", PARTICIPANTS)?.unwrap_or(defaults.max_participants),
            muted: attributes.boolean("muted")?.unwrap_or(defaults.muted),
            coach: coached(&mut attributes)?,
            record: attributes.boolean("record")?.unwrap_or(defaults.record),
            recording_status_callback: attributes.url("recordingStatusCallback")?,
            status_callback: attributes.url("statusCallback")?,
            status_callback_event: told::events(&mut attributes, "statusCallbackEvent", Self::EVENTS)?
                .unwrap_or(defaults.status_callback_event),
            participant_label: label(&mut attributes)?,
            wait_url: attributes.text("waitUrl", MAX_URL_CHARS)?,
            action: attributes.url("action")?,
            name: defaults.name,
        };
        attributes.finish()?;
        Ok(conference)
    }

    /// Its attributes as JSON Schema.
    pub(super) fn schema() -> Value {
        let defaults = Self::named(String::new());
        let name = "Which one: calls of the workspace that name the same hear each other.";
        let start = "Whether it begins with this party; else the party waits for somebody who begins it.";
        let wait = "What is heard while the conference has not begun: a file as `play` takes it, or a URL that is asked for it, \
            again whenever that is over (`say`, `play`, `pause`, `redirect`); an empty string for silence, our own music when \
            absent.";
        let beep = "When the others hear a beep: `true` when the party enters and when it leaves, `\"onEnter\"`, `\"onExit\"`.";
        let coach = "The id of the call (or its `HD_` id) that the party coaches: it hears everybody and is heard by that one alone.";
        let record =
            "Whether the conference is recorded, from when the party is in until it is over, all in one channel.";
        let told = "Who is told when the conference begins and ends and the party comes and goes, is muted and held \
            (`StatusCallbackEvent`); the answer counts for nothing.";
        let events = "Of what is told; all of it when absent.";
        let label = "By what the party is named in what is told of it and in the API, beside its call's id.";
        let most = "How many may be in it, this party included.";
        object(
            "Brings the party of the call into a conference, in which everybody hears everybody else.",
            &json!({ "name": "stand-up" }),
            [
                ("name", Described::text(1..=MAX_NAME_CHARS, name).required()),
                (
                    "beep",
                    Described::any_of(&[true.into(), false.into(), "onEnter".into(), "onExit".into()], beep).or(true),
                ),
                ("startOnEnter", Described::boolean(start).or(defaults.start_on_enter)),
                (
                    "endOnExit",
                    Described::boolean("Whether it is over for all when the party leaves.").or(defaults.end_on_exit),
                ),
                ("maxParticipants", Described::integer(&PARTICIPANTS, most).or(defaults.max_participants)),
                ("muted", Described::boolean("Whether this party hears and is not heard.").or(defaults.muted)),
                ("coach", Described::matching(CALL_ID, MAX_CALL_ID_CHARS, coach)),
                ("record", Described::boolean(record).or(defaults.record)),
                ("recordingStatusCallback", Described::url(RECORDING_TOLD)),
                ("statusCallback", Described::url(told)),
                ("statusCallbackEvent", Described::some_of(Self::EVENTS, events)),
                ("participantLabel", Described::text(1..=MAX_LABEL_CHARS, label)),
                ("waitUrl", Described::text(0..=MAX_URL_CHARS, wait)),
                ("action", Described::url("Who is asked when it is over; the next action runs when absent.")),
            ],
        )
    }
}

fn label(attributes: &mut Attributes<'_>) -> Result<Option<String>, ActionError> {
    match attributes.text("participantLabel", MAX_LABEL_CHARS)? {
        Some(label) if label.trim().is_empty() => {
            Err(attributes.error("participantLabel", "expected a name, found a blank one"))
        }
        label => Ok(label),
    }
}

/// Which call the party coaches.
fn coached(attributes: &mut Attributes<'_>) -> Result<Option<CallId>, ActionError> {
    let Some(text) = attributes.text("coach", MAX_CALL_ID_CHARS)? else { return Ok(None) };
    // Other spellings of a UUID are somebody else's id as a rule.
    let is_spelled = if text.starts_with("HD_") { text.len() == 35 } else { text.len() == MAX_CALL_ID_CHARS };
    let id = CallId::parse_any(&text).filter(|_| is_spelled);
    id.map(Some).ok_or_else(|| attributes.error("coach", "expected the id of a call, or its HD_ id"))
}
