//! `a=` lines in their order.

use super::Direction;

/// `a=name` or `a=name:value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    pub name: String,
    pub value: Option<String>,
}

/// The attributes of a session or media section. Names are case-sensitive (RFC 8866 §5.13).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes(Vec<Attribute>);

impl Attributes {
    pub fn iter(&self) -> impl Iterator<Item = &Attribute> {
        self.0.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of the first attribute of this name; `None` when absent or without value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|attribute| attribute.name == name)?.value.as_deref()
    }

    /// Every value of this name in order.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |attribute| attribute.name == name).filter_map(|attribute| attribute.value.as_deref())
    }

    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|attribute| attribute.name == name)
    }

    /// Appends `a=name:value`.
    pub fn push(&mut self, name: &str, value: impl Into<String>) {
        self.0.push(Attribute { name: name.to_owned(), value: Some(value.into()) });
    }

    /// Appends `a=name`.
    pub fn push_flag(&mut self, name: &str) {
        self.0.push(Attribute { name: name.to_owned(), value: None });
    }

    pub(super) fn append(&mut self, attribute: Attribute) {
        self.0.push(attribute);
    }

    /// Replaces every attribute of this name by one at the end.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.remove(name);
        self.push(name, value);
    }

    pub fn remove(&mut self, name: &str) {
        self.0.retain(|attribute| attribute.name != name);
    }

    /// Keeps the attributes that satisfy the predicate.
    pub fn retain(&mut self, keep: impl FnMut(&Attribute) -> bool) {
        self.0.retain(keep);
    }

    /// The direction attribute, if there is one.
    pub fn direction(&self) -> Option<Direction> {
        self.0.iter().find_map(|attribute| match attribute.name.as_str() {
            "sendrecv" => Some(Direction::SendRecv),
            "sendonly" => Some(Direction::SendOnly),
            "recvonly" => Some(Direction::RecvOnly),
            "inactive" => Some(Direction::Inactive),
            _ => None,
        })
    }

    /// Replaces the direction attribute.
    pub fn set_direction(&mut self, direction: Direction) {
        for name in ["sendrecv", "sendonly", "recvonly", "inactive"] {
            self.remove(name);
        }
        self.push_flag(direction.as_str());
    }
}
