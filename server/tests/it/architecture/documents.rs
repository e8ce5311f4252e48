//! `docs/ARCHITECTURE.md` says only what is there.

use std::path::Path;

use super::{none, sources};

fn architecture() -> String {
    let documents = sources("docs", &["ARCHITECTURE.md"]);
    documents.into_iter().next().map(|source| source.text).unwrap_or_default()
}

/// Everything that stands in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with("```")).flat_map(|line| line.split('`').skip(1).step_by(2))
}

#[test]
fn every_path_in_the_architecture_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = architecture();
    // A path is told by its slash and its lack of anything that a path does not have.
    let is_path =
        |word: &&str| word.contains('/') && !word.starts_with('/') && !word.contains([' ', '*', '<', '…', '@']);
    let missing = quoted(&text)
        .filter(is_path)
        .filter(|path| !root.join(path).exists() && !root.join("server/src").join(path).exists());
    none("paths are from the root or from server/src", missing.map(str::to_owned).collect());
}

#[test]
fn every_invariant_names_checks_that_exist() {
    let text = architecture();
    let table = text.split("\n## Invariants").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap_or_default();
    let rows: Vec<_> =
        table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| invariant")).collect();
    assert!(rows.len() >= 10, "the table of invariants is gone");
    let tests: String = ["server", "crates", "app", "browser-sdk", "xtask"]
        .iter()
        .flat_map(|folder| sources(folder, &[".rs"]))
        .map(|source| source.text)
        .collect();
    let makefile = include_str!("../../../../Makefile");
    let mut breaks = Vec::new();
    for row in rows {
        let check = row.trim_end_matches([' ', '|']).rsplit('|').next().unwrap_or_default();
        let names: Vec<_> = quoted(check).collect();
        if names.is_empty() {
            breaks.push(format!("no check: {row}"));
        }
        for name in names {
            let exists = match name.strip_prefix("make ") {
                Some(target) => makefile.contains(&format!("\n{target}:")),
                None => tests.contains(&format!("fn {name}(")),
            };
            if !exists && !name.contains(['/', '.']) {
                breaks.push(format!("no such check: {name}"));
            }
        }
    }
    none("each invariant has a check that fails when it breaks", breaks);
}
