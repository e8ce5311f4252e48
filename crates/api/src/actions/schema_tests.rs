//! The schema against the readers: every name, bound, default and spelling that the one knows is tried on the other.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{schemas, verbs};
use crate::actions::{Action, ActionError, parse_list};

/// The reader's verdict on one action.
fn read(verb: &str, attributes: &Value) -> Result<Action, ActionError> {
    parse_list(&json!([{ verb: attributes }])).map(|mut actions| actions.remove(0))
}

/// The schema's example with this attribute, or without it where the value is none.
fn with(schema: &Value, name: &str, value: Option<Value>) -> Value {
    let mut attributes = schema["example"].clone();
    let members = attributes.as_object_mut().expect("an object");
    // Its other name would be refused beside it.
    if name == "maxDigits" {
        members.remove("numDigits");
    }
    match value {
        Some(value) => members.insert(name.to_owned(), value),
        None => members.remove(name),
    };
    attributes
}

/// Calls `check` with verb, schema of the verb, name and schema of the attribute.
fn each_attribute(mut check: impl FnMut(&str, &Value, &str, &Value)) {
    for (verb, schema) in verbs() {
        for (name, attribute) in schema["properties"].as_object().expect("properties") {
            check(verb, &schema, name, attribute);
        }
    }
}

#[test]
fn every_verb_is_described_in_both_spellings() {
    assert_eq!(verbs().map(|(verb, _)| verb), Action::VERBS);
    let schemas = schemas();
    for list in ["VoiceAction", "TitledVoiceAction"] {
        for (step, (verb, schema)) in schemas[list]["oneOf"].as_array().expect("steps").iter().zip(verbs()) {
            let spelled = step["required"][0].as_str().expect("a verb");
            let target = step["properties"][spelled]["$ref"].as_str().and_then(|target| target.rsplit('/').next());
            assert_eq!(target.map(|target| &schemas[target]), Some(&schema), "{spelled}");
            let read = read(spelled, &schema["example"]);
            assert_eq!(read.as_ref().map(Action::verb), Ok(verb), "the example of {spelled}");
        }
    }
}

#[test]
fn the_reader_knows_the_described_attributes_and_no_others() {
    for (verb, schema) in verbs() {
        let refused = read(verb, &with(&schema, "unknown", Some(json!(1)))).unwrap_err().message;
        let known = refused.split_once("known are").expect("the reader names them").1;
        let known: BTreeSet<&str> = known.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        let described = schema["properties"].as_object().expect("properties").keys();
        assert_eq!(known, described.map(String::as_str).collect(), "{verb}");
    }
}

#[test]
fn only_required_attributes_can_not_be_absent_or_null() {
    each_attribute(|verb, schema, name, _| {
        let (absent, null) = (with(schema, name, None), with(schema, name, Some(Value::Null)));
        let is_required = schema["required"].as_array().expect("a list").contains(&json!(name));
        assert_eq!(read(verb, &absent).is_err(), is_required, "{verb}.{name}");
        assert_eq!(read(verb, &absent), read(verb, &null), "{verb}.{name}: null is not absent");
    });
}

#[test]
fn described_defaults_are_what_absent_means() {
    let mut tried = 0;
    each_attribute(|verb, schema, name, attribute| {
        let described = attribute["description"].as_str().and_then(|what| what.rsplit_once("Default: `"));
        if let Some((_, default)) = described {
            let default = serde_json::from_str(default.trim_end_matches("`.")).expect("a value");
            let given = read(verb, &with(schema, name, Some(default)));
            assert!(given.is_ok(), "{verb}.{name}: {given:?}");
            assert_eq!(given, read(verb, &with(schema, name, None)), "{verb}.{name}");
            tried += 1;
        }
    });
    assert!(tried > 10, "{tried} are described");
}

#[test]
fn values_are_taken_up_to_the_described_bounds_and_not_beyond() {
    each_attribute(|verb, schema, name, attribute| {
        for (value, is_in) in edges(attribute) {
            let verdict = read(verb, &with(schema, name, Some(value.clone())));
            assert_eq!(verdict.is_ok(), is_in, "{verb}.{name} = {value}");
        }
    });
}

