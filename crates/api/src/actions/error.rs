//! Why an action document was refused, in words for the person who wrote it.

use std::fmt;

/// The first thing that is wrong with an action document; the whole document is refused.
///
/// `Display` joins both parts: `actions[3].getDigits.numDigits: expected 1 to 32`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ActionError {
    /// Where: a JSON path from the document's root, empty for the document itself.
    pub path: String,
    /// What was expected there.
    pub message: String,
}

impl ActionError {
    pub(crate) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

impl fmt::Display for ActionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", self.path, self.message) }
    }
}
