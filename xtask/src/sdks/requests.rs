//! The request of each endpoint as a line or two of each language, for the pages of the API's reference: `sdks/requests.json`.
//!
//! What is sent is the example of the body's schema; ids are made up. `end2end/sdks/requests.js` runs each of them and compares
//! what arrives with the description.

use super::{
    languages::{GO, Language, NODE, PHP, PYTHON},
    types::{Answer, Api, Member, Operation, Resource, Shape, Type},
};
use crate::Outcome;
use serde_json::Value;
use std::collections::BTreeMap;

/// Its place in `sdks`.
pub(super) const PLACE: &str = "requests.json";

/// What a path names, where it is no month: an id of the right form.
const ID: &str = "019a2f6b-1c5e-7c3f-9a52-d0b7c1e4f8aa";
const MONTH: &str = "2026-11";

/// By the operation's id and the language's name.
pub(super) fn all(api: &Api) -> Outcome<String> {
    let adapted = GO.adapted(api);
    let languages: [(&dyn Language, &Api); 4] =
        [(&NODE, api), (&PYTHON, api), (&GO, adapted.as_ref().unwrap_or(api)), (&PHP, api)];
    let mut requests: BTreeMap<&str, BTreeMap<&str, String>> = BTreeMap::new();
    for (language, api) in languages {
        for resource in &api.resources {
            for operation in &resource.operations {
                let request = Request::of(api, language, resource, operation);
                let code = match language.title() {
                    "Node.js" => request.node(),
                    "Python" => request.python(),
                    "Go" => request.go(),
                    _ => request.php(),
                };
                requests.entry(&operation.id).or_default().insert(language.title(), code);
            }
        }
    }
    Ok(serde_json::to_string_pretty(&requests)? + "\n")
}

struct Request<'a> {
    api: &'a Api,
    language: &'a dyn Language,
    operation: &'a Operation,
    /// `calls.create` as the language spells it, with its own mark between both.
    name: (String, String),
    /// What of the body is given, in the order of its schema.
    given: Vec<(&'a Member, &'a Value)>,
}

impl<'a> Request<'a> {
    fn of(api: &'a Api, language: &'a dyn Language, resource: &Resource, operation: &'a Operation) -> Self {
        let sample = operation.sample.as_ref();
        let members = operation.body.as_ref().and_then(|(kind, _)| api.members(kind)).unwrap_or_default();
        let given = members
            .iter()
            .filter_map(|member| Some((member, sample?.get(&member.wire).filter(|value| !value.is_null())?)));
        let name = (language.attribute(&resource.name), language.method(&operation.name));
        Self { api, language, operation, name, given: given.collect() }
    }

    /// Values of the path, each quoted by `quote`.
    fn path(&self, quote: impl Fn(&str) -> String) -> Vec<String> {
        let value = |member: &Member| quote(if member.wire == "month" { MONTH } else { ID });
        self.operation.path_members.iter().map(value).collect()
    }

    fn node(&self) -> String {
        let mut arguments = self.path(quoted);
        if !self.given.is_empty() {
            let members = self.given.iter().map(|(member, value)| format!("  {}: {},\n", member.wire, script(value)));
            arguments.push(format!("{{\n{}}}", members.collect::<String>()));
        }
        let call = format!("client.{}.{}({})", self.name.0, self.name.1, arguments.join(", "));
        match self.operation.answer {
            Answer::Nothing => format!("await {call};"),
            Answer::Page(_) | Answer::Events(_) => format!("for await (const one of {call}) console.log(one);"),
            _ => format!("const answer = await {call};\nconsole.log(answer);"),
        }
    }

    fn python(&self) -> String {
        let mut arguments = self.path(quoted);
        let named =
            |(member, value): &(&Member, &Value)| format!("{}={}", self.language.member(&member.wire), python(value));
        arguments.extend(self.given.iter().map(named));
        let arguments = match self.given.len() {
            0 => arguments.join(", "),
            _ => format!("\n    {},\n", arguments.join(",\n    ")),
        };
        let call = format!("client.{}.{}({arguments})", self.name.0, self.name.1);
        match self.operation.answer {
            Answer::Nothing => call,
            Answer::Page(_) | Answer::Events(_) => format!("for one in {call}:\n    print(one)"),
            _ => format!("answer = {call}\nprint(answer)"),
        }
    }

