//! Where things are: the repository, the target folder, npm packages.

use crate::Outcome;
use std::{
    env,
    path::{Path, PathBuf},
};

/// Absolute folders that every step starts from.
pub(crate) struct Paths {
    /// Root of the repository.
    pub(crate) root: PathBuf,
    /// `$CARGO_TARGET_DIR`, or `target` in the repository.
    pub(crate) target: PathBuf,
}

impl Paths {
    pub(crate) fn discover() -> Outcome<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("xtask has no parent folder")?.to_path_buf();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => std::path::absolute(folder)?,
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// A file of an npm package, looked for where `npm ci` may have been run; `None` when it is not installed.
    pub(crate) fn npm(&self, file: &str) -> Option<PathBuf> {
        ["xtask/node_modules", "node_modules"]
            .iter()
            .map(|folder| self.root.join(folder).join(file))
            .find(|path| path.exists())
    }
}
