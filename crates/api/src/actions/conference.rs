//! `conference`: a room in which everybody hears everybody else.

use std::ops::RangeInclusive;

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    ActionError, MAX_URL_CHARS,
    attributes::Attributes,
    described::{Described, object},
};

/// Longest name, in characters: an id of the customer's with room to spare.
const MAX_NAME_CHARS: usize = 128;
/// How many may be in one: beyond the upper end nobody could speak.
const PARTICIPANTS: RangeInclusive<u32> = 2..=32;

/// Brings the party of the call into a conference of the workspace, until that is over or new actions come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Conference {
    /// Which one: calls of a workspace that name the same meet. 1 to 128 characters.
    pub name: String,
    /// Whether the others hear a beep when the party enters. True unless given.
    pub beep: bool,
    /// Whether the conference begins with the party; else it waits for somebody who begins it. True unless given.
    pub start_on_enter: bool,
    /// Whether the conference is over for all when the party leaves. False unless given.
    pub end_on_exit: bool,
    /// How many may be in it, the party included; 2 to 32. 32 unless given.
    pub max_participants: u32,
    /// Whether the party hears and is not heard. False unless given.
    pub muted: bool,
    /// A file, as `play` takes it, that the party hears while the conference has not begun; empty = silence, unset = our music.
    #[serde(rename = "waitUrl")]
    pub wait_url: Option<String>,
    /// Who is asked when it is over; unset = the next action runs.
    pub action: Option<String>,
}

impl Conference {
    /// Every attribute but the name at its default.
    fn named(name: String) -> Self {
        let max_participants = *PARTICIPANTS.end();
        Self {
            name,
            beep: true,
            start_on_enter: true,
            end_on_exit: false,
            max_participants,
            muted: false,
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
            beep: attributes.boolean("beep")?.unwrap_or(defaults.beep),
            start_on_enter: attributes.boolean("startOnEnter")?.unwrap_or(defaults.start_on_enter),
            end_on_exit: attributes.boolean("endOnExit")?.unwrap_or(defaults.end_on_exit),
            max_participants: attributes.integer("maxParticipants", PARTICIPANTS)?.unwrap_or(defaults.max_participants),
            muted: attributes.boolean("muted")?.unwrap_or(defaults.muted),
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
        let wait = "A file as `play` takes it, heard while the conference has not begun; an empty string for silence, our own music \
            when absent.";
        let most = "How many may be in it, this party included.";
        object(
            "Brings the party of the call into a conference, in which everybody hears everybody else.",
            &json!({ "name": "stand-up" }),
            [
                ("name", Described::text(1..=MAX_NAME_CHARS, name).required()),
                ("beep", Described::boolean("Whether the others hear a beep when the party enters.").or(defaults.beep)),
                ("startOnEnter", Described::boolean(start).or(defaults.start_on_enter)),
                (
                    "endOnExit",
                    Described::boolean("Whether it is over for all when the party leaves.").or(defaults.end_on_exit),
                ),
                ("maxParticipants", Described::integer(&PARTICIPANTS, most).or(defaults.max_participants)),
                ("muted", Described::boolean("Whether this party hears and is not heard.").or(defaults.muted)),
                ("waitUrl", Described::text(0..=MAX_URL_CHARS, wait)),
                ("action", Described::url("Who is asked when it is over; the next action runs when absent.")),
            ],
        )
    }
}