    fn php(&self) -> String {
        let mut arguments = self.path(php_text);
        if !self.given.is_empty() {
            let members =
                self.given.iter().map(|(member, value)| format!("    {} => {},\n", php_text(&member.wire), php(value)));
            arguments.push(format!("[\n{}]", members.collect::<String>()));
        }
        let call = format!("$client->{}->{}({})", self.name.0, self.name.1, arguments.join(", "));
        match self.operation.answer {
            Answer::Nothing => format!("{call};"),
            Answer::Page(_) | Answer::Events(_) => format!("foreach ({call} as $one) {{\n    print_r($one);\n}}"),
            _ => format!("$answer = {call};\nprint_r($answer);"),
        }
    }

    fn go(&self) -> String {
        let mut arguments = vec!["ctx".to_owned()];
        arguments.extend(self.path(quoted));
        if let Some((kind, _)) = &self.operation.body {
            let name = if let Type::Named(name) = self.api.resolved(kind) { GO.schema(name) } else { String::new() };
            let given = self.given.as_slice();
            let width = given.iter().map(|(member, _)| GO.member(&member.wire).len()).max().unwrap_or_default();
            let line = |(member, value): &(&Member, &Value)| {
                let name = format!("{}:", GO.member(&member.wire));
                format!("\t{name:<width$} {},\n", self.go_member(member, value), width = width + 1)
            };
            arguments.push(match given.is_empty() {
                true => "nil".to_owned(),
                false => format!("&sautikit.{name}{{\n{}}}", given.iter().map(line).collect::<String>()),
            });
        }
        if !self.operation.parameters.is_empty() {
            arguments.push("nil".to_owned());
        }
        let call = format!("client.{}.{}({})", self.name.0, self.name.1, arguments.join(", "));
        let failed = "{\n\treturn err\n}";
        match self.operation.answer {
            Answer::Nothing => format!("if err := {call}; err != nil {failed}"),
            Answer::Page(_) => format!(
                "rows := {call}\nfor rows.Next() {{\n\tfmt.Println(rows.Current())\n}}\nif err := rows.Err(); err != nil {failed}"
            ),
            Answer::Events(_) => format!(
                "events := {call}\ndefer events.Close()\nfor events.Next() {{\n\tfmt.Println(events.Current())\n}}\nif err := events.Err(); err != nil {failed}"
            ),
            _ => format!("answer, err := {call}\nif err != nil {failed}\nfmt.Println(answer)"),
        }
    }

    /// A pointer where the member can be left out and its type has no nil of its own.
    fn go_member(&self, member: &Member, value: &Value) -> String {
        let plain = self.go_value(&member.kind, value);
        let kind = GO.kind(self.api, &member.kind, true);
        if (member.required && !member.nullable) || GO.optional(self.api, &member.kind, true) == kind {
            return plain;
        }
        match kind.as_str() {
            // A constant would be another number than the pointer's.
            "int64" | "float64" => format!("sautikit.Ptr[{kind}]({plain})"),
            _ if self.api.members(&member.kind).is_some() => format!("&{plain}"),
            _ => format!("sautikit.Ptr({plain})"),
        }
    }

