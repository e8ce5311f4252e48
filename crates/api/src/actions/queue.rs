//! `enqueue`, `dequeue` and `leave`: callers that wait for somebody, first come, first served.

use std::ops::RangeInclusive;

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    ActionError, Channels, MAX_URL_CHARS,
    attributes::Attributes,
    described::{Described, object},
};

/// Longest name, in characters: as a conference's.
const MAX_NAME_CHARS: usize = 128;
/// How many may wait in a queue; who calls when a thousand wait is better told so.
const SIZE: RangeInclusive<u32> = 1..=1_000;
/// Longest wait, in seconds: the longest call.
const WAIT_S: RangeInclusive<u32> = 1..=14_400;
/// How long somebody who takes callers waits for one, in seconds; 0 looks once.
const LOOK_S: RangeInclusive<u32> = 0..=3_600;

/// Puts the party of the call into a queue of the workspace until somebody takes it out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Enqueue {
    /// Which one. 1 to 128 characters.
    pub name: String,
    /// A file, as `play` takes it, that the party hears over and over; empty = silence, unset = our music.
    #[serde(rename = "holdMusic")]
    pub hold_music: Option<String>,
    /// Who is asked for what the party hears, again and again while it waits: `say`, `play`, `pause`, `leave`. Unset = nobody.
    #[serde(rename = "waitUrl")]
    pub wait_url: Option<String>,
    /// How many may wait, the party included (1 to 1,000). 100 unless given.
    #[serde(rename = "maxQueueSize")]
    pub max_size: u32,
    /// The longest wait, in seconds; unset = as long as the call may last.
    #[serde(rename = "timeout")]
    pub timeout_s: Option<u32>,
    /// Who is asked when the wait or the conversation is over; unset = the next action runs.
    pub action: Option<String>,
}

impl Enqueue {
    fn named(name: String) -> Self {
        Self { name, hold_music: None, wait_url: None, max_size: 100, timeout_s: None, action: None }
    }

    pub(super) fn read(value: &Value, path: &str) -> Result<Self, ActionError> {
        let mut attributes = Attributes::open(value, path)?;
        let defaults = Self::named(name(&mut attributes)?);
        let enqueue = Self {
            hold_music: attributes.text("holdMusic", MAX_URL_CHARS)?,
            wait_url: attributes.url("waitUrl")?,
            max_size: attributes.integer("maxQueueSize", SIZE)?.unwrap_or(defaults.max_size),
            timeout_s: attributes.integer("timeout", WAIT_S)?,
            action: attributes.url("action")?,
            name: defaults.name,
        };
        attributes.finish()?;
        Ok(enqueue)
    }

    /// Its attributes as JSON Schema.
    pub(super) fn schema() -> Value {
        let defaults = Self::named(String::new());
        let music = "A file as `play` takes it, heard over and over while the party waits; an empty string for silence, our own \
            music when absent.";
        let wait = "Who is asked for what the party hears while it waits, again whenever that is over: `say`, `play`, `pause`, \
            `leave` and `hangup`. The form tells `QueuePosition`, `QueueTime`, `CurrentQueueSize` and `AvgQueueTime`.";
        object(
            "Puts the party of the call into a queue until somebody takes it out.",
            &json!({ "name": "support" }),
            [
                ("name", Described::text(1..=MAX_NAME_CHARS, "Which one of the workspace's.").required()),
                ("holdMusic", Described::text(0..=MAX_URL_CHARS, music)),
                ("waitUrl", Described::url(wait)),
                (
                    "maxQueueSize",
                    Described::integer(&SIZE, "How many may wait, this party included.").or(defaults.max_size),
                ),
                ("timeout", Described::integer(&WAIT_S, "The longest wait, in seconds; no limit when absent.")),
                (
                    "action",
                    Described::url(
                        "Who is asked when the wait or the conversation is over; the next action runs when absent.",
                    ),
                ),
            ],
        )
    }
}

/// Takes the first caller out of a queue and connects it with the party of the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dequeue {
    /// Which one. 1 to 128 characters.
    pub name: String,
    /// How long the party waits where the queue is empty, in seconds (0 to 3,600). 30 unless given.
    #[serde(rename = "timeout")]
    pub timeout_s: u32,
    /// Whether the conversation is recorded; false unless given.
    pub record: Option<Channels>,
    /// Who is asked when the conversation is over; unset = the next action runs.
    pub action: Option<String>,
}

impl Dequeue {
    pub(super) fn read(value: &Value, path: &str) -> Result<Self, ActionError> {
        let mut attributes = Attributes::open(value, path)?;
        let dequeue = Self {
            name: name(&mut attributes)?,
            timeout_s: attributes.integer("timeout", LOOK_S)?.unwrap_or(30),
            record: Channels::read(&mut attributes, "record")?,
            action: attributes.url("action")?,
        };
        attributes.finish()?;
        Ok(dequeue)
    }

    /// Its attributes as JSON Schema.
    pub(super) fn schema() -> Value {
        let wait = "How long the party waits for somebody where the queue is empty, in seconds.";
        object(
            "Takes the caller who has waited longest out of a queue and connects it with the party of the call.",
            &json!({ "name": "support" }),
            [
                ("name", Described::text(1..=MAX_NAME_CHARS, "Which one of the workspace's.").required()),
                ("timeout", Described::integer(&LOOK_S, wait).or(30)),
                ("record", Described::channels("Whether the conversation is recorded, as `dial` does it.").or(false)),
                (
                    "action",
                    Described::url("Who is asked when the conversation is over; the next action runs when absent."),
                ),
            ],
        )
    }
}

/// Ends the wait in a queue; takes no attributes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leave {}

impl Leave {
    pub(super) fn read(value: &Value, path: &str) -> Result<Self, ActionError> {
        Attributes::open(value, path)?.finish()?;
        Ok(Self {})
    }

    /// Its attributes as JSON Schema.
    pub(super) fn schema() -> Value {
        object(
            "Ends the wait in a queue, in an answer of its `waitUrl`; does nothing elsewhere. Takes no attributes.",
            &json!({}),
            [],
        )
    }
}

fn name(attributes: &mut Attributes<'_>) -> Result<String, ActionError> {
    let name = attributes.required_text("name", MAX_NAME_CHARS)?;
    if name.trim().is_empty() { Err(attributes.error("name", "expected a name, found a blank one")) } else { Ok(name) }
}
