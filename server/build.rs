//! Rebuilds the server when migrations, documentation or the packed site change: `include_dir!` notices none of them.
//!
//! `SAUTIKIT_SITE_DIR` (set by `make release`) names a folder that `xtask build` wrote; it then goes into the binary.
//! Without it the server reads the site from disk, so that a change of style needs no new server.

/// The folder to pack.
const SITE_DIR: &str = "SAUTIKIT_SITE_DIR";

fn main() {
    println!("cargo::rerun-if-changed=../migrations");
    println!("cargo::rerun-if-changed=../docs");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={SITE_DIR}");
    println!("cargo::rustc-check-cfg=cfg(embedded_site)");
    if let Some(folder) = std::env::var(SITE_DIR).ok().filter(|folder| !folder.is_empty()) {
        println!("cargo::rerun-if-changed={folder}");
        println!("cargo::rustc-cfg=embedded_site");
    }
}
