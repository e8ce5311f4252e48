//! Go: exported names with Go's initialisms, pointers for what can be absent.

use super::{
    super::{
        naming::{pascal, words},
        types::{Api, Member, Schema, Shape, Type},
    },
    Language,
};
use std::collections::BTreeSet;

pub(crate) struct Go;
pub(crate) static GO: Go = Go;

/// Initialisms of Go's style that occur in names of telephony, the web and money.
const INITIALISMS: [&str; 34] = [
    "id", "url", "sip", "api", "ip", "http", "https", "json", "pbx", "ws", "uri", "csv", "xml", "ttl", "tls", "ice",
    "rtp", "rtt", "mos", "ms", "udp", "tcp", "dtmf", "pai", "rpid", "sid", "kes", "tzs", "ugx", "ngn", "ghs", "zar",
    "usd", "eur",
];

/// Types that are written by hand in the SDK.
const ACTIONS: &str = "Actions";
const MANY: &str = "Many";

fn exported(words: &[String]) -> String {
    let word = |word: &String| {
        if INITIALISMS.contains(&word.as_str()) {
            return word.to_uppercase();
        }
        // URLs, IDs.
        if let Some(one) = word.strip_suffix('s').filter(|one| INITIALISMS.contains(one)) {
            return format!("{}s", one.to_uppercase());
        }
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    words.iter().map(word).collect()
}

/// Whether it is a step of a call: the schema of all verbs, or some of them.
fn is_action(api: &Api, kind: &Type) -> bool {
    let is_verb = |kind: &Type| match kind {
        Type::Object(members) => match members.as_slice() {
            [Member { kind: Type::Named(name), .. }] => api.verbs.iter().any(|verb| verb.schema == *name),
            _ => false,
        },
        _ => false,
    };
    matches!(api.resolved(kind), Type::Choice(kinds) if kinds.iter().all(is_verb))
}

/// What there may be one or many of, where the choice is only that.
fn one_or_many(kinds: &[Type]) -> Option<&Type> {
    match kinds {
        [one, Type::List(row)] | [Type::List(row), one] if **row == *one => Some(one),
        _ => None,
    }
}

/// Gives each set of words that stands in its place a name: constants of Go belong to a type.
fn with_named_words(mut api: Api) -> Api {
    let mut named = Vec::new();
    let mut taken: BTreeSet<String> = api.schemas.iter().map(|schema| schema.name.clone()).collect();
    let mut name_in = |owner: &str, member: &mut Member| {
        let name = format!("{owner}{}", pascal(&words(&member.wire)));
        let doc = format!("`{}` of {owner}.", member.wire);
        name_words(
            &mut member.kind,
            &Schema { name, doc, shape: Shape::Words(Vec::new()), sent: false },
            &mut taken,
            &mut named,
        );
    };
    for schema in &mut api.schemas {
        if let Shape::Object(members) = &mut schema.shape {
            for member in members {
                name_in(&schema.name, member);
            }
        }
    }
    for resource in &mut api.resources {
        for operation in &mut resource.operations {
            let owner = format!("{}{}", pascal(&resource.name), pascal(&operation.name));
            for (_, member) in &mut operation.parameters {
                name_in(&owner, member);
            }
        }
    }
    api.schemas.extend(named);
    api.schemas.sort_by(|one, other| one.name.cmp(&other.name));
    api
}

/// Names the words of a type as `like`; keys of a telephone are no names of constants, and stay text.
fn name_words(kind: &mut Type, like: &Schema, taken: &mut BTreeSet<String>, named: &mut Vec<Schema>) {
    match kind {
        Type::Words(all) if all.iter().all(|word| !words(word).is_empty()) && taken.insert(like.name.clone()) => {
            named.push(Schema { shape: Shape::Words(all.clone()), ..like.clone() });
            *kind = Type::Named(like.name.clone());
        }
        Type::List(row) | Type::Map(row) => name_words(row, like, taken, named),
        Type::Choice(kinds) => {
            for kind in kinds {
                name_words(kind, like, taken, named);
            }
        }
        _ => {}
    }
}

impl Language for Go {
    fn adapted(&self, api: &Api) -> Option<Api> {
        Some(with_named_words(api.clone()))
    }

    fn title(&self) -> &'static str {
        "Go"
    }

    fn member(&self, wire: &str) -> String {
        exported(&words(wire))
    }

    fn argument(&self, wire: &str) -> String {
        let words = words(wire);
        words.split_first().map_or_else(String::new, |(first, others)| format!("{first}{}", exported(others)))
    }

    fn schema(&self, name: &str) -> String {
        exported(&words(name))
    }

    fn type_name(&self, words: &[String]) -> String {
        exported(words)
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
            Type::Choice(kinds) => match one_or_many(kinds) {
                Some(one) if is_action(api, one) => ACTIONS.into(),
                Some(one) => format!("{MANY}[{}]", of(one)),
                None => "any".into(),
            },
            Type::Any => "any".into(),
            Type::Named(name) => self.schema(name),
            Type::List(row) if is_action(api, row) => ACTIONS.into(),
            Type::List(row) => format!("[]{}", of(row)),
            Type::Map(value) => format!("map[string]{}", of(value)),
            Type::Object(_) => "map[string]any".into(),
        }
    }

    fn optional(&self, api: &Api, kind: &Type, sent: bool) -> String {
        let plain = self.kind(api, kind, sent);
        let has_nil = plain == "any" || ["[]", "map[", ACTIONS, MANY].iter().any(|kind| plain.starts_with(kind));
        if has_nil { plain } else { format!("*{plain}") }
    }

    fn constant(&self, set: &str, word: &str) -> String {
        let name = words(word);
        format!("{}{}", self.schema(set), if name.is_empty() { "All".to_owned() } else { exported(&name) })
    }

    fn error(&self, words: &[String]) -> String {
        format!("{}Error", exported(words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_go() {
        for (schema, name) in [("CreateSipToken", "CreateSIPToken"), ("ApiKey", "APIKey"), ("Call", "Call")] {
            assert_eq!(GO.schema(schema), name);
        }
        for (wire, name) in [
            ("ttl_seconds", "TTLSeconds"),
            ("waitUrl", "WaitURL"),
            ("local_e164", "LocalE164"),
            ("call_ids", "CallIDs"),
        ] {
            assert_eq!(GO.member(wire), name);
        }
        assert_eq!((GO.argument("id"), GO.argument("call_id")), ("id".to_owned(), "callID".to_owned()));
        assert_eq!(GO.constant("ApiKeyStatus", "active"), "APIKeyStatusActive");
    }

    #[test]
    fn words_get_a_name_unless_they_are_keys() {
        let all = |all: &[&str]| Type::Words(all.iter().map(|&word| word.to_owned()).collect());
        let mut taken = BTreeSet::new();
        let mut named = Vec::new();
        let mut in_place = |name: &str, mut kind: Type| {
            let like =
                Schema { name: name.to_owned(), doc: String::new(), shape: Shape::Words(Vec::new()), sent: false };
            name_words(&mut kind, &like, &mut taken, &mut named);
            kind
        };
        assert_eq!(in_place("StreamTrack", all(&["both"])), Type::Named("StreamTrack".to_owned()));
        let truth_or_word = Type::Choice(vec![Type::Boolean, all(&["dual"])]);
        assert_eq!(
            in_place("DialRecord", truth_or_word),
            Type::Choice(vec![Type::Boolean, Type::Named("DialRecord".to_owned())])
        );
        assert_eq!(in_place("GetDigitsFinishOnKey", all(&["1", "#"])), all(&["1", "#"]));
        let names: Vec<&str> = named.iter().map(|schema| schema.name.as_str()).collect();
        assert_eq!(names, ["StreamTrack", "DialRecord"]);
    }

    #[test]
    fn one_or_many_of_a_kind_are_many() {
        let many = Type::List(Box::new(Type::Text));
        assert_eq!(one_or_many(&[Type::Text, many.clone()]), Some(&Type::Text));
        assert_eq!(one_or_many(&[Type::Integer, many]), None);
    }
}
