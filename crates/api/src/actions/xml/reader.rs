//! Reads the children of `<Response>` one after the other, and collects what was skipped.

use roxmltree::Node;
use serde_json::{Map, Value, json};

use super::attributes::{Kind, Known, expected, value};
use super::escape::Escaped;
use super::{Asked, BY_GET, Document, Warning, verbs};
use crate::actions::attributes::nearest;
use crate::actions::json::action;
use crate::actions::{Action, ActionError, Hangup, MAX_ACTIONS};

/// Most warnings of a document: who makes more has understood by then.
const MAX_WARNINGS: usize = 20;
/// Characters of a name or value that a warning repeats.
const SHOWN_CHARS: usize = 60;

/// What happens when keys were waited for in vain and nothing follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WithoutInput {
    /// Our own dialect: the action URL is asked, with empty digits.
    Ask,
    /// TwiML and Africa's Talking: the call ends.
    End,
}

/// Reads one document.
pub(super) struct Reader<'a> {
    text: &'a Escaped<'a>,
    pub(super) asked: &'a Asked<'a>,
    actions: Vec<Action>,
    warnings: Vec<Warning>,
    /// Of the last action, where that waits for keys.
    without_input: WithoutInput,
    /// Nothing after the last action can be reached.
    is_over: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a Escaped<'a>, asked: &'a Asked<'a>) -> Self {
        let (actions, warnings) = (Vec::new(), Vec::new());
        Self { text, asked, actions, warnings, without_input: WithoutInput::Ask, is_over: false }
    }

    /// The actions of the root's children.
    pub(super) fn read(mut self, root: Node<'_, '_>) -> Result<Document, ActionError> {
        for child in root.children() {
            if child.is_text() && child.text().is_some_and(|text| !text.trim().is_empty()) {
                self.warn(child, "text between actions is spoken by <Say> only; it was skipped");
            }
            if !child.is_element() {
                continue;
            }
            if self.is_over {
                self.warn(child, &format!("{} is never reached; it was skipped", tag(child)));
                continue;
            }
            verbs::read(&mut self, child);
            if self.actions.len() > MAX_ACTIONS {
                let (line, column) = self.text.place(child.range().start);
                let message = format!("expected at most {MAX_ACTIONS} actions");
                return Err(ActionError::new(format!("line {line}, column {column}"), message));
            }
        }
        if self.without_input == WithoutInput::End && matches!(self.actions.last(), Some(Action::GetDigits(_))) {
            self.actions.push(Action::Hangup(Hangup {}));
        }
        Ok(Document { actions: self.actions, warnings: self.warnings })
    }

    /// Notes that something was skipped.
    pub(super) fn warn(&mut self, node: Node<'_, '_>, message: &str) {
        self.warn_at(node.range().start, message);
    }

    fn warn_at(&mut self, offset: usize, message: &str) {
        if self.warnings.len() < MAX_WARNINGS {
            let (line, column) = self.text.place(offset);
            self.warnings.push(Warning { line, column, message: message.to_owned() });
        }
    }

    /// The element's attributes by our names. What is not known or does not read is skipped.
    pub(super) fn attributes(&mut self, node: Node<'_, '_>, known: &[&[Known]]) -> Map<String, Value> {
        let mut map = Map::new();
        for attribute in node.attributes() {
            let (name, text, at) = (attribute.name(), attribute.value(), attribute.range().start);
            // Of the URLs below; POST is TwiML's default too.
            if name.to_ascii_lowercase().ends_with("method") {
                if !["post", "get"].iter().any(|method| text.trim().eq_ignore_ascii_case(method)) {
                    self.warn_at(at, &format!("{}: {} is POST or GET; it was skipped", tag(node), shown(name)));
                }
                continue;
            }
            let Some(found) = known.iter().copied().flatten().find(|one| one.written.eq_ignore_ascii_case(name)) else {
                self.warn_at(at, &format!("{} has no attribute {} here; it was skipped", tag(node), shown(name)));
                continue;
            };
            let Some(ours) = found.ours else { continue };
            match value(text, found.kind) {
                Some(value) => drop(map.insert(ours.to_owned(), value)),
                None => {
                    let words = expected(found.kind);
                    self.warn_at(at, &format!("{}: {} is no {words}; the default holds", tag(node), shown(name)));
                }
            }
        }
        for (method, url) in METHODS {
            if let Some(Value::String(url)) = map.get_mut(url) {
                *url = asked_by(url, node, method);
            }
        }
        map
    }

    /// Leaves out the events that there are not, so that the others are told.
    pub(super) fn known_events(&mut self, node: Node<'_, '_>, attributes: &mut Map<String, Value>, known: &[&str]) {
        const NAME: &str = "statusCallbackEvent";
        let Some(Value::Array(mut events)) = attributes.remove(NAME) else { return };
        events.retain(|event| {
            let event = event.as_str().unwrap_or_default();
            let is_known = known.contains(&event);
            if !is_known {
                self.warn(node, &format!("{}: of {} nothing is told; it was skipped", tag(node), shown(event)));
            }
            is_known
        });
        events.truncate(known.len());
        if !events.is_empty() {
            attributes.insert(NAME.to_owned(), Value::Array(events));
        }
    }

    /// Takes an action as the verb's own reader does; whether it is one. An attribute that is refused is left out.
    pub(super) fn take(&mut self, node: Node<'_, '_>, verb: &str, attributes: Map<String, Value>) -> bool {
        if Action::is_first_only(verb) && !self.actions.is_empty() {
            let message = "a call is turned away by the first action or not at all";
            self.warn(node, &format!("{}: {message}; it was skipped", tag(node)));
            return false;
        }
        let Some((action, _)) = self.settle(node, verb, attributes) else { return false };
        self.actions.push(action);
        self.without_input = WithoutInput::Ask;
        true
    }

    /// The action, and the attributes that it was made of.
    pub(super) fn settle(
        &mut self,
        node: Node<'_, '_>,
        verb: &str,
        mut attributes: Map<String, Value>,
    ) -> Option<(Action, Map<String, Value>)> {
        loop {
            let refused = match action(&json!({ verb: attributes }), "") {
                Ok(action) => return Some((action, attributes)),
                Err(refused) => refused,
            };
            let inside = refused.path.trim_start_matches('.').strip_prefix(verb).unwrap_or_default();
            let name = inside.trim_start_matches('.').split(['.', '[']).next().unwrap_or_default().to_owned();
            // Who writes a time or a count that is too long means a long one; 0 is how many write "none".
            let number = attributes.get(&name).and_then(Value::as_u64).filter(|number| *number > 0);
            if let Some(nearest) = number.and_then(|number| nearest(number, &refused.message)) {
                attributes.insert(name.clone(), json!(nearest));
                self.warn(node, &format!("{}: {name}: {}; {nearest} holds", tag(node), refused.message));
                continue;
            }
            if !verbs::is_required(verb, &name) && attributes.remove(&name).is_some() {
                self.warn(node, &format!("{}: {name}: {}; the default holds", tag(node), refused.message));
                continue;
            }
            let what = if name.is_empty() { refused.message } else { format!("{name}: {}", refused.message) };
            self.warn(node, &format!("{} was skipped: {what}", tag(node)));
            return None;
        }
    }

    /// What holds for the keys that were taken last.
    pub(super) fn without_input(&mut self, then: WithoutInput) {
        self.without_input = then;
    }

    /// Nothing that follows is reached.
    pub(super) fn end(&mut self) {
        self.is_over = true;
    }

    /// Changes the dial that was taken last.
    pub(super) fn last_dial(&mut self) -> Option<&mut crate::actions::Dial> {
        match self.actions.last_mut() {
            Some(Action::Dial(dial)) => Some(dial),
            _ => None,
        }
    }
}

