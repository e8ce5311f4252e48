//! The licences of everything that ends up in what we ship: our own, and of each crate and npm package the text that its
//! authors ask to be handed on.
//!
//! Two files: one for the binary (packed with the site: `sautikit licences`, `/docs/licences.txt`) and one for the npm
//! package. Which crates are linked is cargo's answer (`cargo metadata`, normal dependencies, no procedural macros), the
//! texts are those in the crates' own archives, vendored C included; equal texts stand once. cargo-about does the same from
//! 300 crates of its own and fetches what is missing from GitHub, which builds here do not reach.

use crate::{Outcome, paths::Paths};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

mod texts;

/// Name of the file beside the SDK's module and in the npm package.
pub(crate) const FILE_OF_SDK: &str = "THIRD-PARTY-LICENCES.txt";
/// Name of the file in the site folder.
pub(crate) const FILE_OF_SITE: &str = "licences.txt";

/// npm packages whose files the console serves; the others build or test only.
const SERVED_FROM_NPM: [&str; 1] = ["@fontsource-variable/inter"];

/// What a file is about.
pub(crate) struct Subject {
    title: &'static str,
    package: &'static str,
    /// Target triple; of the machine itself where none is given.
    target: Option<&'static str>,
    npm: &'static [&'static str],
}

/// The server's binary with the console in it.
pub(crate) const SERVER: Subject =
    Subject { title: "Sautikit", package: "sautikit", target: None, npm: &SERVED_FROM_NPM };
/// The npm package.
pub(crate) const SDK: Subject = Subject {
    title: "@sautikit/browser",
    package: "sautikit-browser",
    target: Some("wasm32-unknown-unknown"),
    npm: &[],
};

/// Something that somebody else wrote and we ship.
struct Part {
    name: String,
    version: String,
    licence: String,
    home: String,
    texts: Vec<String>,
}

/// Writes the file of `subject` to `file`. With the SDK inside, the server's names the SDK's crates as well.
pub(crate) fn write(paths: &Paths, subjects: &[&Subject], file: &Path) -> Outcome<()> {
    let text = text(paths, subjects)?;
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, text)?;
    Ok(())
}

fn text(paths: &Paths, subjects: &[&Subject]) -> Outcome<String> {
    let mut parts: BTreeMap<(String, String), Part> = BTreeMap::new();
    for subject in subjects {
        let found = crates(paths, subject)?.into_iter().chain(npm(paths, subject)?).chain([standard_library()]);
        parts.extend(found.map(|part| ((part.name.clone(), part.version.clone()), part)));
    }
    let title = subjects.first().map(|subject| subject.title).unwrap_or_default();
    let own =
        [fs::read_to_string(paths.root.join("LICENSE-MIT"))?, fs::read_to_string(paths.root.join("LICENSE-APACHE"))?];
    Ok(print(title, &own, parts.into_values().collect()))
}

fn print(title: &str, own: &[String], parts: Vec<Part>) -> String {
    let mut numbered: Vec<&String> = Vec::new();
    let mut lines = String::new();
    for part in &parts {
        let mut numbers = BTreeSet::new();
        for text in &part.texts {
            let known = numbered.iter().position(|other| *other == text);
            numbers.insert(
                known.unwrap_or_else(|| {
                    numbered.push(text);
                    numbered.len() - 1
                }) + 1,
            );
        }
        let numbers = Vec::from_iter(numbers.into_iter().map(|number| format!("[{number}]"))).join(" ");
        lines += &format!("{} {}: {}, {} {numbers}\n", part.name, part.version, part.licence, part.home);
    }
    let rule = "-".repeat(80);
    let mut out = format!("{title}: MIT OR Apache-2.0, as you choose. Both texts:\n");
    for text in own {
        out += &format!("\n{rule}\n\n{}\n", text.trim());
    }
    out += &format!(
        "\n{rule}\n\n{title} contains work of others, by the licences below. Numbers name the texts after the list.\n\n{lines}"
    );
    for (at, text) in numbered.iter().enumerate() {
        out += &format!("\n{rule}\n[{}]\n\n{}\n", at + 1, text.trim());
    }
    out
}