/// Values at the edges of what a schema allows, and whether they are inside.
fn edges(attribute: &Value) -> Vec<(Value, bool)> {
    let mut edges = vec![(json!({ "unknown": 1 }), false)];
    if let Some(choices) = attribute["enum"].as_array() {
        edges.extend(choices.iter().map(|choice| (choice.clone(), true)));
        edges.extend([(json!("unknown"), false), (json!("##"), false), (json!(1), false)]);
        return edges;
    }
    let kind = attribute["type"].as_str().or_else(|| attribute["type"][0].as_str());
    match kind {
        Some("string") if attribute["pattern"] == "^[0-9*#]*$" => {
            edges.extend([(json!(""), true), (json!("0123456789*#"), true), (json!("#a"), false), (json!("é"), false)]);
            edges.extend([(json!("#".repeat(13)), false), (json!(1), false)]);
        }
        Some("string") if attribute["pattern"].as_str().is_some_and(|pattern| pattern.starts_with("^(HD_")) => {
            let id = "0190a1b2-1c5e-7c3f-9a52-d0b7c1e4f8aa";
            edges.extend([(json!(id), true), (json!(format!("HD_{}", id.replace('-', ""))), true)]);
            let near = [id.replace('-', ""), format!("HD_{id}"), "asha".to_owned(), String::new()];
            edges.extend(near.map(|text| (json!(text), false)));
        }
        Some("string") => {
            let is_of_keys = attribute["pattern"].as_str().is_some_and(|pattern| pattern.contains("0-9"));
            let letter = if is_of_keys { "1" } else { "é" };
            let longest = usize::try_from(attribute["maxLength"].as_u64().expect("a bound")).expect("a length");
            edges.extend([
                (json!(letter.repeat(longest)), true),
                (json!(letter.repeat(longest + 1)), false),
                (json!(1), false),
            ]);
            let blank_is_in = attribute.get("minLength").is_none();
            edges.extend([(json!(""), blank_is_in), (json!(" \t"), blank_is_in)]);
            edges.extend([(json!("a\0b"), false), (json!("\0"), false)]);
        }
        Some("integer") => {
            let bound = |name: &str| attribute[name].as_i64().expect("a bound");
            let (low, high) = (bound("minimum"), bound("maximum"));
            edges.extend([(json!(low), true), (json!(high), true), (json!(low - 1), false), (json!(high + 1), false)]);
            edges.extend([(json!(1.5), false), (json!("1"), false)]);
        }
        Some("number") => {
            let bound = |name: &str| attribute[name].as_f64().expect("a bound");
            let (low, high) = (bound("minimum"), bound("maximum"));
            edges.extend([
                (json!(low), true),
                (json!(high), true),
                (json!(low - 0.01), false),
                (json!(high + 0.01), false),
            ]);
        }
        Some("object") => {
            let most = usize::try_from(attribute["maxProperties"].as_u64().expect("a bound")).expect("a count");
            let of =
                |count: usize| (0..count).map(|at| (at.to_string(), json!("a"))).collect::<serde_json::Map<_, _>>();
            edges.extend([(json!({}), true), (json!(of(most)), true), (json!(of(most + 1)), false)]);
            edges.extend([(json!({ "a": "b\0" }), false), (json!([]), false)]);
        }
        Some("array") => {
            let known = attribute["items"]["enum"].as_array().expect("names").clone();
            let mut more = known.clone();
            more.push(known[0].clone());
            edges.extend([(json!(known), true), (json!([known[0]]), true), (json!(more), false), (json!([]), false)]);
            edges.extend([(json!(["unknown"]), false), (json!([1]), false), (known[0].clone(), false)]);
        }
        Some("boolean") => edges.extend([(json!(true), true), (json!(false), true), (json!("true"), false)]),
        // One or several; each kind of item has a claim of its own.
        _ => edges.extend(several(attribute)),
    }
    edges
}

fn several(attribute: &Value) -> Vec<(Value, bool)> {
    let list = &attribute["oneOf"][1];
    let bound = |name: &str| usize::try_from(list[name].as_u64().expect("a bound")).expect("a length");
    let (fewest, most) = (bound("minItems"), bound("maxItems"));
    let item = match list["items"]["$ref"].as_str().and_then(|target| target.rsplit('/').next()) {
        Some("Prompt") => json!({ "say": { "text": "Press 1." } }),
        Some("DialTarget") => json!("+254722000042"),
        other => panic!("give an example of {other:?}"),
    };
    let of = |count: usize| json!(vec![item.clone(); count]);
    vec![(item.clone(), true), (of(fewest), true), (of(most), true), (of(most + 1), false), (of(0), fewest == 0)]
}

#[test]
fn a_target_is_one_of_the_described_kinds() {
    let kinds = schemas()["DialTarget"]["oneOf"].as_array().expect("kinds").clone();
    let names = |kind: &Value| kind["properties"].as_object().map(|all| all.keys().cloned().collect::<Vec<_>>());
    let names: BTreeSet<String> = kinds.iter().filter_map(names).flatten().collect();
    let refused = read("dial", &json!({ "to": { "unknown": "1" } })).unwrap_err().message;
    let known = refused.split_once("known are").expect("the reader names them").1;
    assert_eq!(known.split(',').map(|name| name.trim().to_owned()).collect::<BTreeSet<_>>(), names);
}

#[test]
fn a_prompt_is_spoken_played_or_silent_in_either_spelling() {
    for prompt in schemas()["Prompt"]["oneOf"].as_array().expect("spellings") {
        let spelled = prompt["required"][0].as_str().expect("a verb");
        let target = prompt["properties"][spelled]["$ref"].as_str().and_then(|target| target.rsplit('/').next());
        let example = &schemas()[target.expect("a schema")]["example"];
        assert!(read("getDigits", &json!({ "prompt": { spelled: example } })).is_ok(), "{spelled}");
    }
}

