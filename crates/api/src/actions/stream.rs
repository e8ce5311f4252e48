//! `stream`: the call's audio to and from a WebSocket of the customer's.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    ActionError,
    attributes::Attributes,
    described::{Described, object},
};

/// Most parameters of the customer's own.
const MAX_PARAMETERS: usize = 20;
/// Longest name or value of one.
const MAX_PARAMETER_CHARS: usize = 512;
/// Longest name of a stream, in characters.
pub(super) const MAX_NAME_CHARS: usize = 128;

/// Whose audio is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Track {
    /// What the party says.
    Inbound,
    /// What the party hears.
    Outbound,
    /// Both, each for itself.
    Both,
}

impl Track {
    /// As they are written.
    const NAMES: [&'static str; 3] = ["both", "inbound", "outbound"];

    fn parse(name: &str) -> Option<Self> {
        match name {
            "both" => Some(Self::Both),
            "inbound" => Some(Self::Inbound),
            "outbound" => Some(Self::Outbound),
            _ => None,
        }
    }
}

/// Connects the call with a WebSocket.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stream {
    /// `wss://…`.
    pub url: String,
    /// Whose audio is sent. Both unless given.
    pub track: Track,
    /// Whether what the server sends is heard by the party, and the action lasts until the WebSocket is closed; else the next
    /// action runs at once. True unless given.
    pub bidirectional: bool,
    /// What the server is told in its `start` message. Shown nowhere: it may hold secrets.
    #[serde(skip)]
    pub parameters: BTreeMap<String, String>,
    /// By which `stopStream` finds it.
    pub name: Option<String>,
    /// Who is told when it begins, ends or fails; unset = nobody.
    #[serde(rename = "statusCallback")]
    pub status_callback: Option<String>,
    /// Who is asked when it is over; unset = the next action runs.
    pub action: Option<String>,
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stream({:?}, bidirectional: {})", self.track, self.bidirectional)
    }
}

impl Stream {
    pub(super) fn read(value: &Value, path: &str) -> Result<Self, ActionError> {
        let mut attributes = Attributes::open(value, path)?;
        let url = attributes.url("url")?.ok_or_else(|| attributes.error("url", "is required"))?;
        let track = match attributes.text("track", MAX_PARAMETER_CHARS)? {
            Some(name) => Track::parse(&name)
                .ok_or_else(|| attributes.error("track", format!("expected one of {}", Track::NAMES.join(", "))))?,
            None => Track::Both,
        };
        let parameters = attributes.value("parameters");
        let parameters =
            parameters.map(|given| read_parameters(given, &attributes.path_of("parameters"))).transpose()?;
        let stream = Self {
            url,
            track,
            bidirectional: attributes.boolean("bidirectional")?.unwrap_or(true),
            parameters: parameters.unwrap_or_default(),
            name: attributes.text("name", MAX_NAME_CHARS)?,
            status_callback: attributes.url("statusCallback")?,
            action: attributes.url("action")?,
        };
        attributes.finish()?;
        Ok(stream)
    }

    /// Its attributes as JSON Schema.
    pub(super) fn schema() -> Value {
        let url = "A WebSocket by `wss`, which speaks the messages of Twilio's media streams.";
        let bidirectional = "Whether what the server sends is heard, and the action lasts until the WebSocket is closed; else the \
            next action runs at once.";
        object(
            "Sends the call's audio to a WebSocket and plays what it sends, for voice agents.",
            &json!({ "url": "wss://agent.example/call", "track": "inbound" }),
            [
                ("url", Described::url(url).required()),
                ("track", Described::one_of(&Track::NAMES, "Whose audio is sent.").or("both")),
                ("bidirectional", Described::boolean(bidirectional).or(true)),
                (
                    "parameters",
                    Described::texts(MAX_PARAMETERS, MAX_PARAMETER_CHARS, "Told to the server as `customParameters`."),
                ),
                ("name", Described::text(0..=MAX_NAME_CHARS, "By which `stopStream` finds it.")),
                (
                    "statusCallback",
                    Described::url(
                        "Who is told when it begins, ends or fails (`StreamEvent`); the answer counts for nothing.",
                    ),
                ),
                ("action", Described::url("Who is asked when it is over; the next action runs when absent.")),
            ],
        )
    }
}

fn read_parameters(value: &Value, path: &str) -> Result<BTreeMap<String, String>, ActionError> {
    let Some(object) = value.as_object() else { return Err(ActionError::new(path, "expected an object of texts")) };
    if object.len() > MAX_PARAMETERS {
        return Err(ActionError::new(path, format!("expected at most {MAX_PARAMETERS} parameters")));
    }
    let fits = |text: &str| text.chars().count() <= MAX_PARAMETER_CHARS && !text.contains('\0');
    object
        .iter()
        .map(|(name, value)| match value.as_str() {
            Some(text) if fits(name) && fits(text) => Ok((name.clone(), text.to_owned())),
            _ => {
                let expected = format!("expected a text of at most {MAX_PARAMETER_CHARS} characters");
                Err(ActionError::new(format!("{path}.{name}"), expected))
            }
        })
        .collect()
}