/// What says by which method a URL of the element is asked.
const METHODS: [(&str, &str); 6] = [
    ("method", "action"),
    ("method", "whisperUrl"),
    ("statusCallbackMethod", "statusCallback"),
    ("recordingStatusCallbackMethod", "recordingStatusCallback"),
    ("waitMethod", "waitUrl"),
    ("waitUrlMethod", "waitUrl"),
];

/// The URL as it is asked by the method that the element's attribute names.
pub(super) fn asked_by(url: &str, node: Node<'_, '_>, attribute: &str) -> String {
    if written(node, attribute).is_none_or(|method| !method.trim().eq_ignore_ascii_case("get")) {
        return url.to_owned();
    }
    match url.split_once('#') {
        Some((_, settings)) if settings.split('&').any(|setting| setting == BY_GET) => url.to_owned(),
        Some(_) => format!("{url}&{BY_GET}"),
        None => format!("{url}#{BY_GET}"),
    }
}

/// The element as it is written.
pub(super) fn tag(node: Node<'_, '_>) -> String {
    format!("<{}>", shown(node.tag_name().name()))
}

/// An attribute in any case.
pub(super) fn written<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.attributes().find(|attribute| attribute.name().eq_ignore_ascii_case(name)).map(|attribute| attribute.value())
}

/// What was given, short enough to be shown again.
pub(super) fn shown(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(SHOWN_CHARS).collect()
}

/// Every text within the element, with single blanks; tags inside of it are left out.
pub(super) fn text_of(node: Node<'_, '_>) -> String {
    let texts = node.descendants().filter(Node::is_text).filter_map(|text| text.text());
    let words: Vec<_> = texts.flat_map(str::split_whitespace).collect();
    words.join(" ")
}

/// What stands in the element itself, without what its elements hold.
pub(super) fn own_text_of(node: Node<'_, '_>) -> String {
    let texts = node.children().filter(Node::is_text).filter_map(|text| text.text());
    let words: Vec<_> = texts.flat_map(str::split_whitespace).collect();
    words.join(" ")
}

/// The element's name as verbs are told apart by it.
pub(super) fn verb_of(node: Node<'_, '_>) -> String {
    let name = node.tag_name().name();
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + letters.as_str())
}

/// Attributes of whatever is spoken.
pub(super) const SAY: &[Known] = &[
    super::attributes::same("voice", Kind::Text),
    super::attributes::same("language", Kind::Text),
    super::attributes::same("rate", Kind::Factor),
    super::attributes::same("loop", Kind::Whole),
];
