//! The API without any language: operations, bodies, sets of words, verbs, families of errors.

use std::collections::BTreeMap;

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Type {
    /// A string, whatever its pattern.
    Text,
    /// A moment as RFC 3339.
    Time,
    /// A whole number, up to 64 bits.
    Integer,
    /// Any number.
    Number,
    /// True or false.
    Boolean,
    /// One of a few words, in the place where they are used.
    Words(Vec<String>),
    /// Any JSON.
    Any,
    /// A schema of the document that has a name of its own.
    Named(String),
    /// Many of one.
    List(Box<Type>),
    /// An object whose keys are data.
    Map(Box<Type>),
    /// One of several.
    Choice(Vec<Type>),
    /// An object without a name.
    Object(Vec<Member>),
}

impl Type {
    /// The names that this type is made of.
    pub(crate) fn names(&self) -> Vec<&str> {
        match self {
            Self::Named(name) => vec![name],
            Self::List(kind) | Self::Map(kind) => kind.names(),
            Self::Choice(kinds) => kinds.iter().flat_map(Self::names).collect(),
            Self::Object(members) => members.iter().flat_map(|member| member.kind.names()).collect(),
            _ => Vec::new(),
        }
    }
}

/// A member of an object, or a parameter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    pub(crate) wire: String,
    pub(crate) kind: Type,
    pub(crate) required: bool,
    pub(crate) nullable: bool,
    pub(crate) doc: String,
}

/// What a schema with a name is.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Object(Vec<Member>),
    Words(Vec<String>),
    Alias(Type),
}

/// A schema with a name that some operation needs.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) shape: Shape,
    /// It is sent to the server, as a body or within one.
    pub(crate) sent: bool,
}

/// Where a parameter that is not part of the path goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Place {
    Query,
    Header,
}

/// What an operation answers with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Nothing,
    Json(Type),
    /// One page of a list, with a cursor to the next.
    Page(Type),
    Text,
    Bytes,
    /// Server-sent events.
    Events(Type),
}

/// One endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    /// Words of the method's name.
    pub(crate) name: Vec<String>,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) summary: String,
    pub(crate) doc: String,
    pub(crate) scope: Option<String>,
    /// Names in the path, in their order.
    pub(crate) path_members: Vec<Member>,
    pub(crate) parameters: Vec<(Place, Member)>,
    /// Name of the body's schema, and whether there must be one.
    pub(crate) body: Option<(Type, bool)>,
    /// The example of that schema.
    pub(crate) sample: Option<serde_json::Value>,
    /// It takes an `Idempotency-Key`.
    pub(crate) idempotent: bool,
    pub(crate) answer: Answer,
}

/// Endpoints of one subject: `client.calls`.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) name: Vec<String>,
    pub(crate) doc: String,
    pub(crate) operations: Vec<Operation>,
}

/// Error codes with the same first part.
#[derive(Clone, Debug)]
pub(crate) struct Family {
    pub(crate) prefix: String,
    pub(crate) codes: Vec<String>,
}

/// A step of a call.
#[derive(Clone, Debug)]
pub(crate) struct Verb {
    pub(crate) wire: String,
    pub(crate) schema: String,
    pub(crate) doc: String,
    pub(crate) members: Vec<Member>,
}

/// All that the SDKs say.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) resources: Vec<Resource>,
    pub(crate) schemas: Vec<Schema>,
    pub(crate) families: Vec<Family>,
    pub(crate) verbs: Vec<Verb>,
    /// The form of a voice callback.
    pub(crate) callback: Vec<Member>,
    /// What only a person opens, by subject.
    pub(crate) left_out: BTreeMap<String, Vec<LeftOut>>,
}

/// An endpoint that no SDK has.
#[derive(Clone, Debug)]
pub(crate) struct LeftOut {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) summary: String,
}

impl Api {
    /// The schema of that name, where it is one of ours.
    pub(crate) fn schema(&self, name: &str) -> Option<&Schema> {
        self.schemas.iter().find(|schema| schema.name == name)
    }

    /// What a type is behind the names of aliases.
    pub(crate) fn resolved<'a>(&'a self, kind: &'a Type) -> &'a Type {
        match kind {
            Type::Named(name) => match self.schema(name).map(|schema| &schema.shape) {
                Some(Shape::Alias(kind)) => self.resolved(kind),
                _ => kind,
            },
            _ => kind,
        }
    }

    /// The members of a named object.
    pub(crate) fn members(&self, kind: &Type) -> Option<&[Member]> {
        match self.resolved(kind) {
            Type::Named(name) => match &self.schema(name)?.shape {
                Shape::Object(members) => Some(members),
                _ => None,
            },
            _ => None,
        }
    }
}
