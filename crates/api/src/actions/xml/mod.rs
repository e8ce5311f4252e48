//! The XML notation: `<Response><Say>…</Say></Response>`, in our own dialect and in those of TwiML and Africa's Talking.
//!
//! An element becomes what the JSON notation would say ([`verbs`]) and is then read by the verb's own reader, so that both
//! notations have the same bounds. Reading is lenient on purpose: people move a running IVR here, and an attribute that we do
//! not know must not cost them the call. What is not understood is skipped with a [`Warning`] that names it and its place.
//!
//! Deliberately absent: document types and entities of one's own (an XML bomb needs them). A bare `&` is text ([`escape`]).

mod attributes;
mod dial;
mod escape;
mod reader;
mod verbs;

use roxmltree::{Document as Tree, ParsingOptions};
use serde::Serialize;

use self::escape::Escaped;
use self::reader::Reader;
use super::json::markup;
use super::{Action, ActionError, parse_json};
use crate::numbers::Compat;

/// Longest document, in bytes: fifty actions with a page of text each are below it.
pub const MAX_XML_BYTES: usize = 64 * 1024;

/// Most elements, attributes and texts of a document; more than fifty actions can mean.
const MAX_NODES: u32 = 4_096;

/// Most attributes of an element; none has twenty, and the parser compares each with all others.
const MAX_ATTRIBUTES: usize = 100;

/// The fragment of a URL that is asked by GET. It is never sent; other platforms have settings of requests there too.
pub const BY_GET: &str = "method=GET";

/// What a document is an answer to.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The URL that answered, after redirects: a `Gather` that names no action asks it again.
    pub url: &'a str,
    /// The conference or queue of an element that names none.
    pub room: &'a str,
    /// The number's: for whom the handler was written decides between dialects where an element does not show it.
    pub compat: Compat,
}

/// Something in a document that was skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Line, from 1.
    pub line: usize,
    /// Character of the line, from 1.
    pub column: usize,
    /// What was skipped and what holds instead.
    pub message: String,
}

/// What a customer's server answered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    /// What runs.
    pub actions: Vec<Action>,
    /// What was skipped; JSON has none, it is refused instead.
    pub warnings: Vec<Warning>,
}

/// Reads an answer to a voice callback in whichever notation it is: by its content type and, where that says neither, by its
/// first character. A blank body is an empty list: it ends the call.
///
/// # Errors
/// JSON: the first violation. XML: no XML, another root, too long, too many actions.
pub fn parse_answer(content_type: &str, body: &[u8], asked: &Asked<'_>) -> Result<Document, ActionError> {
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
    if text.is_empty() {
        return Ok(Document::default());
    }
    let subtype = content_type.split(';').next().unwrap_or_default().trim().rsplit('/').next().unwrap_or_default();
    let is = |name: &str| {
        let suffix = subtype.rsplit('+').next().unwrap_or_default();
        suffix.eq_ignore_ascii_case(name)
    };
    if is("xml") || (!is("json") && text.starts_with(b"<")) {
        return parse_xml(body, asked);
    }
    parse_json(body).map(|actions| Document { actions, warnings: Vec::new() })
}

/// Reads an XML document.
///
/// # Errors
/// As [`parse_answer`]; the place is a line and a column.
pub fn parse_xml(body: &[u8], asked: &Asked<'_>) -> Result<Document, ActionError> {
    if body.len() > MAX_XML_BYTES {
        return Err(ActionError::new(
            "",
            format!("expected at most {MAX_XML_BYTES} bytes of XML, found {}", body.len()),
        ));
    }
    // Before the declaration XML allows nothing; templates write a byte order mark or a line break there.
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let text = std::str::from_utf8(text).map_err(|error| {
        ActionError::new("", format!("not UTF-8: the byte at offset {} is none", error.valid_up_to()))
    })?;
    let shift = text.len() - text.trim_start().len();
    if text.trim_start().starts_with(['{', '[']) {
        return Err(ActionError::new("line 1, column 1", "this is JSON, and its content type says XML"));
    }
    if markup(text.trim_start().as_bytes()).is_some_and(|what| what.starts_with("an HTML")) {
        return Err(ActionError::new("", "this is an HTML page, such as a framework shows for an error"));
    }
    if most_attributes(text) > MAX_ATTRIBUTES {
        return Err(ActionError::new("", format!("expected at most {MAX_ATTRIBUTES} attributes of an element")));
    }
    let text = escape::without_prefixes(text);
    let escaped = Escaped::of(&text, shift);
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let tree = Tree::parse_with_options(escaped.xml(), options).map_err(|error| {
        let (line, column) = escaped.place_of(error.pos());
        // Its own words end with the place, in the text as it was parsed.
        let words = error.to_string();
        let words = words.rsplit_once(" at ").map_or(words.as_str(), |(words, _)| words);
        ActionError::new(format!("line {line}, column {column}"), format!("not usable XML: {words}"))
    })?;
    let root = tree.root_element();
    if !root.tag_name().name().eq_ignore_ascii_case("response") {
        let (line, column) = escaped.place(root.range().start);
        let message = format!("expected <Response>, found <{}>", reader::shown(root.tag_name().name()));
        return Err(ActionError::new(format!("line {line}, column {column}"), message));
    }
    Reader::new(&escaped, asked).read(root)
}

/// Not fewer attributes than the element with the most of them has: counted by their equals signs, quotes apart.
fn most_attributes(text: &str) -> usize {
    let (mut most, mut count, mut quote) = (0, 0, None);
    for byte in text.bytes() {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') if count > 0 => quote = Some(byte),
            (None, b'=') => count += 1,
            (None, b'<' | b'>') => count = 0,
            (None, _) => {}
        }
        most = most.max(count);
    }
    most
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
