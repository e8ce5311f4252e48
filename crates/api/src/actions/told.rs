//! Status callbacks: of which of its events somebody is told beside the call's steps.

use serde_json::Value;

use super::{
    ActionError,
    attributes::{Attributes, kind},
};

/// Names of events, each at most once, out of those that there are.
pub(super) fn events(
    attributes: &mut Attributes<'_>,
    name: &'static str,
    known: &[&'static str],
) -> Result<Option<Vec<&'static str>>, ActionError> {
    let Some(value) = attributes.value(name) else { return Ok(None) };
    let Value::Array(items) = value else {
        return Err(attributes.error(name, format!("expected a list, found {}", kind(value))));
    };
    if items.is_empty() || items.len() > known.len() {
        return Err(attributes.error(name, format!("expected {} names", bounds(known))));
    }
    let mut events = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        let found = item.as_str().and_then(|text| known.iter().find(|known| **known == text));
        match found {
            Some(event) if events.contains(event) => {}
            Some(event) => events.push(*event),
            None => {
                let path = format!("{}[{at}]", attributes.path_of(name));
                return Err(ActionError::new(path, format!("expected one of {}", known.join(", "))));
            }
        }
    }
    Ok(Some(events))
}

fn bounds(known: &[&str]) -> String {
    format!("1 to {}", known.len())
}
