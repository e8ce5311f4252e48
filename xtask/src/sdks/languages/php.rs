//! PHP: camelCase for methods, wire names for members, as the arrays that are given have them.

use super::{
    super::{
        naming::{camel, pascal, words},
        types::{Api, Member, Shape, Type},
    },
    Language, has_object, is_object,
};

pub(crate) struct Php;
pub(crate) static PHP: Php = Php;

impl Language for Php {
    fn title(&self) -> &'static str {
        "PHP"
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

    fn kind(&self, api: &Api, kind: &Type, sent: bool) -> String {
        match api.resolved(kind) {
            Type::Text | Type::Words(_) => "string".into(),
            Type::Time if sent => "string".into(),
            Type::Time => "\\DateTimeImmutable".into(),
            Type::Integer => "int".into(),
            Type::Number => "float".into(),
            Type::Boolean => "bool".into(),
            Type::Choice(kinds) if matches!(kinds.as_slice(), [Type::Boolean, Type::Words(_)]) => "bool|string".into(),
            Type::Any | Type::Choice(_) => "mixed".into(),
            Type::Named(name) if is_object(api, name) => {
                if sent {
                    "array".into()
                } else {
                    format!("\\Sautikit\\Model\\{name}")
                }
            }
            Type::Named(_) => "string".into(),
            Type::List(_) | Type::Map(_) | Type::Object(_) => "array".into(),
        }
    }

    fn optional(&self, api: &Api, kind: &Type, sent: bool) -> String {
        let plain = self.kind(api, kind, sent);
        match plain.as_str() {
            "mixed" => plain,
            several if several.contains('|') => format!("{several}|null"),
            _ => format!("?{plain}"),
        }
    }

    fn constant(&self, _set: &str, word: &str) -> String {
        let name = words(word);
        if name.is_empty() { "ALL".into() } else { name.join("_").to_uppercase() }
    }

    fn error(&self, words: &[String]) -> String {
        format!("{}Exception", pascal(words))
    }

    fn described_kind(&self, api: &Api, kind: &Type, sent: bool) -> String {
        let of = |kind: &Type| self.described_kind(api, kind, sent);
        match api.resolved(kind) {
            Type::Words(words) if sent => words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join("|"),
            Type::List(row) => format!("list<{}>", of(row)),
            Type::Map(value) => format!("array<string, {}>", of(value)),
            // Which of several objects it is, only the reader can tell.
            Type::Choice(kinds) if !sent && has_object(api, kinds) => "array<string, mixed>".into(),
            Type::Choice(kinds) => {
                let mut kinds: Vec<String> = kinds.iter().map(of).collect();
                kinds.dedup();
                kinds.join("|")
            }
            Type::Object(members) => shape(members.iter(), of),
            Type::Named(name) => match api.schema(name).map(|schema| &schema.shape) {
                Some(Shape::Object(_)) if sent => "array<string, mixed>".into(),
                _ => self.kind(api, kind, sent),
            },
            _ => self.kind(api, kind, sent),
        }
    }
}

/// An array as static analysers read it: `array{to: string, from?: string}`.
fn shape<'a>(members: impl Iterator<Item = &'a Member>, of: impl Fn(&Type) -> String) -> String {
    let member =
        |member: &Member| format!("{}{}: {}", member.wire, if member.required { "" } else { "?" }, of(&member.kind));
    format!("array{{{}}}", members.map(member).collect::<Vec<_>>().join(", "))
}