/// The crates that are linked into the subject.
fn crates(paths: &Paths, subject: &Subject) -> Outcome<Vec<Part>> {
    let host = host()?;
    let target = subject.target.unwrap_or(&host);
    let output = cargo(paths, &["metadata", "--format-version", "1", "--locked", "--filter-platform", target])?;
    let metadata: serde_json::Value = serde_json::from_str(&output)?;
    let packages: BTreeMap<&str, &serde_json::Value> =
        array(&metadata["packages"]).map(|package| (string(&package["id"]), package)).collect();
    let nodes: BTreeMap<&str, &serde_json::Value> =
        array(&metadata["resolve"]["nodes"]).map(|node| (string(&node["id"]), node)).collect();
    let root = packages.iter().find(|(_, package)| string(&package["name"]) == subject.package);
    let mut open: Vec<&str> = vec![root.ok_or_else(|| format!("no package {}", subject.package))?.0];
    let mut seen = BTreeSet::new();
    let (mut parts, mut bare) = (Vec::new(), Vec::new());
    while let Some(id) = open.pop() {
        let (Some(package), Some(node)) = (packages.get(id), nodes.get(id)) else { continue };
        // Procedural macros and what they are made of run while building and are not shipped.
        let macros = array(&package["targets"]).any(|target| array(&target["kind"]).any(|kind| kind == "proc-macro"));
        if macros || !seen.insert(id) {
            continue;
        }
        let linked = |of: &&serde_json::Value| array(&of["dep_kinds"]).any(|kind| kind["kind"].is_null());
        open.extend(array(&node["deps"]).filter(linked).map(|of| string(&of["pkg"])));
        // Our own have no source.
        if !package["source"].is_null() {
            let part = part_of_crate(package)?;
            if part.texts.is_empty() { bare.push((*package, part)) } else { parts.push(part) }
        }
    }
    for (package, mut part) in bare {
        part.texts = texts_of_bare(package, &part, &parts)?;
        parts.push(part);
    }
    Ok(parts)
}

/// The texts of a crate that brings none: those of another crate of its repository under the same licence (one archive of
/// several holds the text of all), or else the usual one.
fn texts_of_bare(package: &serde_json::Value, part: &Part, others: &[Part]) -> Outcome<Vec<String>> {
    let is_sibling = |other: &&Part| other.home == part.home && other.licence == part.licence;
    if package["repository"].is_string()
        && let Some(sibling) = others.iter().find(is_sibling)
    {
        return Ok(sibling.texts.clone());
    }
    let authors = Vec::from_iter(array(&package["authors"]).map(string)).join(", ");
    Ok(vec![texts::usual(&part.name, &part.licence, &authors)?])
}

fn part_of_crate(package: &serde_json::Value) -> Outcome<Part> {
    let folder = Path::new(string(&package["manifest_path"])).parent().ok_or("a manifest without a folder")?;
    let (name, licence) = (string(&package["name"]), string(&package["license"]));
    let mut texts = texts::in_folder(folder)?;
    if let Some(file) = package["license_file"].as_str() {
        texts.push(texts::tidy(&fs::read_to_string(folder.join(file))?));
    }
    let home = package["repository"].as_str().or(package["homepage"].as_str()).unwrap_or("https://crates.io");
    Ok(Part {
        name: name.to_owned(),
        version: string(&package["version"]).to_owned(),
        licence: licence.to_owned(),
        home: home.to_owned(),
        texts,
    })
}

