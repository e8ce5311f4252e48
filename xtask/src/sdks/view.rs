//! The API as the templates of one language see it: every name and type spelled, nothing left to decide.

use super::{
    languages::Language,
    naming::words,
    types::{Answer, Api, Family, Member, Operation, Place, Resource, Schema, Shape, Type, Verb},
};
use crate::Outcome;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The view of `language`.
pub(crate) fn of(api: &Api, language: &dyn Language) -> Outcome<Value> {
    let adapted = language.adapted(api);
    let api = adapted.as_ref().unwrap_or(api);
    let view = View { api, language };
    Ok(json!({
        "title": language.title(),
        "resources": api.resources.iter().map(|resource| view.resource(resource)).collect::<Vec<_>>(),
        "schemas": api.schemas.iter().map(|schema| view.schema(schema)).collect::<Vec<_>>(),
        "verbs": api.verbs.iter().map(|verb| view.verb(verb)).collect::<Vec<_>>(),
        "families": view.families(),
        "callback": view.callback(),
        "left_out": api.left_out.iter().map(|(subject, endpoints)| json!({
            "subject": subject,
            "endpoints": endpoints.iter().map(|one| json!({
                "http_method": one.method, "path": one.path, "summary": one.summary,
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    }))
}

struct View<'a> {
    api: &'a Api,
    language: &'a dyn Language,
}

impl View<'_> {
    fn resource(&self, resource: &Resource) -> Value {
        json!({
            "name": self.language.attribute(&resource.name),
            "class": format!("{}Resource", self.language.type_name(&resource.name)),
            "doc": resource.doc,
            "uses": names(resource.operations.iter().flat_map(types_of)),
            "operations": resource.operations.iter().map(|operation| self.operation(resource, operation)).collect::<Vec<_>>(),
        })
    }

    fn operation(&self, resource: &Resource, operation: &Operation) -> Value {
        let of_place = |place: Place| operation.parameters.iter().filter(move |(at, _)| *at == place);
        let parameters =
            |place: Place| of_place(place).map(|(_, member)| self.member(member, true)).collect::<Vec<_>>();
        let (answer, kind) = match &operation.answer {
            Answer::Nothing => ("nothing", None),
            Answer::Json(kind) => ("json", Some(kind)),
            Answer::Page(kind) => ("page", Some(kind)),
            Answer::Text => ("text", None),
            Answer::Bytes => ("bytes", None),
            Answer::Events(kind) => ("events", Some(kind)),
        };
        json!({
            "id": operation.id,
            "name": self.language.method(&operation.name),
            // Types of an operation's own, such as its parameters, begin with this.
            "type_name": format!("{}{}", self.language.type_name(&resource.name), self.language.type_name(&operation.name)),
            "http_method": operation.method,
            "path": operation.path,
            "parts": self.parts(operation),
            "summary": operation.summary,
            "doc": operation.doc,
            "scope": operation.scope,
            "path_members": operation.path_members.iter().map(|member| self.member(member, true)).collect::<Vec<_>>(),
            "query": parameters(Place::Query),
            "headers": parameters(Place::Header),
            "body": operation.body.as_ref().map(|(kind, required)| json!({
                "kind": self.language.kind(self.api, kind, true),
                "required": required,
                "members": self.api.members(kind).map(|members| members.iter().map(|member| self.member(member, true)).collect::<Vec<_>>()),
            })),
            "idempotent": operation.idempotent,
            "answer": answer,
            "answer_kind": kind.map(|kind| self.language.kind(self.api, kind, false)),
            "answer_described": kind.map(|kind| self.language.described_kind(self.api, kind, false)),
            "answer_nested": kind.map(|kind| self.nested(kind)),
        })
    }

    /// The path as texts and, between them, the names of arguments.
    fn parts(&self, operation: &Operation) -> Vec<Value> {
        let mut parts = Vec::new();
        let mut rest = operation.path.as_str();
        while let Some((text, after)) = rest.split_once('{') {
            let (name, tail) = after.split_once('}').unwrap_or((after, ""));
            parts.push(json!({ "text": text, "member": null }));
            parts.push(json!({ "text": null, "member": self.language.argument(name) }));
            rest = tail;
        }
        if !rest.is_empty() {
            parts.push(json!({ "text": rest, "member": null }));
        }
        parts
    }

    fn member(&self, member: &Member, sent: bool) -> Value {
        let can_lack = !member.required || member.nullable;
        json!({
            "wire": member.wire,
            "name": self.language.member(&member.wire),
            "argument": self.language.argument(&member.wire),
            "kind": self.language.kind(self.api, &member.kind, sent),
            "optional_kind": self.language.optional(self.api, &member.kind, sent),
            "described_kind": self.language.described_kind(self.api, &member.kind, sent),
            "required": member.required,
            "nullable": member.nullable,
            "can_lack": can_lack,
            "doc": member.doc,
            "is_map": matches!(self.api.resolved(&member.kind), Type::Map(_)),
            "nested": self.nested(&member.kind),
        })
    }

    /// What a value must be turned into after it was read: `{how, of}`.
    fn nested(&self, kind: &Type) -> Value {
        let (how, of) = match self.api.resolved(kind) {
            Type::Time => ("time", None),
            Type::Named(name) if self.api.members(kind).is_some() => ("one", Some(name)),
            Type::List(row) => match self.api.resolved(row) {
                Type::Named(name) if self.api.members(row).is_some() => ("list", Some(name)),
                _ => ("plain", None),
            },
            Type::Map(value) => match self.api.resolved(value) {
                Type::Named(name) if self.api.members(value).is_some() => ("map", Some(name)),
                _ => ("plain", None),
            },
            _ => ("plain", None),
        };
        json!({ "how": how, "of": of.map(|name| self.language.schema(name)) })
    }

    fn schema(&self, schema: &Schema) -> Value {
        let (shape, members, values, kind) = match &schema.shape {
            Shape::Object(members) => {
                ("object", members.iter().map(|member| self.member(member, false)).collect(), Vec::new(), None)
            }
            Shape::Words(words) => {
                let value =
                    |word: &String| json!({ "value": word, "name": self.language.constant(&schema.name, word) });
                ("words", Vec::new(), words.iter().map(value).collect(), None)
            }
            Shape::Alias(kind) => {
                ("alias", Vec::new(), Vec::new(), Some(self.language.kind(self.api, kind, schema.sent)))
            }
        };
        let uses = match &schema.shape {
            Shape::Object(members) => names(members.iter().map(|member| &member.kind)),
            Shape::Words(_) => BTreeSet::new(),
            Shape::Alias(kind) => names([kind].into_iter()),
        };
        let verb = self.api.verbs.iter().find(|verb| verb.schema == schema.name).map(|verb| &verb.wire);
        json!({
            "name": self.language.schema(&schema.name), "doc": schema.doc, "shape": shape, "members": members, "values": values, "kind": kind,
            "sent": schema.sent, "verb": verb, "uses": uses,
        })
    }

    fn verb(&self, verb: &Verb) -> Value {
        let (required, others): (Vec<&Member>, Vec<&Member>) = verb.members.iter().partition(|member| member.required);
        json!({
            "wire": verb.wire,
            "method": self.language.method(&words(&verb.wire)),
            "schema": self.language.schema(&verb.schema),
            "doc": verb.doc,
            "members_given": !verb.members.is_empty(),
            "required": required.iter().map(|member| self.member(member, true)).collect::<Vec<_>>(),
            "others": others.iter().map(|member| self.member(member, true)).collect::<Vec<_>>(),
        })
    }

    /// The form's members; of two that differ in case only, as `From` and `from`, the first stays.
    fn callback(&self) -> Vec<Value> {
        let mut seen = Vec::new();
        let mut members = Vec::new();
        for member in &self.api.callback {
            let name = words(&member.wire);
            // `to` stands before `To` in some documents: whichever begins with a capital is the documented one.
            let twin = self.api.callback.iter().any(|other| other.wire != member.wire && words(&other.wire) == name);
            if (twin && member.wire.starts_with(char::is_lowercase)) || seen.contains(&name) {
                continue;
            }
            seen.push(name);
            members.push(self.member(member, false));
        }
        members
    }

    fn families(&self) -> Vec<Value> {
        let family = |family: &Family| {
            let mut name = words(&family.prefix);
            if name.len() > 1 && name.last().is_some_and(|last| last == "error") {
                name.pop();
            }
            let code = |code: &String| json!({ "code": code, "name": self.language.constant("Code", code) });
            json!({ "prefix": family.prefix, "class": self.language.error(&name), "codes": family.codes.iter().map(code).collect::<Vec<_>>() })
        };
        self.api.families.iter().map(family).collect()
    }
}

/// The schemas that an operation speaks of.
fn types_of(operation: &Operation) -> Vec<&Type> {
    let mut types: Vec<&Type> = operation.path_members.iter().map(|member| &member.kind).collect();
    types.extend(operation.parameters.iter().map(|(_, member)| &member.kind));
    types.extend(operation.body.iter().map(|(kind, _)| kind));
    match &operation.answer {
        Answer::Json(kind) | Answer::Page(kind) | Answer::Events(kind) => types.push(kind),
        Answer::Nothing | Answer::Text | Answer::Bytes => {}
    }
    types
}

fn names<'a>(types: impl Iterator<Item = &'a Type>) -> BTreeSet<&'a str> {
    types.flat_map(Type::names).collect()
}
