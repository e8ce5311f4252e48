//! What an entry of the audit log changed, as a reader compares it: a line per field, before struck out, after beside it.

use crate::format;
use leptos::prelude::*;
use serde_json::{Map, Value};

/// One field; `None` where it did not exist or is not told.
#[derive(Debug, PartialEq)]
struct Change {
    field: String,
    before: Option<String>,
    after: Option<String>,
}

/// The details as lines, amounts in the workspace's currency; a dash where there are none.
pub(super) fn changes(details: &Value, currency: &str) -> AnyView {
    let lines = lines(details, currency);
    if lines.is_empty() {
        return view! { <span class="muted">"–"</span> }.into_any();
    }
    let lines = lines.into_iter().map(|Change { field, before, after }| {
        view! {
            <div>
                <dt>{field}</dt>
                <dd>{before.map(|value| view! { <del>{value}</del> })}{after.map(|value| view! { <ins>{value}</ins> })}</dd>
            </div>
        }
    });
    view! { <dl class="changes">{lines.collect_view()}</dl> }.into_any()
}

/// Fields of `before` and `after` that differ, then what else is told, which holds from then on. Spaces stand for the
/// underscores of names, so that long ones wrap.
fn lines(details: &Value, currency: &str) -> Vec<Change> {
    let empty = Map::new();
    let change = |field: &str, before: Option<&Value>, after: Option<&Value>| {
        let (name, currency) = match field.strip_suffix("_minor") {
            Some(name) => (name, Some(currency)),
            None => (field, None),
        };
        let text = |value: &Value| match (currency, value.as_i64()) {
            (Some(currency), Some(minor)) => Some(format::money(minor, currency)),
            _ => shown(value),
        };
        Change { field: name.replace('_', " "), before: before.and_then(text), after: after.and_then(text) }
    };
    let members = |name: &str| details.get(name).and_then(Value::as_object).unwrap_or(&empty);
    let (before, after) = (members("before"), members("after"));
    let gone = before.iter().filter(|(field, _)| !after.contains_key(*field));
    let gone = gone.map(|(field, value)| change(field, Some(value), None));
    let changed = after.iter().filter(|(field, value)| before.get(*field) != Some(value));
    let changed = changed.map(|(field, value)| change(field, before.get(field), Some(value)));
    let rest = details.as_object().unwrap_or(&empty).iter();
    let rest = rest
        .filter(|(field, value)| !matches!(field.as_str(), "before" | "after") && !is_nothing(value))
        .map(|(field, value)| change(field, None, Some(value)));
    changed.chain(gone).chain(rest).collect()
}

fn is_nothing(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Bool(false))
}

/// Text as it is, lists with commas; null is nothing.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => Some(items.iter().filter_map(shown).collect::<Vec<_>>().join(", ")),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn change(field: &str, before: Option<&str>, after: Option<&str>) -> Change {
        Change { field: field.to_owned(), before: before.map(str::to_owned), after: after.map(str::to_owned) }
    }

    #[test]
    fn only_what_differs_is_told_and_who_it_was_about() {
        let details =
            json!({"before": {"role": "viewer", "x": 1}, "after": {"role": "admin", "x": 1}, "email": "a@b.ke"});
        assert_eq!(
            lines(&details, "KES"),
            [change("role", Some("viewer"), Some("admin")), change("email", None, Some("a@b.ke"))]
        );
    }

    #[test]
    fn what_is_gone_has_no_after() {
        assert_eq!(lines(&json!({"before": {"role": "viewer"}}), "KES"), [change("role", Some("viewer"), None)]);
    }

    #[test]
    fn amounts_are_money() {
        assert_eq!(lines(&json!({"charged_minor": 3334}), "KES"), [change("charged", None, Some("KES 33.34"))]);
    }

    #[test]
    fn lists_are_read_with_commas_and_nothing_is_left_out() {
        let details = json!({"scopes": ["calls:read", "sip:token"], "new_signing_secret": false, "note": null});
        assert_eq!(lines(&details, "KES"), [change("scopes", None, Some("calls:read, sip:token"))]);
    }
}
