//! What endpoints share stands once, under `components`, and they refer to it (OpenAPI 3.1 §4.8.7).

use serde_json::{Map, Value, json};

/// Parameters that many endpoints take; each has one description, so that its name says enough.
const SHARED_PARAMETERS: [&str; 4] = ["limit", "cursor", "Idempotency-Key", "X-Sautikit-Workspace"];

/// What is referred to, by section and name.
#[derive(Default)]
pub(super) struct Components(Map<String, Value>);

impl Components {
    /// Keeps what `make` gives under that name, the first time that it is asked for, and refers to it.
    pub(super) fn refer(&mut self, section: &str, name: &str, make: impl FnOnce() -> Value) -> Value {
        let section_of = self.0.entry(section).or_insert_with(|| json!({}));
        if section_of.get(name).is_none() {
            section_of[name] = make();
        }
        json!({ "$ref": format!("#/components/{section}/{name}") })
    }

    /// Leaves references where the operation has shared parameters.
    pub(super) fn take_parameters(&mut self, operation: &mut Map<String, Value>) {
        for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap_or_default().to_owned();
            if SHARED_PARAMETERS.contains(&name.as_str()) {
                let whole = parameter.take();
                *parameter = self.refer("parameters", &name, || whole);
            }
        }
    }

    /// Adds all of it to the document's own.
    pub(super) fn join(self, components: &mut Value) {
        for (section, entries) in self.0 {
            components[section] = entries;
        }
    }
}
