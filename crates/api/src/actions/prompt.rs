//! What is heard while keys are waited for: texts, files and silence, one after the other.

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    ActionError, Pause, Play, Say, attributes::kind, described::Described, json::single_key, schema::with_key,
};

/// Most parts of one prompt; enough to mix languages, with a pause after each.
pub(super) const MAX_PROMPTS: usize = 20;

/// One part of a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Prompt {
    /// Is spoken.
    Say(Say),
    /// Is played.
    Play(Play),
    /// Is silent: time to think, in which keys count.
    Pause(Pause),
}

/// One prompt as JSON Schema, in both spellings of its verb.
pub(super) fn schema() -> Value {
    let spellings =
        [("say", "Say"), ("Say", "Say"), ("play", "Play"), ("Play", "Play"), ("pause", "Pause"), ("Pause", "Pause")];
    json!({
        "description": "A part of a prompt: a text, a file or a pause.",
        "oneOf": spellings.map(|(key, schema)| with_key(key, schema)),
    })
}

/// One prompt or a list of them as JSON Schema.
pub(super) fn several(what: &str) -> Described {
    Described::one_or_several("Prompt", &(0..=MAX_PROMPTS), what)
}

/// One prompt or a list of them, each an object with the single key `say`, `play` or `pause`.
pub(super) fn prompts(value: &Value, path: &str) -> Result<Vec<Prompt>, ActionError> {
    match value {
        Value::Object(_) => Ok(vec![prompt(value, path)?]),
        Value::Array(items) if items.len() > MAX_PROMPTS => {
            Err(ActionError::new(path, format!("expected at most {MAX_PROMPTS} prompts")))
        }
        Value::Array(items) => {
            items.iter().enumerate().map(|(at, item)| prompt(item, &format!("{path}[{at}]"))).collect()
        }
        other => Err(ActionError::new(
            path,
            format!(
                "expected {{\"say\": …}}, {{\"play\": …}}, {{\"pause\": …}} or a list of them, found {}",
                kind(other)
            ),
        )),
    }
}

fn prompt(value: &Value, path: &str) -> Result<Prompt, ActionError> {
    let (verb, attributes) = single_key(value, path, "a prompt")?;
    let path = format!("{path}.{verb}");
    match verb {
        "say" | "Say" => Say::read(attributes, &path).map(Prompt::Say),
        "play" | "Play" => Play::read(attributes, &path).map(Prompt::Play),
        "pause" | "Pause" => Pause::read(attributes, &path).map(Prompt::Pause),
        _ => Err(ActionError::new(path, "a prompt is spoken, played or silent: expected say, play or pause")),
    }
}
