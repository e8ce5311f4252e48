//! Python: snake_case, an underscore after its own words, `datetime` for moments.

use super::{
    super::{
        naming::{pascal, snake, words},
        types::{Api, Type},
    },
    Language, has_object, is_object,
};

pub(crate) struct Python;
pub(crate) static PYTHON: Python = Python;

/// Words that Python keeps for itself; `from` is the one that the API has today.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

impl Language for Python {
    fn title(&self) -> &'static str {
        "Python"
    }

    fn member(&self, wire: &str) -> String {
        let name = snake(&words(wire));
        if KEYWORDS.contains(&name.as_str()) { format!("{name}_") } else { name }
    }

    fn method(&self, words: &[String]) -> String {
        self.member(&snake(words))
    }

    fn attribute(&self, words: &[String]) -> String {
        snake(words)
    }

    fn kind(&self, api: &Api, kind: &Type, sent: bool) -> String {
        let of = |kind: &Type| self.kind(api, kind, sent);
        match api.resolved(kind) {
            Type::Text => "str".into(),
            Type::Time if sent => "Union[datetime, str]".into(),
            Type::Time => "datetime".into(),
            Type::Integer => "int".into(),
            Type::Number => "float".into(),
            Type::Boolean => "bool".into(),
            Type::Any => "Any".into(),
            Type::Words(words) if sent => {
                format!("Literal[{}]", words.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", "))
            }
            // A newer server may know more.
            Type::Words(_) => "str".into(),
            Type::Named(name) if sent && is_object(api, name) => "Mapping[str, Any]".into(),
            Type::Named(name) => name.clone(),
            Type::List(row) if sent => format!("Sequence[{}]", of(row)),
            Type::List(row) => format!("List[{}]", of(row)),
            Type::Map(value) => format!("{}[str, {}]", if sent { "Mapping" } else { "Dict" }, of(value)),
            // Which of several objects it is, only the reader can tell.
            Type::Choice(kinds) if !sent && has_object(api, kinds) => "Any".into(),
            Type::Choice(kinds) => {
                let mut kinds: Vec<String> = kinds.iter().map(of).collect();
                kinds.dedup();
                if let [one] = kinds.as_slice() { one.clone() } else { format!("Union[{}]", kinds.join(", ")) }
            }
            Type::Object(_) => format!("{}[str, Any]", if sent { "Mapping" } else { "Dict" }),
        }
    }

    fn optional(&self, api: &Api, kind: &Type, sent: bool) -> String {
        format!("Optional[{}]", self.kind(api, kind, sent))
    }

    fn constant(&self, _set: &str, word: &str) -> String {
        format!("{word:?}")
    }

    fn error(&self, words: &[String]) -> String {
        format!("{}Error", pascal(words))
    }
}
