//! SSML: how a text is spoken, by tags within it. Read once here, and written anew with what is known, so that no provider of
//! speech meets anything else.
//!
//! Source: SSML 1.1 (W3C); which tags there are is what Twilio's and Africa's Talking's handlers send.

use roxmltree::{Document, Node};

use super::say::MAX_TEXT_CHARS;

/// Where a text of the JSON notation is SSML.
pub(super) const ROOT: &str = "<speak";
/// Tags that are spoken.
const TAGS: &str = "speak, p, s, break, emphasis, prosody, say-as, sub";
/// Longest pause, in milliseconds; as Twilio's voices have it.
const MAX_BREAK_MS: u32 = 10_000;
/// All pauses of a text together: beyond that a text is silence that is paid for.
const MAX_BREAKS_MS: u32 = 60_000;
/// Tags within tags, the document's own among them.
const MAX_DEPTH: usize = 32;
/// Longest value of an attribute: `x-strong`, `+12.5%`.
const MAX_VALUE_CHARS: usize = 16;

/// A text that is marked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spoken {
    /// The words alone.
    pub(super) plain: String,
    /// `<speak>…</speak>`, with known tags only.
    pub(super) markup: String,
}

/// Reads a whole `<speak>`.
pub(super) fn parse(text: &str) -> Result<Spoken, String> {
    let tree = Document::parse(text).map_err(|error| format!("not usable SSML: {error}"))?;
    let mut unknown = Vec::new();
    let markup = render(tree.root_element(), &mut |tag| unknown.push(tag.to_owned()));
    match unknown.first() {
        Some(tag) => Err(format!("<{tag}> is not spoken; known are {TAGS}")),
        None => Ok(Spoken { plain: words(tree.root_element()), markup }),
    }
}

/// The words within, with single blanks.
fn words(node: Node<'_, '_>) -> String {
    let texts = node.descendants().filter(Node::is_text).filter_map(|text| text.text());
    texts.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

/// The element's content as `<speak>`. Of unknown tags, which are told, the content remains.
pub(super) fn render(node: Node<'_, '_>, unknown: &mut impl FnMut(&str)) -> String {
    let mut markup = String::from("<speak>");
    let mut left_ms = MAX_BREAKS_MS;
    content(node, &mut markup, unknown, &mut left_ms);
    markup.push_str("</speak>");
    markup
}

fn content(node: Node<'_, '_>, out: &mut String, unknown: &mut impl FnMut(&str), left_ms: &mut u32) {
    // What stands deeper is left out: each level takes some of a thread's stack.
    if node.ancestors().take(MAX_DEPTH + 1).count() > MAX_DEPTH {
        return;
    }
    for child in node.children() {
        if let Some(text) = child.text().filter(|_| child.is_text()) {
            escape(text, out);
        } else if child.is_element() {
            element(child, out, unknown, left_ms);
        }
    }
}

fn element(node: Node<'_, '_>, out: &mut String, unknown: &mut impl FnMut(&str), left_ms: &mut u32) {
    let written = node.tag_name().name();
    let tag = written.to_ascii_lowercase();
    let opened = match tag.as_str() {
        "speak" => None,
        "p" | "s" => Some(format!("<{tag}>")),
        "break" => {
            out.push_str(&pause(node, left_ms));
            return;
        }
        "emphasis" => Some(format!("<emphasis level=\"{}\">", value(node, "level").unwrap_or("moderate"))),
        "prosody" => {
            let attributes =
                ["rate", "pitch", "volume"].into_iter().filter_map(|name| Some((name, value(node, name)?)));
            Some(attributes.fold("<prosody".to_owned(), |tag, (name, value)| format!("{tag} {name}=\"{value}\"")) + ">")
        }
        "say-as" => match node.attribute("interpret-as").unwrap_or_default() {
            "characters" | "spell-out" | "verbatim" | "digits" | "telephone" => {
                Some("<say-as interpret-as=\"characters\">".to_owned())
            }
            _ => None,
        },
        "sub" => {
            escape(node.attribute("alias").unwrap_or_default(), out);
            return;
        }
        _ => {
            unknown(written);
            None
        }
    };
    let is_open = opened.is_some();
    out.push_str(&opened.unwrap_or_default());
    content(node, out, unknown, left_ms);
    if is_open {
        out.push_str(&format!("</{tag}>"));
    }
}

/// `<break>`, never longer than the bound, nor all of them together than theirs.
fn pause(node: Node<'_, '_>, left_ms: &mut u32) -> String {
    let time = node.attribute("time").map(str::trim).and_then(|time| {
        let (number, scale) =
            time.strip_suffix("ms").map(|ms| (ms, 1.0)).or(time.strip_suffix('s').map(|s| (s, 1_000.0)))?;
        number
            .trim()
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite() && *number >= 0.0)
            .map(|number| number * scale)
    });
    match time {
        Some(ms) => {
            let ms = (ms.min(f64::from(MAX_BREAK_MS)) as u32).min(*left_ms);
            *left_ms -= ms;
            format!("<break time=\"{ms}ms\"/>")
        }
        None => format!("<break strength=\"{}\"/>", value(node, "strength").unwrap_or("medium")),
    }
}