    fn go_value(&self, kind: &Type, value: &Value) -> String {
        let spelled = GO.kind(self.api, kind, true);
        match (self.api.resolved(kind), value) {
            (_, Value::Array(steps)) if spelled == "Actions" => {
                listed("sautikit.Actions", steps.iter().map(|step| self.go_step(step)))
            }
            (Type::Time, Value::String(moment)) => go_time(moment),
            (Type::Named(set), Value::String(word)) if self.is_words(set) => {
                format!("sautikit.{}", GO.constant(set, word))
            }
            (Type::Named(name), Value::Object(_)) => match self.api.members(kind) {
                Some(members) => self.go_object(&GO.schema(name), members, value),
                None => go_any(value),
            },
            (Type::List(row), Value::Array(rows)) => {
                listed(&qualified(&spelled), rows.iter().map(|one| self.go_value(row, one)))
            }
            (Type::Choice(kinds), _) if spelled.starts_with("Many[") => {
                let rows = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
                let one = kinds.iter().find(|kind| !matches!(kind, Type::List(_))).unwrap_or(&Type::Any);
                let inner = spelled.trim_start_matches("Many[").trim_end_matches(']');
                listed(&format!("[]{}", qualified(inner)), rows.iter().map(|value| self.go_value(one, value)))
            }
            _ => go_any(value),
        }
    }

    fn is_words(&self, name: &str) -> bool {
        self.api.schema(name).is_some_and(|schema| matches!(schema.shape, Shape::Words(_)))
    }

    fn go_object(&self, name: &str, members: &[Member], value: &Value) -> String {
        let given = members.iter().filter_map(|member| {
            let value = value.get(&member.wire).filter(|value| !value.is_null())?;
            Some(format!("{}: {}", GO.member(&member.wire), self.go_member(member, value)))
        });
        listed(&format!("sautikit.{name}"), given)
    }

    /// A step of a call: an object whose one key is its verb.
    fn go_step(&self, step: &Value) -> String {
        let of_verb = |(verb, attributes): (&String, &Value)| {
            let known = self.api.verbs.iter().find(|known| known.wire == *verb)?;
            Some(self.go_object(&GO.schema(&known.schema), &known.members, attributes))
        };
        let step = step.as_object().and_then(|step| step.iter().next()).and_then(of_verb);
        step.unwrap_or_else(|| "nil".to_owned())
    }
}

fn listed(name: &str, rows: impl Iterator<Item = String>) -> String {
    format!("{name}{{{}}}", rows.collect::<Vec<_>>().join(", "))
}

/// The type with the package before its name.
fn qualified(kind: &str) -> String {
    match kind.strip_prefix("[]") {
        Some(row) => format!("[]{}", qualified(row)),
        None if ["string", "int64", "float64", "bool", "any"].contains(&kind) || kind.starts_with("map[") => {
            kind.to_owned()
        }
        None => format!("sautikit.{kind}"),
    }
}

/// `2026-11-21T09:00:00Z`.
fn go_time(moment: &str) -> String {
    let parts = moment.split(['-', 'T', ':', 'Z']).filter_map(|part| part.parse::<u32>().ok());
    let parts: Vec<String> = parts.map(|part| part.to_string()).collect();
    format!("time.Date({}, 0, time.UTC)", parts.join(", "))
}

fn go_any(value: &Value) -> String {
    match value {
        Value::Null => "nil".to_owned(),
        Value::Array(rows) => listed("[]any", rows.iter().map(go_any)),
        Value::Object(members) => {
            listed("map[string]any", members.iter().map(|(name, value)| format!("{}: {}", quoted(name), go_any(value))))
        }
        plain => plain.to_string(),
    }
}

/// As JSON has it, which JavaScript, Python and Go read alike.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn script(value: &Value) -> String {
    match value {
        Value::Array(rows) => format!("[{}]", rows.iter().map(script).collect::<Vec<_>>().join(", ")),
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            let is_plain = |name: &str| name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
            let member = |(name, value): (&String, &Value)| {
                format!("{}: {}", if is_plain(name) { name.clone() } else { quoted(name) }, script(value))
            };
            format!("{{ {} }}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        plain => plain.to_string(),
    }
}

fn python(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Array(rows) => format!("[{}]", rows.iter().map(python).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| format!("{}: {}", quoted(name), python(value));
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        plain => plain.to_string(),
    }
}

