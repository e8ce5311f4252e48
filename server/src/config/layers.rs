//! Laying the sources over each other as TOML tables, each key checked against the default file.

use std::path::Path;

use toml::{Table, Value};

use super::{Config, ConfigError, DEFAULT_FILE, DEFAULT_PATH};

/// Variables of this prefix are settings; `__` separates section and key.
const ENV_PREFIX: &str = "SAUTIKIT__";
/// The lists that the default file shows only as comments.
const LISTS: [&str; 2] = ["trunk", "pbx_source"];
/// The switch with a third position: its plain ones may be written without quotes.
const SANDBOX: &str = "sandbox.enabled";

pub(super) fn merged(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    flags: &[(&str, String)],
) -> Result<Table, ConfigError> {
    let defaults = parse(DEFAULT_FILE, "config.default.toml")?;
    let mut merged = defaults.clone();
    if let Some((path, text)) = read(file)? {
        overlay(&mut merged, &defaults, parse(&text, &path)?, "", &path)?;
    }
    for (name, value) in environment {
        let Some(key) = name.strip_prefix(ENV_PREFIX) else { continue };
        set_text(&mut merged, &defaults, &key.to_ascii_lowercase().replace("__", "."), &value, &name)?;
    }
    for (key, value) in flags {
        set_text(&mut merged, &defaults, key, value, "the command line")?;
    }
    Ok(merged)
}

/// The typed form; section by section, so that the error names the key.
pub(super) fn typed(table: Table) -> Result<Config, ConfigError> {
    Config::deserialize_from(table)
}

impl Config {
    fn deserialize_from(table: Table) -> Result<Self, ConfigError> {
        table.try_into().map_err(|error: toml::de::Error| {
            let text = error.to_string();
            // toml ends its message with "in `section.key`".
            let (message, key) = match text.trim_end().rsplit_once("\nin `") {
                Some((message, key)) => (message.to_owned(), key.trim_end_matches('`').to_owned()),
                None => (text.trim_end().to_owned(), "configuration".to_owned()),
            };
            ConfigError::WrongValue { key, message }
        })
    }
}

fn read(file: Option<&Path>) -> Result<Option<(String, String)>, ConfigError> {
    let path = match file {
        Some(path) => path,
        None if Path::new(DEFAULT_PATH).exists() => Path::new(DEFAULT_PATH),
        None => return Ok(None),
    };
    let name = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some((name, text))),
        Err(source) => Err(ConfigError::Unreadable { path: name, source }),
    }
}

fn parse(text: &str, path: &str) -> Result<Table, ConfigError> {
    text.parse().map_err(|error: toml::de::Error| ConfigError::Malformed {
        path: path.to_owned(),
        message: error.to_string().trim_end().to_owned(),
    })
}

/// Copies `over` into `target`; every key must exist in `known` with the same kind of value.
fn overlay(target: &mut Table, known: &Table, over: Table, prefix: &str, origin: &str) -> Result<(), ConfigError> {
    for (name, value) in over {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        if LISTS.contains(&key.as_str()) {
            target.insert(name, value);
            continue;
        }
        match (known.get(&name), value) {
            (None, _) => return Err(ConfigError::UnknownKey { key, origin: origin.to_owned() }),
            (Some(Value::Table(known)), Value::Table(over)) => {
                if let Some(Value::Table(target)) = target.get_mut(&name) {
                    overlay(target, known, over, &key, origin)?;
                }
            }
            (Some(_), Value::Boolean(on)) if key == SANDBOX => {
                target.insert(name, Value::String(on.to_string()));
            }
            (Some(default), value) if default.same_type(&value) => {
                target.insert(name, value);
            }
            (Some(default), value) => {
                let message = format!("expected {}, found {} (in {origin})", default.type_str(), value.type_str());
                return Err(ConfigError::WrongValue { key, message });
            }
        }
    }
    Ok(())
}

/// Sets a dotted key from text, read as the kind that the default has. Lists are separated by commas.
fn set_text(target: &mut Table, known: &Table, key: &str, text: &str, origin: &str) -> Result<(), ConfigError> {
    let unknown = || ConfigError::UnknownKey { key: key.to_owned(), origin: origin.to_owned() };
    let wrong = |what: &str| ConfigError::wrong(key, format!("`{text}` is not {what} (in {origin})"));
    let (section, name) = match key.split_once('.') {
        Some((section, name)) => (Some(section), name),
        None => (None, key),
    };
    let (known, target) = match section {
        None => (known, target),
        Some(section) => match (known.get(section), target.get_mut(section)) {
            (Some(Value::Table(known)), Some(Value::Table(target))) => (known, target),
            _ => return Err(unknown()),
        },
    };
    let value = match known.get(name).ok_or_else(unknown)? {
        Value::String(_) => Value::String(text.to_owned()),
        Value::Boolean(_) => Value::Boolean(text.parse().map_err(|_| wrong("true or false"))?),
        Value::Integer(_) => Value::Integer(text.parse().map_err(|_| wrong("a whole number"))?),
        Value::Array(_) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
        }
        _ => return Err(unknown()),
    };
    target.insert(name.to_owned(), value);
    Ok(())
}
