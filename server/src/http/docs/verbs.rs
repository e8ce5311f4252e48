//! `/docs/verbs/VERB`: each voice action, written from the schema that its reader keeps to, so that neither lacks an attribute.

use sautikit_api::actions::{Action, schemas};
use serde_json::{Map, Value, json};

use super::{ROOT, markdown::cell};

/// The list.
pub(super) const LIST: &str = "/docs/verbs";
/// Where the rules of all verbs are told.
const ABOUT: &str = "/docs/concepts/voice-actions";

/// Every page as path and Markdown: the list, then one per verb.
pub(super) fn pages() -> Vec<(String, String)> {
    let schemas = schemas();
    let one = |verb: &&str| (format!("{ROOT}/verbs/{verb}"), page(verb, schema_of(verb, &schemas)));
    [(LIST.to_owned(), list(&schemas))].into_iter().chain(Action::VERBS.iter().map(one)).collect()
}

/// The schema stands under the verb with its first letter in upper case.
fn schema_of<'a>(verb: &str, schemas: &'a Map<String, Value>) -> &'a Value {
    let (first, rest) = verb.split_at(1);
    schemas.get(&(first.to_ascii_uppercase() + rest)).unwrap_or(&Value::Null)
}

fn list(schemas: &Map<String, Value>) -> String {
    let mut text = format!(
        "# Verbs\n\nWhat a call can be told to do. Your server answers a voice callback with a list of them, in JSON or XML; \
        the [rules for the answer]({ABOUT}) hold for all.\n\n| verb | what it does |\n|---|---|\n"
    );
    for verb in Action::VERBS {
        text += &format!("| [`{verb}`]({LIST}/{verb}) | {} |\n", cell(words(schema_of(verb, schemas), "description")));
    }
    text
}

fn page(verb: &str, schema: &Value) -> String {
    let mut text = format!("# {verb}\n\n{}\n", words(schema, "description"));
    if let Some(attributes) = schema["properties"].as_object().filter(|attributes| !attributes.is_empty()) {
        text += "\n## Attributes\n\n| attribute | takes | unless given | meaning |\n|---|---|---|---|\n";
        let is_required =
            |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name));
        // What has to be there stands first.
        let mut rows: Vec<_> = attributes.iter().collect();
        rows.sort_by_key(|(name, _)| !is_required(name));
        for (name, attribute) in rows {
            // The description ends with it, as the API's document wants it.
            let (what, default) = words(attribute, "description").split_once(" Default: ").unwrap_or_default();
            let what = if what.is_empty() { words(attribute, "description") } else { what };
            let unless = match default.trim_end_matches('.') {
                _ if is_required(name) => "required",
                "" => "–",
                default => default,
            };
            text += &format!("| `{name}` | {} | {} | {} |\n", takes(attribute), cell(unless), cell(what));
        }
    }
    let example = json!({ "actions": [{ verb: schema["example"] }] });
    let example = serde_json::to_string_pretty(&example).unwrap_or_default();
    text += &format!("\n## In JSON\n\n```json\n{example}\n```\n");
    if let Some(xml) = xml(verb) {
        text += &format!(
            "\n## In XML\n\n```xml\n{xml}\n```\n\nWhat XML has in other words is in [its table]({ABOUT}#xml).\n"
        );
    }
    text += &format!(
        "\nTry it in the [playground](/developers/playground), which reads a document as a call does and runs it. How it \
        behaves in full, and what the next callback is told, is in [Voice actions]({ABOUT}#{}).\n",
        heading(verb)
    );
    text
}

fn words<'a>(schema: &'a Value, member: &str) -> &'a str {
    schema[member].as_str().unwrap_or_default()
}

/// The kind of value and its bounds; null, which is the same as absent, is not told.
fn takes(attribute: &Value) -> String {
    let kind = match &attribute["type"] {
        Value::Array(kinds) => kinds.first().and_then(Value::as_str).unwrap_or_default(),
        kind => kind.as_str().unwrap_or_default(),
    };
    if let Some(values) = attribute["enum"].as_array() {
        let values = values.iter().filter(|value| !value.is_null()).map(|value| format!("`{value}`"));
        return values.collect::<Vec<_>>().join(", ");
    }
    let bound = |name: &str| attribute.get(name).filter(|bound| bound.is_number()).map(ToString::to_string);
    let range = match kind {
        "string" => bound("maxLength").map(|most| format!("up to {most} characters")),
        "object" => bound("maxProperties").map(|most| format!("up to {most} texts")),
        _ => bound("minimum").zip(bound("maximum")).map(|(least, most)| format!("{least} to {most}")),
    };
    let kind = match kind {
        "string" => "text",
        "integer" => "whole number",
        "boolean" => "`true`, `false`",
        "" => "one, or a list",
        other => other,
    };
    range.map_or_else(|| kind.to_owned(), |range| format!("{kind}, {range}"))
}

