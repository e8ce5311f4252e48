//! How each language spells names and types.

mod go;
mod node;
mod php;
mod python;

pub(crate) use go::GO;
pub(crate) use node::NODE;
pub(crate) use php::PHP;
pub(crate) use python::PYTHON;

use super::{
    naming::pascal,
    types::{Api, Shape, Type},
};

/// The spelling of one language.
pub(crate) trait Language: Sync {
    /// As people call it.
    fn title(&self) -> &'static str;
    /// The name of a member, argument or parameter of that name on the wire.
    fn member(&self, wire: &str) -> String;
    /// The name of an argument of that name on the wire, where it is not a member's.
    fn argument(&self, wire: &str) -> String {
        self.member(wire)
    }
    /// The type of the schema of that name.
    fn schema(&self, name: &str) -> String {
        name.to_owned()
    }
    /// What the type of a resource, or one of a single operation, begins with.
    fn type_name(&self, words: &[String]) -> String {
        pascal(words)
    }
    /// A method's name.
    fn method(&self, words: &[String]) -> String;
    /// What a resource is called on the client.
    fn attribute(&self, words: &[String]) -> String;
    /// A type that is read, or with `sent` one that is given by the caller.
    fn kind(&self, api: &Api, kind: &Type, sent: bool) -> String;
    /// That type where it can be absent or null.
    fn optional(&self, api: &Api, kind: &Type, sent: bool) -> String;
    /// A constant of a set of words.
    fn constant(&self, set: &str, word: &str) -> String;
    /// The class of a family of errors; `words` end without `error`.
    fn error(&self, words: &[String]) -> String;
    /// The API as this language needs it, where it needs it otherwise.
    fn adapted(&self, _api: &Api) -> Option<Api> {
        None
    }
    /// A second type, for comments of languages whose own types say less.
    fn described_kind(&self, api: &Api, kind: &Type, sent: bool) -> String {
        self.kind(api, kind, sent)
    }
}

/// Whether a name is that of an object's class.
fn is_object(api: &Api, name: &str) -> bool {
    api.schema(name).is_some_and(|schema| matches!(schema.shape, Shape::Object(_)))
}

/// Whether one of the types is an object.
fn has_object(api: &Api, kinds: &[Type]) -> bool {
    kinds.iter().any(|kind| api.members(kind).is_some())
}
