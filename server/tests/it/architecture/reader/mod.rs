//! What the server's files name, read with a parser: `use` lines, paths in types and expressions, and what stands in macros
//! and attributes. A path that begins with an imported name is followed to where the import leads; what only tests see is
//! left out. Deliberately absent: types of values, so a method's own path is not known.

mod modules;
mod paths;

use std::sync::LazyLock;

/// Something is named somewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    /// From the repository's root, with forward slashes.
    pub(super) file: String,
    pub(super) line: usize,
    /// The module that names it: `["calls", "record"]`; the library's root is empty.
    pub(super) module: Vec<String>,
    /// What is named, from its crate on: `["crate", "web", "page"]`, `["std", "time", "Instant", "now"]`.
    pub(super) path: Vec<String>,
}

impl Name {
    /// The first step into the server of who names it: `calls`, `http`, `main`.
    pub(super) fn room(&self) -> &str {
        self.module.first().map_or("lib", String::as_str)
    }

    /// The first step into the server of what is named, if it is of the server.
    pub(super) fn to_room(&self) -> Option<&str> {
        let [root, room, ..] = self.path.as_slice() else { return None };
        (root == "crate").then_some(room.as_str())
    }

    /// Whether the path begins like this.
    pub(super) fn begins(&self, with: &[&str]) -> bool {
        self.path.len() >= with.len() && self.path.iter().zip(with).all(|(own, other)| own == other)
    }

    pub(super) fn shown(&self) -> String {
        format!("{}:{}: {}", self.file, self.line, self.path.join("::"))
    }
}

static NAMES: LazyLock<Vec<Name>> = LazyLock::new(|| {
    let mut names: Vec<_> = modules::all().iter().flat_map(paths::of).collect();
    names.sort();
    names.dedup();
    names
});

/// Everything that production code of the server names.
pub(super) fn names() -> &'static [Name] {
    &NAMES
}

#[test]
fn the_reader_sees_what_a_search_for_words_does_not() {
    let syntax = syn::parse_str(
        r#"
        use super::super::{http as web_edge, state::{AppState, Shared as Parts}};
        use std::time::{self, Instant as Moment};
        struct Kept { #[serde(with = "crate::clock::text")] at: i64, of: Vec<crate::mail::Mail>, own: super::Sibling }
        fn run() { tracing::info!(count = crate::requests::count(), "{}", { use crate::{row, line}; 1 }); }
        fn late(parts: Parts) { web_edge::router(); select! { () = Moment::now() => {} } time::SystemTime::now(); }
        #[cfg(test)] fn only_tests() { crate::gateway::start(); }
        #[cfg(test)] mod tests { use crate::serve; }
        "#,
    )
    .unwrap();
    let file = modules::Module { file: "x.rs".to_owned(), path: vec!["calls".to_owned(), "record".to_owned()], syntax };
    let names = paths::of(&file);
    let mut rooms: Vec<_> = names.iter().filter_map(Name::to_room).collect();
    rooms.sort_unstable();
    rooms.dedup();
    assert_eq!(rooms, ["calls", "clock", "http", "line", "mail", "requests", "row", "state"]);
    for path in [
        ["crate", "http", "router"].as_slice(),
        &["std", "time", "Instant", "now"],
        &["std", "time", "SystemTime", "now"],
        &["crate", "state", "Shared"],
    ] {
        assert!(names.iter().any(|name| name.path == path), "{path:?} is not among {names:?}");
    }
}
