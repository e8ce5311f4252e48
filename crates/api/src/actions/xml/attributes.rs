//! Attributes of an element as values of the JSON notation.

use serde_json::{Value, json};

/// How the text of an attribute is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// As it is.
    Text,
    /// A whole number.
    Whole,
    /// A number.
    Factor,
    /// `true` or `false`.
    Flag,
    /// TwiML's `record` of a dial: `record-from-answer-dual` and others, `true`, `dual`.
    Recorded,
    /// TwiML's `trim`: `trim-silence`, `do-not-trim`.
    Trim,
    /// TwiML's `beep`: `true`, `false`, `onEnter`, `onExit`.
    Beep,
    /// TwiML's `machineDetection`: `Enable`, `DetectMessageEnd`.
    Machine,
    /// TwiML's names of events, with blanks between them.
    Names,
    /// TwiML's `record` of a conference: `record-from-start`, `do-not-record`, `true`.
    Kept,
}

/// An attribute that an element may have.
pub(super) struct Known {
    /// As it is written, in any case.
    pub(super) written: &'static str,
    /// Ours in the JSON notation; none for what says what is so anyway.
    pub(super) ours: Option<&'static str>,
    /// How it is read.
    pub(super) kind: Kind,
}

/// An attribute that means one of ours.
pub(super) const fn means(written: &'static str, ours: &'static str, kind: Kind) -> Known {
    Known { written, ours: Some(ours), kind }
}

/// An attribute that is ours by the same name.
pub(super) const fn same(name: &'static str, kind: Kind) -> Known {
    means(name, name, kind)
}

/// The value that a text means; none where it means none of the kind.
pub(super) fn value(text: &str, kind: Kind) -> Option<Value> {
    let trimmed = text.trim();
    let flag = || match trimmed.to_ascii_lowercase().as_str() {
        "true" => Some(json!(true)),
        "false" => Some(json!(false)),
        _ => None,
    };
    match kind {
        Kind::Text => Some(json!(text)),
        Kind::Whole => trimmed.parse::<u32>().ok().map(|number| json!(number)),
        Kind::Factor => trimmed.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| json!(number)),
        Kind::Flag => flag(),
        Kind::Recorded => match trimmed.to_ascii_lowercase().as_str() {
            "do-not-record" | "" => Some(json!(false)),
            "record-from-answer" | "record-from-ringing" => Some(json!(true)),
            "record-from-answer-dual" | "record-from-ringing-dual" | "dual" => Some(json!("dual")),
            _ => flag(),
        },
        Kind::Trim => match trimmed {
            "trim-silence" => Some(json!(true)),
            "do-not-trim" => Some(json!(false)),
            _ => flag(),
        },
        Kind::Beep => match trimmed {
            "onEnter" => Some(json!("onEnter")),
            "onExit" => Some(json!("onExit")),
            _ => flag(),
        },
        Kind::Machine => match trimmed.to_ascii_lowercase().as_str() {
            "enable" => Some(json!("enable")),
            "detectmessageend" => Some(json!("detectMessageEnd")),
            _ => None,
        },
        Kind::Names => {
            let names: Vec<_> = text.split([' ', ',', '\t', '\n', '\r']).filter(|name| !name.is_empty()).collect();
            (!names.is_empty()).then(|| json!(names))
        }
        Kind::Kept => match trimmed.to_ascii_lowercase().as_str() {
            "record-from-start" => Some(json!(true)),
            "do-not-record" => Some(json!(false)),
            _ => flag(),
        },
    }
}

/// What was expected of a text.
pub(super) const fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "a text",
        Kind::Whole => "a whole number",
        Kind::Factor => "a number",
        Kind::Flag => "true or false",
        Kind::Recorded => "true, false, dual, record-from-answer or record-from-answer-dual",
        Kind::Trim => "trim-silence or do-not-trim",
        Kind::Beep => "true, false, onEnter or onExit",
        Kind::Machine => "Enable or DetectMessageEnd",
        Kind::Names => "a list of events",
        Kind::Kept => "true, false, record-from-start or do-not-record",
    }
}