/// The heading of the verb's section in the long text.
fn heading(verb: &str) -> &'static str {
    match verb {
        "say" => "say",
        "play" => "play",
        "getDigits" => "getdigits",
        "dial" => "dial",
        "conference" => "conference",
        "enqueue" | "dequeue" | "leave" => "enqueue-dequeue-leave",
        "stream" | "stopStream" => "stream-stopstream",
        "sendDigits" => "senddigits",
        "record" => "record",
        _ => "pause-redirect-reject-hangup",
    }
}

/// The same in XML.
fn xml(verb: &str) -> Option<&'static str> {
    Some(match verb {
        "say" => "<Response>\n  <Say language=\"en-KE\">Your parcel is at the gate.</Say>\n</Response>",
        "play" => "<Response>\n  <Play loop=\"2\">https://shop.example/welcome.mp3</Play>\n</Response>",
        "getDigits" => {
            "<Response>\n  <Gather numDigits=\"1\" action=\"https://shop.example/menu\">\n    <Say>Press 1 for sales.</Say>\n  </Gather>\n</Response>"
        }
        "dial" => {
            "<Response>\n  <Dial timeout=\"20\">\n    <Client>front-desk</Client>\n    <Number>+254722000042</Number>\n  </Dial>\n</Response>"
        }
        "conference" => "<Response>\n  <Dial>\n    <Conference>standup</Conference>\n  </Dial>\n</Response>",
        "enqueue" => "<Response>\n  <Enqueue>support</Enqueue>\n</Response>",
        "dequeue" => "<Response>\n  <Dial>\n    <Queue>support</Queue>\n  </Dial>\n</Response>",
        "leave" => "<Response>\n  <Leave/>\n</Response>",
        "record" => "<Response>\n  <Record maxLength=\"60\" action=\"https://shop.example/message\"/>\n</Response>",
        "stream" => {
            "<Response>\n  <Connect>\n    <Stream url=\"wss://agent.example/audio\"/>\n  </Connect>\n</Response>"
        }
        "stopStream" => "<Response>\n  <Stop>\n    <Stream name=\"agent\"/>\n  </Stop>\n</Response>",
        "sendDigits" => "<Response>\n  <Play digits=\"ww1234#\"/>\n</Response>",
        "pause" => "<Response>\n  <Pause length=\"2\"/>\n</Response>",
        "redirect" => "<Response>\n  <Redirect>https://shop.example/voice</Redirect>\n</Response>",
        "reject" => "<Response>\n  <Reject reason=\"busy\"/>\n</Response>",
        "hangup" => "<Response>\n  <Hangup/>\n</Response>",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use sautikit_api::actions::{Asked, parse_json, parse_xml};
    use sautikit_api::numbers::Compat;

    use super::*;

    /// What stands between the fences of that language.
    fn block<'a>(page: &'a str, language: &str) -> &'a str {
        let (_, rest) = page.split_once(&format!("```{language}\n")).unwrap();
        rest.split("\n```").next().unwrap()
    }

    #[test]
    fn every_example_is_read_as_the_verb_of_its_page() {
        let pages = pages();
        assert_eq!(pages.len(), Action::VERBS.len() + 1);
        for verb in Action::VERBS {
            let (_, page) = pages.iter().find(|(href, _)| href.ends_with(&format!("/{verb}"))).unwrap();
            let read = parse_json(block(page, "json").as_bytes()).unwrap_or_else(|error| panic!("{verb}: {error}"));
            assert_eq!(read[0].verb(), verb);
            let asked = Asked { url: "https://shop.example/voice", room: "room", compat: Compat::Sautikit };
            let document = parse_xml(block(page, "xml").as_bytes(), &asked);
            let document = document.unwrap_or_else(|error| panic!("{verb}: {error}"));
            assert!(document.warnings.is_empty(), "{verb}: {:?}", document.warnings);
            assert_eq!(document.actions[0].verb(), verb);
        }
    }

    #[test]
    fn every_attribute_has_its_row() {
        let schemas = schemas();
        for (href, page) in pages().into_iter().skip(1) {
            let verb = href.rsplit('/').next().unwrap();
            for name in schema_of(verb, &schemas)["properties"].as_object().unwrap().keys() {
                assert!(page.contains(&format!("| `{name}` | ")), "{verb}.{name}");
            }
        }
    }
}
