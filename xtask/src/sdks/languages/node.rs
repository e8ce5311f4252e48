//! TypeScript: wire names for members, as the JSON has them; camelCase for methods.

use super::{
    super::{
        naming::{camel, pascal, words},
        types::{Api, Member, Type},
    },
    Language,
};

pub(crate) struct Node;
pub(crate) static NODE: Node = Node;

impl Language for Node {
    fn title(&self) -> &'static str {
        "Node.js"
    }

    fn member(&self, wire: &str) -> String {
        if wire.contains('-') { camel(&words(wire)) } else { wire.to_owned() }
    }

    fn method(&self, words: &[String]) -> String {
        camel(words)
    }

    fn attribute(&self, words: &[String]) -> String {
        camel(words)
    }

    #[expect(clippy::only_used_in_recursion, reason = "other languages need all of them")]
    fn kind(&self, api: &Api, kind: &Type, sent: bool) -> String {
        let of = |kind: &Type| self.kind(api, kind, sent);
        match kind {
            Type::Text | Type::Time => "string".into(),
            Type::Integer | Type::Number => "number".into(),
            Type::Boolean => "boolean".into(),
            Type::Any => "unknown".into(),
            Type::Words(words) => words.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(" | "),
            Type::Named(name) => name.clone(),
            Type::List(row) => format!("Array<{}>", of(row)),
            // Not `Record`, which is a model of ours too.
            Type::Map(value) => format!("{{ [key: string]: {} }}", of(value)),
            Type::Choice(kinds) => kinds.iter().map(of).collect::<Vec<_>>().join(" | "),
            Type::Object(members) => {
                let member = |member: &Member| {
                    let mark = if member.required { "" } else { "?" };
                    format!("{}{mark}: {}", member.wire, of(&member.kind))
                };
                format!("{{ {} }}", members.iter().map(member).collect::<Vec<_>>().join("; "))
            }
        }
    }

    fn optional(&self, api: &Api, kind: &Type, sent: bool) -> String {
        format!("{} | null", self.kind(api, kind, sent))
    }

    fn constant(&self, _set: &str, word: &str) -> String {
        format!("{word:?}")
    }

    fn error(&self, words: &[String]) -> String {
        format!("{}Error", pascal(words))
    }
}
