//! The site folder:
//!
//! ```text
//! site/version              one line: the hash that names the current assets
//! site/assets/HASH/app.css  softphone.js  times.js  icon.svg  inter.woff2
//! site/sdk/browser/…  demo/…  see sdk.rs
//! site/licences.txt         see licences.rs
//! ```
//!
//! All files of one build live under one content hash: URLs inside them stay relative, every file may be cached for ever,
//! and a page never mixes files of two builds. `.br` and `.gz` siblings exist in release builds only.

use crate::{Outcome, compress, css, paths::Paths};
use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
};

/// The variable font of the console, taken from its npm package.
const FONT: &str = "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2";

/// Builds the console's assets into `site`, replacing what an earlier build left there.
pub(crate) fn build(paths: &Paths, site: &Path, release: bool) -> Outcome<()> {
    let staging = site.join("assets.new");
    if staging.exists() {
        fs::remove_dir_all(&staging)?;
    }
    fs::create_dir_all(&staging)?;

    let font = paths.npm(FONT);
    match &font {
        Some(file) => drop(fs::copy(file, staging.join("inter.woff2"))?),
        None => eprintln!("xtask: {FONT} is not installed (npm ci --ignore-scripts in xtask/), using system fonts"),
    }
    fs::write(staging.join("app.css"), css::bundle(paths, font.is_some())?)?;
    copy_scripts(&paths.root.join("app/js"), &staging)?;
    // Stable across runs and machines: DefaultHasher::new has fixed keys.
    let version = fingerprint(&staging)?;
    if release {
        compress::folder(&staging)?;
    }

    let assets = site.join("assets");
    if assets.exists() {
        fs::remove_dir_all(&assets)?;
    }
    fs::create_dir_all(&assets)?;
    fs::rename(&staging, assets.join(&version))?;
    // Last, so that a reader never sees a version whose files are not there yet.
    fs::write(site.join("version"), format!("{version}\n"))?;
    eprintln!("xtask: site ready in {} (version {version})", site.display());
    Ok(())
}

fn copy_scripts(from: &Path, to: &Path) -> Outcome<()> {
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        if let Some(name) = path
            .file_name()
            .filter(|_| path.extension().is_some_and(|kind| ["js", "svg", "png"].iter().any(|known| kind == *known)))
        {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

fn fingerprint(folder: &Path) -> Outcome<String> {
    let mut files =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files.iter().filter(|path| path.is_file()) {
        file.file_name().hash(&mut hasher);
        fs::read(file)?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}
