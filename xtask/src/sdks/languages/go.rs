//! Go: exported names with Go's initialisms, pointers for what can be absent.

use super::{
    super::{
        naming::words,
        types::{Api, Type},
    },
    Language,
};

pub(crate) struct Go;
pub(crate) static GO: Go = Go;

/// Initialisms of Go's style that occur in names of telephony and the web.
const INITIALISMS: [&str; 12] = ["id", "url", "sip", "api", "ip", "http", "json", "pbx", "ws", "uri", "csv", "xml"];

fn exported(words: &[String]) -> String {
    let word = |word: &String| {
        if INITIALISMS.contains(&word.as_str()) {
            return word.to_uppercase();
        }
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    words.iter().map(word).collect()
}

impl Language for Go {
    fn title(&self) -> &'static str {
        "Go"
    }

    fn member(&self, wire: &str) -> String {
        exported(&words(wire))
    }

    fn method(&self, words: &[String]) -> String {
        exported(words)
    }

    fn attribute(&self, words: &[String]) -> String {
        exported(words)
    }

    #[expect(clippy::only_used_in_recursion, reason = "other languages need all of them")]
    fn kind(&self, api: &Api, kind: &Type, sent: bool) -> String {
        let of = |kind: &Type| self.kind(api, kind, sent);
        match api.resolved(kind) {
            Type::Text | Type::Words(_) => "string".into(),
            Type::Time => "time.Time".into(),
            Type::Integer => "int64".into(),
            Type::Number => "float64".into(),
            Type::Boolean => "bool".into(),
            Type::Any | Type::Choice(_) => "any".into(),
            Type::Named(name) => name.clone(),
            Type::List(row) => format!("[]{}", of(row)),
            Type::Map(value) => format!("map[string]{}", of(value)),
            Type::Object(_) => "map[string]any".into(),
        }
    }

    fn optional(&self, api: &Api, kind: &Type, sent: bool) -> String {
        let plain = self.kind(api, kind, sent);
        let has_nil = plain == "any" || plain.starts_with("[]") || plain.starts_with("map[");
        if has_nil { plain } else { format!("*{plain}") }
    }

    fn constant(&self, set: &str, word: &str) -> String {
        let name = words(word);
        format!("{set}{}", if name.is_empty() { "All".to_owned() } else { exported(&name) })
    }

    fn error(&self, words: &[String]) -> String {
        format!("{}Error", exported(words))
    }
}