#[test]
fn a_later_action_is_any_but_those_that_stand_first_only() {
    let schemas = schemas();
    for (list, spell) in
        [("LaterVoiceAction", str::to_owned as fn(&str) -> String), ("TitledLaterVoiceAction", super::titled)]
    {
        let steps = schemas[list]["oneOf"].as_array().expect("steps");
        let described: BTreeSet<&str> = steps.iter().filter_map(|step| step["required"][0].as_str()).collect();
        for (verb, schema) in verbs() {
            let second = json!([{ "hangup": {} }, { spell(verb): schema["example"] }]);
            assert_eq!(parse_list(&second).is_ok(), described.contains(spell(verb).as_str()), "{verb} as the second");
        }
        assert_eq!(described.len(), Action::VERBS.len() - 1, "{list}");
    }
}

#[test]
fn the_list_is_as_long_as_described() {
    let most = usize::try_from(schemas()[super::ACTIONS]["maxItems"].as_u64().expect("a bound")).expect("a length");
    let of = |count: usize| json!(vec![json!({ "hangup": {} }); count]);
    assert!(parse_list(&of(most)).is_ok() && parse_list(&of(most + 1)).is_err());
}

/// The page that says of each verb what it takes.
const PAGE: &str = include_str!("../../../../docs/concepts/voice-actions.md");

/// The lines of tables below the heading that names the verb.
fn rows_of(verb: &str) -> Vec<&'static str> {
    let sections = PAGE.split("\n### ").skip(1);
    let of =
        |section: &&str| section.lines().next().is_some_and(|heading| heading.split(", ").any(|name| name == verb));
    let section = sections.into_iter().find(of).unwrap_or_else(|| panic!("the page has no section of {verb}"));
    let section = section.split("\n## ").next().unwrap_or_default();
    section.lines().filter(|line| line.starts_with('|')).collect()
}

#[test]
fn the_page_names_every_attribute_with_its_default() {
    each_attribute(|verb, _, name, attribute| {
        let rows = rows_of(verb);
        let named = format!("`{name}`");
        assert!(rows.iter().any(|row| row.contains(&named)), "docs/concepts/voice-actions.md: {verb} without {name}");
        let described = attribute["description"].as_str().and_then(|what| what.rsplit_once("Default: `"));
        let of_it: Vec<_> = rows.iter().filter(|row| row.starts_with(&format!("| {named} |"))).collect();
        let Some((_, default)) = described.filter(|_| !of_it.is_empty()) else { return };
        let plain = |text: &str| text.trim().trim_matches('`').trim_matches('"').replace(',', "");
        let default = plain(default.trim_end_matches("`."));
        let is_it = |row: &&&str| {
            let cell = plain(row.split('|').nth(2).unwrap_or_default());
            cell == default
                || cell.parse::<f64>().ok().zip(default.parse().ok()).is_some_and(|(a, b): (f64, f64)| a == b)
        };
        assert!(of_it.iter().any(is_it), "docs/concepts/voice-actions.md: {verb}.{name} is {default}");
    });
}

/// The names in code marks of a table's first cell.
fn named(row: &str) -> Vec<&str> {
    let cell = row.split('|').nth(1).unwrap_or_default();
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_page_names_no_attribute_that_there_is_not() {
    let verbs = verbs();
    let schema_of = |name: &str| verbs.iter().find(|(verb, _)| *verb == name).map(|(_, schema)| schema);
    let mut tried = 0;
    for section in PAGE.split("\n### ").skip(1) {
        let heading = section.lines().next().unwrap_or_default();
        let mut table = None;
        for line in section.split("\n## ").next().unwrap_or_default().lines() {
            if !line.starts_with('|') {
                table = None;
            } else if line.starts_with("| attribute") {
                // One table for all verbs of the heading, or for the one that it names.
                let of = named(line).first().copied();
                let of = of.map_or_else(
                    || heading.split(", ").filter_map(schema_of).collect(),
                    |verb| schema_of(verb).into_iter().collect::<Vec<_>>(),
                );
                assert!(!of.is_empty(), "a table of attributes below {heading}");
                table = Some(of);
            } else if let Some(of) = &table {
                for name in named(line) {
                    let is_there = of.iter().any(|schema| schema["properties"].get(name).is_some());
                    assert!(is_there, "docs/concepts/voice-actions.md: {heading} has no attribute {name}");
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 50, "{tried} are named");
}

#[test]
fn the_page_names_all_that_a_target_may_have() {
    let section = PAGE.split("\n#### One of several targets").nth(1).expect("a section");
    let section = section.split("\n### ").next().unwrap_or_default();
    let rows: BTreeSet<&str> = section.lines().filter(|line| line.starts_with("| `")).flat_map(named).collect();
    let kinds = schemas()["DialTarget"]["oneOf"].as_array().expect("kinds").clone();
    let names = kinds.iter().filter_map(|kind| kind["properties"].as_object()).flat_map(|all| all.keys());
    assert_eq!(rows, names.map(String::as_str).collect(), "docs/concepts/voice-actions.md");
}