/// An attribute that is a word, a number or a percentage.
fn value<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    let is_word = |value: &str| {
        !value.is_empty()
            && value.len() <= MAX_VALUE_CHARS
            && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'%'))
    };
    node.attribute(name).map(str::trim).filter(|value| is_word(value))
}

fn escape(text: &str, out: &mut String) {
    for letter in text.chars().take(MAX_TEXT_CHARS) {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // Line breaks of a template are none of the text.
            letter if letter.is_whitespace() => out.push(' '),
            letter => out.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn markup(inner: &str) -> String {
        parse(&format!("<speak>{inner}</speak>")).unwrap().markup.replace("<speak>", "").replace("</speak>", "")
    }

    #[test]
    fn tags_are_kept_with_what_is_known_of_them() {
        for (given, kept) in [
            ("a &amp; b", "a &amp; b"),
            (r#"a<break time="2s"/>b"#, r#"a<break time="2000ms"/>b"#),
            (r#"a<break time="99s"/>b"#, r#"a<break time="10000ms"/>b"#),
            ("a<break/>b", r#"a<break strength="medium"/>b"#),
            (r#"<emphasis level="strong">a</emphasis>"#, r#"<emphasis level="strong">a</emphasis>"#),
            (r#"<prosody rate="slow" onclick="x">a</prosody>"#, r#"<prosody rate="slow">a</prosody>"#),
            (r#"<prosody rate='"/&gt;&lt;audio/'>a</prosody>"#, "<prosody>a</prosody>"),
            (r#"<say-as interpret-as="digits">12</say-as>"#, r#"<say-as interpret-as="characters">12</say-as>"#),
            (r#"<say-as interpret-as="date">12</say-as>"#, "12"),
            (r#"<sub alias="Safaricom &amp; us">SCOM</sub>"#, "Safaricom &amp; us"),
            ("<P><S>a</S></P>", "<p><s>a</s></p>"),
        ] {
            assert_eq!(markup(given), kept, "{given}");
        }
        assert_eq!(parse("<speak>a <break/> \n b</speak>").unwrap().plain, "a b");
    }

    #[test]
    fn all_pauses_of_a_text_together_are_a_minute() {
        let breaks = |markup: &str| {
            let times = markup.split("<break time=\"").skip(1).map(|rest| rest.split("ms").next().unwrap());
            times.map(|ms| ms.parse::<u32>().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(breaks(&markup(&r#"<break time="10s"/>"#.repeat(8))), [&[10_000; 6][..], &[0; 2]].concat());
        let uneven = format!("<p>{}</p>{}", r#"<break time="9s"/>"#.repeat(6), r#"<break time="8500ms"/>"#.repeat(2));
        assert_eq!(breaks(&markup(&uneven)), [&[9_000; 6][..], &[6_000, 0]].concat());
        // Each text has its own.
        assert_eq!(breaks(&markup(r#"<break time="10s"/>"#)), [10_000]);
    }

    #[test]
    fn what_is_not_spoken_is_named() {
        assert_eq!(parse("<speak><audio src='x'/></speak>"), Err(format!("<audio> is not spoken; known are {TAGS}")));
        assert!(parse("<speak>a").unwrap_err().starts_with("not usable SSML"));
    }
}