fn php(value: &Value) -> String {
    match value {
        Value::String(text) => php_text(text),
        Value::Array(rows) => format!("[{}]", rows.iter().map(php).collect::<Vec<_>>().join(", ")),
        // An empty array would be a list.
        Value::Object(members) if members.is_empty() => "new \\stdClass()".to_owned(),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| format!("{} => {}", php_text(name), php(value));
            format!("[{}]", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        plain => plain.to_string(),
    }
}

fn php_text(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::{super::types::Schema, *};
    use serde_json::json;

    fn member(wire: &str, kind: Type, required: bool) -> Member {
        Member { wire: wire.to_owned(), kind, required, nullable: false, doc: String::new() }
    }

    fn code(language: &dyn Language) -> String {
        let body = vec![
            member("from", Type::Text, true),
            member("max_duration", Type::Integer, false),
            member("record", Type::Boolean, false),
        ];
        let schema =
            Schema { name: "CreateCall".to_owned(), doc: String::new(), shape: Shape::Object(body), sent: true };
        let operation = Operation {
            id: "create_call".to_owned(),
            name: vec!["create".to_owned()],
            method: "POST".to_owned(),
            path: "/v1/calls/{id}".to_owned(),
            summary: String::new(),
            doc: String::new(),
            scope: None,
            path_members: vec![member("id", Type::Text, true)],
            parameters: Vec::new(),
            body: Some((Type::Named("CreateCall".to_owned()), true)),
            sample: Some(json!({ "from": "it's", "max_duration": 60, "record": true })),
            idempotent: true,
            answer: Answer::Json(Type::Any),
        };
        let resource = Resource { name: vec!["calls".to_owned()], doc: String::new(), operations: vec![operation] };
        let api = Api {
            resources: vec![resource],
            schemas: vec![schema],
            families: Vec::new(),
            verbs: Vec::new(),
            callback: Vec::new(),
            left_out: BTreeMap::new(),
        };
        let made: Value = serde_json::from_str(&all(&api).unwrap()).unwrap();
        made["create_call"][language.title()].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_request_is_written_as_each_language_writes_it() {
        assert_eq!(
            code(&NODE),
            format!(
                "const answer = await client.calls.create(\"{ID}\", {{\n  from: \"it's\",\n  max_duration: 60,\n  record: true,\n}});\nconsole.log(answer);"
            )
        );
        assert_eq!(
            code(&PYTHON),
            format!(
                "answer = client.calls.create(\n    \"{ID}\",\n    from_=\"it's\",\n    max_duration=60,\n    record=True,\n)\nprint(answer)"
            )
        );
        assert_eq!(
            code(&GO),
            format!(
                "answer, err := client.Calls.Create(ctx, \"{ID}\", &sautikit.CreateCall{{\n\tFrom:        \"it's\",\n\tMaxDuration: sautikit.Ptr[int64](60),\n\tRecord:      sautikit.Ptr(true),\n}})\nif err != nil {{\n\treturn err\n}}\nfmt.Println(answer)"
            )
        );
        assert_eq!(
            code(&PHP),
            format!(
                "$answer = $client->calls->create('{ID}', [\n    'from' => 'it\\'s',\n    'max_duration' => 60,\n    'record' => true,\n]);\nprint_r($answer);"
            )
        );
    }

    #[test]
    fn values_of_all_kinds_are_written() {
        let value = json!({ "a-b": [null, true, "x"], "c": {} });
        assert_eq!(script(&value), "{ \"a-b\": [null, true, \"x\"], c: {} }");
        assert_eq!(python(&value), "{\"a-b\": [None, True, \"x\"], \"c\": {}}");
        assert_eq!(php(&value), "['a-b' => [null, true, 'x'], 'c' => new \\stdClass()]");
        assert_eq!(go_any(&value), "map[string]any{\"a-b\": []any{nil, true, \"x\"}, \"c\": map[string]any{}}");
        assert_eq!(go_time("2026-11-21T09:00:00Z"), "time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)");
        assert_eq!(qualified("[]Scope"), "[]sautikit.Scope");
    }
}