fn npm(paths: &Paths, subject: &Subject) -> Outcome<Vec<Part>> {
    let mut parts = Vec::new();
    for name in subject.npm {
        // Not installed: not served either (site.rs says so while building).
        let Some(manifest) = paths.npm(&format!("{name}/package.json")) else { continue };
        let package: serde_json::Value = serde_json::from_str(&fs::read_to_string(&manifest)?)?;
        let mut texts = texts::in_folder(manifest.parent().ok_or("a manifest without a folder")?)?;
        let licence = string(&package["license"]);
        if texts.is_empty() {
            let author = package["author"].as_str().unwrap_or(string(&package["author"]["name"]));
            texts.push(texts::usual(name, licence, author)?);
        }
        parts.push(Part {
            name: (*name).to_owned(),
            version: string(&package["version"]).to_owned(),
            licence: licence.to_owned(),
            home: package["homepage"].as_str().unwrap_or("https://www.npmjs.com").to_owned(),
            texts,
        });
    }
    Ok(parts)
}

/// Linked into everything, and in no lock file.
fn standard_library() -> Part {
    Part {
        name: "std".into(),
        version: "(the Rust standard library)".into(),
        licence: "MIT OR Apache-2.0".into(),
        home: "https://github.com/rust-lang/rust".into(),
        texts: vec![texts::mit("The Rust Project contributors")],
    }
}

fn host() -> Outcome<String> {
    let output = Command::new("rustc").arg("-vV").output()?.stdout;
    let text = String::from_utf8(output)?;
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(line.ok_or("rustc names no host")?.to_owned())
}

fn cargo(paths: &Paths, arguments: &[&str]) -> Outcome<String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let output = cargo.current_dir(&paths.root).args(arguments).output()?;
    if !output.status.success() {
        return Err(format!("cargo {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn array(value: &serde_json::Value) -> impl Iterator<Item = &serde_json::Value> {
    value.as_array().into_iter().flatten()
}

fn string(value: &serde_json::Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asked of `cargo tree`, which walks the same graph by other code.
    fn linked(paths: &Paths, subject: &Subject) -> Vec<(String, String)> {
        let host = host().unwrap();
        let target = subject.target.unwrap_or(&host);
        let tree = cargo(
            paths,
            &[
                "tree",
                "--locked",
                "-p",
                subject.package,
                "-e",
                "normal,no-proc-macro",
                "--prefix",
                "none",
                "--target",
                target,
                "-f",
                "{p}",
            ],
        );
        let lines: BTreeSet<String> = tree.unwrap().lines().map(str::to_owned).collect();
        let third_party = lines.into_iter().filter(|line| !line.is_empty() && !line.contains("(/"));
        let pair = |line: String| {
            let mut words = line.split(' ');
            let name = words.next().unwrap_or_default().to_owned();
            (name, words.next().unwrap_or_default().trim_start_matches('v').to_owned())
        };
        third_party.map(pair).collect()
    }

    #[test]
    fn every_linked_crate_is_named_with_a_text() {
        let paths = Paths::discover().unwrap();
        for subject in [&SERVER, &SDK] {
            let text = text(&paths, &[subject]).unwrap();
            let linked = linked(&paths, subject);
            assert!(linked.len() > 20, "{linked:?}");
            for (name, version) in linked {
                let line = text.lines().find(|line| line.starts_with(&format!("{name} {version}: ")));
                assert!(line.is_some_and(|line| line.ends_with(']')), "{}: {name} {version}: {line:?}", subject.title);
            }
        }
    }

    #[test]
    fn c_that_crates_bring_along_is_named_by_its_own_text() {
        let text = text(&Paths::discover().unwrap(), &[&SERVER]).unwrap();
        for of_jemalloc_and_opus in ["Copyright (C) 2002-present Jason Evans", "Copyright 2001-2023 Xiph.Org"] {
            assert!(text.contains(of_jemalloc_and_opus), "{of_jemalloc_and_opus}");
        }
    }

    #[test]
    fn equal_texts_stand_once() {
        let part = |name: &str| Part {
            name: name.into(),
            version: "1".into(),
            licence: "MIT".into(),
            home: "-".into(),
            texts: vec!["same words".into()],
        };
        let text = print("T", &[], vec![part("a"), part("b")]);
        assert_eq!(text.matches("same words").count(), 1);
        assert!(text.contains("a 1: MIT, - [1]\nb 1: MIT, - [1]\n"), "{text}");
    }
}
