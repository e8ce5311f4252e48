//! The server's modules as its own `mod` lines make them, without what only tests see.

use std::fs;
use std::path::{Path, PathBuf};

use syn::{Attribute, File, Item, Meta};

/// A file of the server.
pub(super) struct Module {
    /// From the repository's root, with forward slashes.
    pub(super) file: String,
    /// Its place: `["calls", "record"]`; the library's root is empty.
    pub(super) path: Vec<String>,
    pub(super) syntax: File,
}

/// Every file that `lib.rs` and `main.rs` lead to.
pub(super) fn all() -> Vec<Module> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    read(&source, &source.join("lib.rs"), &source, Vec::new(), &mut found);
    read(&source, &source.join("main.rs"), &source, vec!["main".to_owned()], &mut found);
    found
}

/// Whether an item is compiled for tests only.
pub(super) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => list.tokens.to_string() == "test",
        meta => meta.path().is_ident("test"),
    })
}

/// Reads `file` and, from `folder`, the files of its modules.
fn read(source: &Path, file: &Path, folder: &Path, path: Vec<String>, found: &mut Vec<Module>) {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    for item in &syntax.items {
        if let Item::Mod(module) = item
            && module.content.is_none()
            && !is_for_tests(&module.attrs)
        {
            let name = module.ident.to_string();
            let child = [path.as_slice(), std::slice::from_ref(&name)].concat();
            read(source, &file_of(folder, &name), &folder.join(&name), child, found);
        }
    }
    let file = format!("server/src/{}", file.strip_prefix(source).unwrap().display());
    found.push(Module { file, path, syntax });
}

fn file_of(folder: &Path, name: &str) -> PathBuf {
    let own = folder.join(format!("{name}.rs"));
    if own.exists() { own } else { folder.join(name).join("mod.rs") }
}
