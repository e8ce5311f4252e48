//! `getDigits`: collect key presses, with an optional prompt.

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    ActionError, Prompt,
    attributes::Attributes,
    described::{Described, object},
    prompt::{self, prompts},
};

/// Most digits of one input; also what the engine keeps of digits pressed ahead.
pub const MAX_DIGITS: u32 = 32;

/// Longest wait for a digit, in seconds.
const MAX_TIMEOUT_S: u32 = 600;

/// Most times the prompt is spoken before the call goes on without input.
const MAX_ATTEMPTS: u32 = 10;

/// What `finishOnKey` can be.
const FINISH_KEYS: [&str; 13] = ["", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#"];

/// Collects digits from the party of the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GetDigits {
    /// Ends the input after so many digits (1 to 32); unset = until the key or a time-out.
    pub num_digits: Option<u32>,
    /// Longest pause between digits, in seconds (1 to 600). 5 unless given.
    #[serde(rename = "timeout")]
    pub timeout_s: u32,
    /// Longest wait for the first digit after the prompt, in seconds. `timeout` unless given.
    #[serde(rename = "firstDigitTimeout")]
    pub first_digit_timeout_s: u32,
    /// The key that ends the input and is not part of it; `None` = no such key. '#' unless given.
    pub finish_on_key: Option<char>,
    /// Who is asked with the digits; the voice callback URL unless given.
    pub action: Option<String>,
    /// Heard before and between attempts, in order.
    pub prompt: Vec<Prompt>,
    /// Whether a digit cuts the prompt short. True unless given.
    pub barge_in: bool,
    /// How often the prompt is spoken while no digit comes (1 to 10). 1 unless given.
    pub attempts: u32,
    /// Heard before the prompt is repeated.
    pub invalid_prompt: Vec<Prompt>,
}

impl GetDigits {
    pub(super) fn read(value: &Value, path: &str) -> Result<Self, ActionError> {
        let mut attributes = Attributes::open(value, path)?;
        // `maxDigits` is what the XML form calls it; people carry it over.
        let max_digits = attributes.integer("maxDigits", 1..=MAX_DIGITS)?;
        let num_digits = attributes.integer("numDigits", 1..=MAX_DIGITS)?;
        if num_digits.is_some() && max_digits.is_some() {
            return Err(attributes.error("maxDigits", "is another name of numDigits; give one of them"));
        }
        let timeout_s = attributes.integer("timeout", 1..=MAX_TIMEOUT_S)?.unwrap_or(5);
        let prompt = attributes.value("prompt").map(|value| prompts(value, &attributes.path_of("prompt")));
        let invalid =
            attributes.value("invalidPrompt").map(|value| prompts(value, &attributes.path_of("invalidPrompt")));
        let get_digits = Self {
            num_digits: num_digits.or(max_digits),
            timeout_s,
            first_digit_timeout_s: attributes.integer("firstDigitTimeout", 1..=MAX_TIMEOUT_S)?.unwrap_or(timeout_s),
            finish_on_key: finish_on_key(&mut attributes)?,
            action: attributes.url("action")?,
            prompt: prompt.transpose()?.unwrap_or_default(),
            barge_in: attributes.boolean("bargeIn")?.unwrap_or(true),
            attempts: attributes.integer("attempts", 1..=MAX_ATTEMPTS)?.unwrap_or(1),
            invalid_prompt: invalid.transpose()?.unwrap_or_default(),
        };
        attributes.finish()?;
        Ok(get_digits)
    }

    /// Its attributes as JSON Schema.
    pub(super) fn schema() -> Value {
        let (digits, seconds, attempts) = (1..=MAX_DIGITS, 1..=MAX_TIMEOUT_S, 1..=MAX_ATTEMPTS);
        let num_digits = "Ends the input after so many digits; without it the key or a time-out does.";
        let max_digits = "Another name of `numDigits`; give one of them.";
        let first_digit = "Longest wait for the first digit after the prompt, in seconds; `timeout` when absent.";
        let finish_on_key = "The key that ends the input and is not part of it; an empty string for none.";
        let mut schema = object(
            "Collects key presses, with an optional prompt.",
            &json!({ "numDigits": 1, "action": "/menu", "prompt": { "say": { "text": "Press 1 for sales." } } }),
            [
                ("numDigits", Described::integer(&digits, num_digits)),
                ("maxDigits", Described::integer(&digits, max_digits)),
                ("timeout", Described::integer(&seconds, "Longest pause between digits, in seconds.").or(5)),
                ("firstDigitTimeout", Described::integer(&seconds, first_digit)),
                ("finishOnKey", Described::one_of(&FINISH_KEYS, finish_on_key).or("#")),
                ("action", Described::url("Who is asked with the digits; the voice callback URL when absent.")),
                ("prompt", prompt::several("Heard before and between attempts, in order.")),
                ("bargeIn", Described::boolean("Whether a digit cuts the prompt short.").or(true)),
                ("attempts", Described::integer(&attempts, "How often it is asked while no digit comes.").or(1)),
                ("invalidPrompt", prompt::several("Heard before the prompt is repeated.")),
            ],
        );
        schema["not"] = json!({
            "properties": { "numDigits": { "type": "integer" }, "maxDigits": { "type": "integer" } },
            "required": ["numDigits", "maxDigits"],
        });
        schema
    }
}

fn finish_on_key(attributes: &mut Attributes<'_>) -> Result<Option<char>, ActionError> {
    let Some(text) = attributes.text("finishOnKey", MAX_DIGITS as usize)? else { return Ok(Some('#')) };
    if !FINISH_KEYS.contains(&text.as_str()) {
        return Err(attributes.error("finishOnKey", "expected one of 0123456789*# or an empty string"));
    }
    Ok(text.chars().next())
}
