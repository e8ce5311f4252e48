//! Rebuilds the server when a migration is added: `include_dir!` notices changed files, but not new ones.

fn main() {
    println!("cargo::rerun-if-changed=../migrations");
    println!("cargo::rerun-if-changed=build.rs");
}
