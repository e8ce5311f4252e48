//! A voice document read as a call would read it, with every mistake at its place: for editors. Nothing runs.

pub mod http;
mod place;

use sautikit_api::actions::{ActionError, Asked, parse_answer};
use sautikit_api::numbers::{Compat, ReadingWarning};
use sautikit_api::playground as wire;

/// Where the document would have come from; relative URLs in it are not looked at.
const URL: &str = "https://handler.example/voice";
/// The conference or queue of an element that names none.
const ROOM: &str = "room";

/// Reads a document.
pub(super) fn validate(document: &str, content_type: &str, compat: Compat) -> wire::ValidatedActions {
    let asked = Asked { url: URL, room: ROOM, compat };
    match parse_answer(content_type, document.as_bytes(), &asked) {
        Ok(read) => {
            let actions = read.actions.iter().map(|action| serde_json::to_value(action).unwrap_or_default());
            let warnings = read.warnings.into_iter().map(|warning| ReadingWarning {
                line: warning.line,
                column: warning.column,
                message: warning.message,
            });
            wire::ValidatedActions { actions: Some(actions.collect()), warnings: warnings.collect(), error: None }
        }
        Err(error) => {
            wire::ValidatedActions { actions: None, warnings: Vec::new(), error: Some(placed(document, error)) }
        }
    }
}

/// The error with its line: XML's names it, JSON's path leads to it, and what is no JSON says where that begins.
pub fn placed(document: &str, ActionError { path, message }: ActionError) -> wire::InvalidActions {
    if let Some((line, column)) = numbers(&path, "line ", ", column ") {
        return wire::InvalidActions { message, path: None, line: Some(line), column: Some(column) };
    }
    let in_json =
        message.rsplit_once(" at line ").and_then(|(_, place)| numbers(&format!("at {place}"), "at ", " column "));
    let place = match (path.is_empty(), in_json) {
        (true, place) => place,
        (false, _) => Some(place::line_and_column(document, place::offset_of(document, &path))),
    };
    wire::InvalidActions {
        message,
        path: (!path.is_empty()).then_some(path),
        line: place.map(|(line, _)| line),
        column: place.map(|(_, column)| column),
    }
}

/// Two numbers of a text that is made of nothing else but these words.
fn numbers(text: &str, first: &str, second: &str) -> Option<(u32, u32)> {
    let (line, column) = text.strip_prefix(first)?.split_once(second)?;
    Some((line.parse().ok()?, column.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(document: &str) -> (Option<String>, Option<u32>, Option<u32>) {
        let error = validate(document, "", Compat::Sautikit).error.expect("an error");
        (error.path, error.line, error.column)
    }

    #[test]
    fn mistakes_have_their_place_in_either_notation() {
        let json = "{\"actions\": [\n  {\"say\": {\"text\": \"a\"}},\n  {\"dial\": {\"to\": \"abc\"}}\n]}";
        assert_eq!(error(json), (Some("actions[1].dial.to".to_owned()), Some(3), Some(19)));
        assert_eq!(error("{\"actions\": [\n  {\"say\": }\n]}"), (None, Some(2), Some(11)));
        let (path, line, column) = error("<Response>\n  <Say>a</Sai>\n</Response>");
        assert_eq!((path, line, column.is_some()), (None, Some(2), true));
        assert_eq!(error("<html>").1, None);
    }

    #[test]
    fn what_runs_and_what_is_skipped_is_told() {
        let read = validate("<Response><Say>a</Say><Pay/></Response>", "text/xml", Compat::Twilio);
        assert_eq!(read.actions.map(|actions| actions.len()), Some(1));
        assert_eq!((read.warnings[0].line, read.error), (1, None));
        assert_eq!(validate("", "", Compat::Sautikit).actions, Some(Vec::new()));
    }
}
