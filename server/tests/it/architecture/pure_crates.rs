//! `crates/*`: no runtime, sockets, clock, SQL or randomness, and only the arrows of the map.
//! That they build for the browser is checked by `make wasm`.

use super::{none, sources};

/// What a sans-IO crate never depends on.
const SHELL_DEPENDENCIES: [&str; 12] = [
    "tokio",
    "futures",
    "async-std",
    "smol",
    "mio",
    "socket2",
    "sqlx",
    "rand",
    "getrandom",
    "reqwest",
    "chrono",
    "tracing",
];

/// What its code never says.
const SHELL_WORDS: [&str; 11] = [
    "Instant::now",
    "SystemTime",
    "UdpSocket",
    "TcpStream",
    "TcpListener",
    "std::fs",
    "std::env",
    "std::thread",
    "thread_rng",
    "async fn",
    "println!",
];

/// Which of our packages may depend on which. Package names as in `Cargo.toml`.
const ARROWS: [(&str, &[&str]); 7] = [
    ("crates/api", &[]),
    ("crates/sip", &[]),
    ("crates/media", &[]),
    ("crates/voice", &["sautikit-api"]),
    ("app", &["sautikit-api"]),
    ("browser-sdk", &["sip", "sautikit-api"]),
    ("server", &["sautikit-api", "sip", "media", "voice", "app"]),
];

/// Names of the packages in a manifest's `[dependencies]`.
fn dependencies(manifest: &str) -> Vec<&str> {
    let table = manifest.split("\n[").find_map(|table| table.strip_prefix("dependencies]")).unwrap_or_default();
    let mut names: Vec<_> = table.lines().filter_map(|line| line.split(['.', ' ', '=']).next()).collect();
    let own_table = manifest.split("\n[dependencies.").skip(1);
    names.extend(own_table.filter_map(|table| table.split(']').next()));
    names.retain(|name| !name.is_empty() && !name.starts_with('#'));
    names
}

fn manifest(folder: &str) -> String {
    let path = format!("{folder}/Cargo.toml");
    let found = sources(folder, &["Cargo.toml"]).into_iter().find(|source| source.path == path);
    found.unwrap_or_else(|| panic!("{path} is missing")).text
}

#[test]
fn pure_crates_depend_on_no_runtime_socket_or_clock() {
    let mut breaks = Vec::new();
    for folder in ["crates/api", "crates/sip", "crates/media", "crates/voice"] {
        let manifest = manifest(folder);
        let shell = dependencies(&manifest).into_iter().filter(|name| SHELL_DEPENDENCIES.contains(name));
        breaks.extend(shell.map(|name| format!("{folder} depends on {name}")));
    }
    none("sans-IO crates take bytes and `now` as arguments", breaks);
}

#[test]
fn pure_crates_read_no_clock_file_or_socket() {
    let crates = sources("crates", &[".rs"]);
    let ours = crates.iter().filter(|source| source.path.split('/').nth(2) == Some("src"));
    let breaks = ours.flat_map(|source| SHELL_WORDS.iter().flat_map(|word| source.says(word))).collect();
    none("sans-IO crates take bytes and `now` as arguments", breaks);
}

#[test]
fn packages_depend_only_along_the_arrows() {
    let ours: Vec<_> = ARROWS.iter().flat_map(|(_, allowed)| allowed.iter().copied()).collect();
    let mut breaks = Vec::new();
    for (folder, allowed) in ARROWS {
        let manifest = manifest(folder);
        for name in dependencies(&manifest) {
            if ours.contains(&name) && !allowed.contains(&name) {
                breaks.push(format!("{folder} depends on {name}"));
            }
        }
    }
    none("api ← voice; sip, media, voice, api ← server → app → api; browser-sdk → sip, api", breaks);
}

#[test]
fn every_package_forbids_unsafe_code() {
    let workspace = manifest(".");
    assert!(workspace.contains("\nunsafe_code = \"forbid\"\n"));
    let packages = sources(".", &["Cargo.toml"]);
    // Fuzz targets and the comparison with another library are workspaces of their own, outside every product build.
    let ours =
        packages.iter().filter(|source| !source.path.contains("/fuzz/") && !source.path.contains("/bench-peer/"));
    let without =
        ours.filter(|source| source.text.contains("[package]") && !source.text.contains("[lints]\nworkspace = true"));
    none("`[lints] workspace = true` is missing", without.map(|source| source.path.clone()).collect());
}
