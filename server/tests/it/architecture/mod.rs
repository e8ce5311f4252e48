//! The house rules of `docs/ARCHITECTURE.md` that a compiler does not know, checked on the text of the repository.
//!
//! A rule that must give way somewhere names the file and the reason in its own list. Rules about who names what read the
//! server's files with a parser ([`reader`]); the others look for words, so a rule that words cannot tell is not among them.

mod documents;
mod files;
mod floors;
mod pure_crates;
mod reader;
mod rooms;

use std::fs;
use std::path::Path;

/// A text file of the repository.
struct Source {
    /// From the repository's root, with forward slashes.
    path: String,
    text: String,
}

impl Source {
    fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("tests.rs") || self.path.contains("/benches/")
    }

    /// Lines that run in production, numbered from 1: no comments, and nothing below the test module, which stands last.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let production = self.text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let lines = if self.is_test() { "" } else { production }.lines().enumerate();
        lines.map(|(at, line)| (at + 1, line)).filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// Where production code says `word`.
    fn says(&self, word: &str) -> Vec<String> {
        let hits = self.code().filter(|(_, line)| line.contains(word));
        hits.map(|(at, line)| format!("{}:{at}: {}", self.path, line.trim())).collect()
    }
}

/// The files below `folder` whose names end with one of `endings`.
fn sources(folder: &str, endings: &[&str]) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    walk(&root.join(folder), folder, endings, &mut found);
    assert!(!found.is_empty(), "no {endings:?} below {folder}: the check would look at nothing");
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn walk(folder: &Path, name: &str, endings: &[&str], found: &mut Vec<Source>) {
    /// Made by tools, not by us.
    const NOT_OURS: [&str; 5] = ["target", "node_modules", "dist", "corpus", "artifacts"];
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let own = entry.file_name().into_string().unwrap();
        let path = format!("{name}/{own}");
        if entry.file_type().unwrap().is_dir() {
            if !NOT_OURS.contains(&own.as_str()) && !own.starts_with('.') {
                walk(&entry.path(), &path, endings, found);
            }
        } else if endings.iter().any(|ending| own.ends_with(ending)) {
            found.push(Source { path, text: fs::read_to_string(entry.path()).unwrap() });
        }
    }
}

/// Fails with the whole list, so that one run shows everything there is to mend.
fn none(rule: &str, breaks: Vec<String>) {
    assert!(breaks.is_empty(), "{rule}:\n  {}", breaks.join("\n  "));
}
