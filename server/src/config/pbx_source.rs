//! `[[pbx_source]]`: external PBXs that tell of the calls that they run.

use serde::Deserialize;

/// One PBX, or the bridge beside it.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PbxSource {
    /// Unique among the sources; stands in each of its requests.
    pub name: String,
    /// Signs its requests; 32 characters at least.
    pub secret: String,
    /// Ids of the workspaces whose calls it may tell of; `*` is every workspace.
    pub workspaces: Vec<String>,
}

impl PbxSource {
    /// The shortest secret, in characters.
    pub const SECRET_MIN_CHARS: usize = 32;

    /// Whether it may tell of the calls of this workspace.
    pub fn may_tell_of(&self, workspace: &str) -> bool {
        self.workspaces.iter().any(|listed| listed == "*" || listed == workspace)
    }
}

impl std::fmt::Debug for PbxSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PbxSource").field("name", &self.name).finish_non_exhaustive()
    }
}
