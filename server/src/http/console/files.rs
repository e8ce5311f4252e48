//! Where the site's files come from: a folder that `xtask build` wrote, or the binary itself in a release.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use include_dir::Dir;

/// The site that `make release` packed into this binary.
#[cfg(embedded_site)]
static EMBEDDED: Option<&Dir<'static>> = {
    static SITE: Dir<'static> = include_dir::include_dir!("$SAUTIKIT_SITE_DIR");
    Some(&SITE)
};
/// Development builds read the site from disk.
#[cfg(not(embedded_site))]
static EMBEDDED: Option<&Dir<'static>> = None;

/// Below the site folder.
pub(super) const LICENCES: &str = "licences.txt";

/// The built site: `version`, `assets/HASH/…`, `sdk/browser/…`.
#[derive(Debug)]
pub(super) enum SiteFiles {
    /// Read per request, so that a rebuild of the assets needs no restart.
    Folder(PathBuf),
    /// Part of the binary.
    Embedded(&'static Dir<'static>),
}

impl SiteFiles {
    /// The configured folder; else the packed site; else `site` beside the executable or one level up (cargo's target
    /// folder).
    pub(super) fn find(configured: &Path) -> Self {
        if !configured.as_os_str().is_empty() {
            return Self::Folder(configured.to_path_buf());
        }
        if let Some(embedded) = EMBEDDED {
            return Self::Embedded(embedded);
        }
        let executable = std::env::current_exe().unwrap_or_default();
        let candidates = executable.ancestors().skip(1).take(3).map(|folder| folder.join("site"));
        let found = candidates.into_iter().find(|folder| folder.join("version").is_file());
        if found.is_none() {
            tracing::warn!("no built site found (cargo run -p xtask -- build); pages will have no style");
        }
        Self::Folder(found.unwrap_or_else(|| PathBuf::from("site")))
    }

    /// URL folder of the current build's assets.
    pub(super) fn assets_url(&self) -> String {
        let version = match self {
            Self::Folder(root) => std::fs::read_to_string(root.join("version")).unwrap_or_default(),
            Self::Embedded(site) => {
                site.get_file("version").and_then(|file| file.contents_utf8()).unwrap_or_default().to_owned()
            }
        };
        format!("/assets/{}", version.trim())
    }

    /// The licences of all that this installation consists of (`xtask licences`).
    pub(super) fn licences(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Folder(root) => std::fs::read_to_string(root.join(LICENCES)).ok().map(Cow::Owned),
            Self::Embedded(site) => site.get_file(LICENCES).and_then(|file| file.contents_utf8()).map(Cow::Borrowed),
        }
    }

    /// Whether the current build has an asset of that name.
    pub(super) fn has_asset(&self, name: &str) -> bool {
        let path = format!("{}/{name}", self.assets_url().trim_start_matches('/'));
        match self {
            Self::Folder(root) => root.join(path).is_file(),
            Self::Embedded(site) => site.get_file(path).is_some(),
        }
    }

    /// A file by its path below the site, `/` between the parts.
    pub(super) async fn read(&self, path: &str) -> Option<Cow<'static, [u8]>> {
        // Plain names only: no way out of the folder.
        if !path.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && !part.contains('\\')) {
            return None;
        }
        match self {
            Self::Folder(root) => tokio::fs::read(root.join(path)).await.ok().map(Cow::Owned),
            Self::Embedded(site) => site.get_file(path).map(|file| Cow::Borrowed(file.contents())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_path_leads_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("site")).unwrap();
        std::fs::write(folder.path().join("secret"), "s").unwrap();
        std::fs::write(folder.path().join("site/app.css"), "c").unwrap();
        let files = SiteFiles::find(&folder.path().join("site"));
        assert_eq!(files.read("app.css").await.as_deref(), Some(b"c".as_slice()));
        for path in ["../secret", "a/../../secret", "..\\secret", "/secret", "", ".hidden"] {
            assert_eq!(files.read(path).await, None, "{path}");
        }
    }
}
