//! Why a typed header cannot be read.

use super::HeaderName;

/// A header is absent or its value breaks the grammar. Values are not repeated here: they may hold
/// telephone numbers or credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    #[error("{0} is missing")]
    Missing(HeaderName),
    #[error("{name} {why}")]
    Malformed { name: HeaderName, why: &'static str },
    /// A header that may stand once stands several times; two readers would pick different ones.
    #[error("{0} stands more than once")]
    Repeated(HeaderName),
}

impl HeaderError {
    pub(crate) fn malformed(name: &HeaderName, why: &'static str) -> HeaderError {
        HeaderError::Malformed { name: name.clone(), why }
    }
}
