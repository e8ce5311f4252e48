//! Documents of customers' servers, indented to be read. The words stay as they were written: keys keep their order and
//! numbers their digits, which parsing and printing again would not leave alone.

use std::fmt::Write;

/// Blanks of a step inwards.
const INDENT: usize = 2;
/// Steps inwards that are shown as such: deeper ones stand where the last does.
const DEEPEST: usize = 32;

/// The document indented, where it is JSON or XML; else as it is.
pub fn pretty(document: &str) -> String {
    let text = document.trim();
    match text.chars().next() {
        Some('{' | '[') if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => json(text),
        Some('<') => xml(text).unwrap_or_else(|| document.to_owned()),
        _ => document.to_owned(),
    }
}

fn line(out: &mut String, depth: usize) {
    let _ = write!(out, "\n{:width$}", "", width = depth.min(DEEPEST) * INDENT);
}

/// Of JSON that is known to be whole.
fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0_usize;
    let mut letters = text.chars().peekable();
    let (mut in_string, mut is_escaped) = (false, false);
    while let Some(letter) = letters.next() {
        if in_string {
            out.push(letter);
            in_string = is_escaped || letter != '"';
            is_escaped = !is_escaped && letter == '\\';
            continue;
        }
        match letter {
            ' ' | '\n' | '\r' | '\t' => {}
            '{' | '[' => {
                out.push(letter);
                while letters.next_if(|next| next.is_ascii_whitespace()).is_some() {}
                // An empty one stays on its line.
                if let Some(close) = letters.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(letter);
            }
            ',' => {
                out.push(letter);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => {
                in_string = letter == '"';
                out.push(letter);
            }
        }
    }
    out
}

/// Of tags and text; `None` where a tag has no end. An element that holds nothing but text stays on its line.
fn xml(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0_usize;
    let mut rest = text;
    // Whether the last that was written is an opening tag, with or without text after it.
    let mut holds_text_only = false;
    while !rest.is_empty() {
        let Some(tag) = rest.strip_prefix('<') else {
            let (words, after) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
            let words = words.trim();
            if !words.is_empty() {
                if !holds_text_only {
                    line(&mut out, depth);
                }
                out.push_str(words);
            }
            rest = after;
            continue;
        };
        let close =
            ["!--", "![CDATA["].iter().find(|begin| tag.starts_with(**begin)).map_or(">", |begin| match *begin {
                "!--" => "-->",
                _ => "]]>",
            });
        let length = 1 + tag.find(close)? + close.len();
        let (tag, after) = rest.split_at_checked(length)?;
        rest = after;
        let is_closing = tag.starts_with("</");
        let opens = !is_closing && !tag.starts_with("<!") && !tag.starts_with("<?") && !tag.ends_with("/>");
        if is_closing {
            depth = depth.saturating_sub(1);
        }
        if !(out.is_empty() || is_closing && holds_text_only) {
            line(&mut out, depth);
        }
        out.push_str(tag);
        if opens {
            depth += 1;
        }
        holds_text_only = opens;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_indented_and_its_words_stay() {
        let shown = pretty(r#"{"b":1.50,"a":["x, {y}",{}],"e\"s":[ ]}"#);
        assert_eq!(shown, "{\n  \"b\": 1.50,\n  \"a\": [\n    \"x, {y}\",\n    {}\n  ],\n  \"e\\\"s\": []\n}");
        assert_eq!(pretty(r#"{"path":"C:\\","n":1}"#), "{\n  \"path\": \"C:\\\\\",\n  \"n\": 1\n}");
    }

    #[test]
    fn xml_is_indented_and_text_stays_in_its_element() {
        let shown = pretty(
            "<?xml version=\"1.0\"?><Response><Say voice='a'>Hello > all</Say><Dial><Number>+254</Number></Dial><Hangup/></Response>",
        );
        let lines = [
            "<?xml version=\"1.0\"?>",
            "<Response>",
            "  <Say voice='a'>Hello > all</Say>",
            "  <Dial>",
            "    <Number>+254</Number>",
            "  </Dial>",
            "  <Hangup/>",
            "</Response>",
        ];
        assert_eq!(shown, lines.join("\n"));
    }

    #[test]
    fn what_is_neither_or_was_cut_off_stays_as_it_is() {
        for text in ["", "no", "{\"a\":", "[1,2", "<Response", "busy {1}"] {
            assert_eq!(pretty(text), text);
        }
    }

    #[test]
    fn nothing_that_a_server_sends_is_lost() {
        let blankless = |text: &str| text.split_whitespace().collect::<String>();
        for text in ["<a>x<b/>y</a>", "</a></b>", "<a><!-- <b> --></a>", "<![CDATA[<x>]]>", "<é>ü</é>", "[[[[[]]]]]"]
        {
            assert_eq!(blankless(&pretty(text)), blankless(text), "{text}");
        }
    }
}
