//! Licence texts: those in a package's folder, and the usual one for packages that name a licence and bring no text.

use crate::Outcome;
use std::{fs, path::Path};

/// How files with licences begin, in capitals.
const NAMES: [&str; 6] = ["LICEN", "COPYING", "NOTICE", "COPYRIGHT", "UNLICENSE", "PATENTS"];
/// C that a crate brings along lies this deep at most (`opusic-sys/opus`, `ring/third_party/fiat`).
const DEPTH: usize = 4;
/// Not shipped.
const SKIPPED: [&str; 6] = ["tests", "test", "benches", "examples", "node_modules", "target"];
/// A "licence" beyond this is something else; the longest real ones are below 40 kB.
const LONGEST_BYTES: u64 = 100_000;

/// The texts below `folder`, tidied, each once.
pub(super) fn in_folder(folder: &Path) -> Outcome<Vec<String>> {
    let mut texts = Vec::new();
    collect(folder, DEPTH, &mut texts)?;
    texts.sort();
    texts.dedup();
    Ok(texts)
}

fn collect(folder: &Path, depth: usize, texts: &mut Vec<String>) -> Outcome<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        if path.is_dir() {
            if depth > 0 && !SKIPPED.iter().any(|skipped| name.eq_ignore_ascii_case(skipped)) {
                collect(&path, depth - 1, texts)?;
            }
        } else if NAMES.iter().any(|start| name.starts_with(start))
            && !name.ends_with(".RS")
            && fs::metadata(&path)?.len() <= LONGEST_BYTES
        {
            let text = tidy(&String::from_utf8_lossy(&fs::read(&path)?));
            // Links that an archive flattened to a path.
            if text.lines().count() > 1 {
                texts.push(text);
            }
        }
    }
    Ok(())
}

/// The text with the same line ends everywhere and no trailing blanks, so that equal ones are equal.
pub(super) fn tidy(text: &str) -> String {
    let lines = Vec::from_iter(text.lines().map(str::trim_end));
    lines.join("\n").trim_matches('\n').to_owned()
}

/// For a package without a text of its own: the MIT licence where it may be chosen.
pub(super) fn usual(name: &str, licence: &str, authors: &str) -> Outcome<String> {
    if !licence.split(['/', ' ', '(', ')']).any(|choice| choice == "MIT") || licence.contains(" AND ") {
        return Err(format!("{name} is under {licence} and brings no text of it").into());
    }
    let holders = if authors.is_empty() { format!("the authors of {name}") } else { authors.to_owned() };
    Ok(mit(&holders))
}

/// The MIT licence of these holders.
pub(super) fn mit(holders: &str) -> String {
    let own = include_str!("../../../LICENSE-MIT");
    tidy(&own.replace("(c) 2026 The Sautikit authors", &format!("(c) {holders}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_licence_that_may_be_chosen_is_filled_in() {
        assert!(usual("a", "MIT/Apache-2.0", "").unwrap().contains("Copyright (c) the authors of a\n"));
        assert!(usual("a", "MIT AND BSD-3-Clause", "").is_err());
        assert!(usual("a", "GPL-3.0-only", "").is_err());
    }

    #[test]
    fn line_ends_do_not_make_two_texts_of_one() {
        assert_eq!(tidy("\r\na \r\nb\r\n"), tidy("a\nb"));
    }
}
