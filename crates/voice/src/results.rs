//! What the steps since the last callback came to: parameters that the next one carries.

/// The latest value of each parameter, in the order they first came.
#[derive(Default)]
pub(crate) struct Results {
    values: Vec<(&'static str, String)>,
}

impl Results {
    /// Replaces what an earlier step said under this name.
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.forget(name);
        self.values.push((name, value.into()));
    }

    pub(crate) fn forget(&mut self, name: &'static str) {
        self.values.retain(|(other, _)| *other != name);
    }

    /// Hands them over; what was told once is not told again.
    pub(crate) fn take(&mut self) -> Vec<(&'static str, String)> {
        core::mem::take(&mut self.values)
    }
}
