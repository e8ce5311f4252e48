//! The browser SDK as its npm package ships it: `index.esm.js` and its types beside `sautikit.js` and `sautikit_bg.wasm`, and
//! `sautikit.iife.js`, the same entry for pages with plain `<script>` elements.
//!
//! What the JavaScript says is browser-sdk's business; this only compiles and copies.

use crate::{Outcome, compress, glue, licences, paths::Paths, wasm};
use std::{fs, path::Path, process::Command};

/// What a page may have to load before its first call: the module, its glue and the entry, compressed by brotli.
/// The figures of each release stand in `docs/benchmarks/sdk.md`; raise this only with a reason there.
const BUDGET_BYTES: u64 = 46_000;
/// What counts against it.
const LOADED: [&str; 3] = ["sautikit_bg.wasm.br", "client.js.br", "index.esm.js.br"];
/// What a release has in one file: together the parts are a fifth smaller, and one request.
const BUNDLE: &str = "client.js";
const PARTS: [&str; 12] = [
    "sautikit.js",
    "call.js",
    "devices.js",
    "edge.js",
    "events.js",
    "faults.js",
    "kept.js",
    "order.js",
    "pulse.js",
    "registration.js",
    "shown.js",
    "waiting.js",
];
/// The entry, and what is made of it.
const ENTRY: &str = "index.esm.js";
const IIFE: &str = "sautikit.iife.js";

/// Builds the SDK into `out`, which is emptied first.
pub(crate) fn build(paths: &Paths, out: &Path, release: bool) -> Outcome<()> {
    check_version(paths)?;
    if out.exists() {
        fs::remove_dir_all(out)?;
    }
    let module = wasm::Module {
        package: "sautikit-browser",
        library: "sautikit_browser",
        features: "",
        out_name: "sautikit",
        formats: false,
        typescript: true,
    };
    wasm::build(paths, &module, out, release)?;
    glue::trim(&out.join("sautikit.js"))?;
    let entry_points = paths.root.join("browser-sdk/js");
    if entry_points.is_dir() {
        copy_tree(&entry_points, out)?;
        fs::write(out.join(IIFE), iife(&fs::read_to_string(out.join(ENTRY))?)?)?;
    }
    licences::write(paths, &[&licences::SDK], &out.join(licences::FILE_OF_SDK))?;
    if release {
        minify(paths, out)?;
        compress::folder(out)?;
        within_budget(out)?;
    }
    eprintln!("xtask: SDK ready in {}", out.display());
    Ok(())
}

/// The click-to-call page, beside the SDK that it imports.
pub(crate) fn demo(paths: &Paths, out: &Path) -> Outcome<()> {
    if out.exists() {
        fs::remove_dir_all(out)?;
    }
    copy_tree(&paths.root.join("browser-sdk/demo"), out)
}

/// The npm package and the crates are one release: the server names the SDK's version by its own.
fn check_version(paths: &Paths) -> Outcome<()> {
    let package: serde_json::Value = serde_json::from_slice(&fs::read(paths.root.join("browser-sdk/package.json"))?)?;
    let version = package.get("version").and_then(serde_json::Value::as_str).unwrap_or_default();
    if version != env!("CARGO_PKG_VERSION") {
        return Err(format!("browser-sdk/package.json says {version}, Cargo.toml {}", env!("CARGO_PKG_VERSION")).into());
    }
    Ok(())
}

/// Shortens the scripts: comments and names of wasm-bindgen's glue are half of what a page would load of them. Each file stays
/// one, and its imports stay imports, but for the client's, which become one with it.
fn minify(paths: &Paths, out: &Path) -> Outcome<()> {
    let Some(tool) = paths.npm("esbuild/bin/esbuild") else {
        eprintln!(
            "xtask: esbuild is not installed (npm ci --ignore-scripts in xtask/), leaving the scripts as they are"
        );
        return Ok(());
    };
    let shorten = |path: &Path, more: &[&str]| {
        let mut output = std::ffi::OsString::from("--outfile=");
        output.push(path);
        let options =
            ["--minify", "--target=es2022", "--legal-comments=none", "--log-level=warning", "--allow-overwrite"];
        wasm::run(Command::new("node").arg(&tool).arg(path).args(options).args(more).arg(output))
    };
    shorten(&out.join(BUNDLE), &["--bundle", "--format=esm"])?;
    for part in PARTS {
        fs::remove_file(out.join(part))?;
    }
    for entry in fs::read_dir(out)? {
        let path = entry?.path();
        if path.extension().is_some_and(|kind| kind == "js") && !path.ends_with(BUNDLE) {
            shorten(&path, &[])?;
        }
    }
    Ok(())
}

/// The entry as a plain script that sets the global `Sautikit`. Its imports are dynamic ones, which plain scripts may make too;
/// where it lies it learns from its own element.
fn iife(entry: &str) -> Outcome<String> {
    let exported: Vec<&str> = entry.lines().filter_map(exported_name).collect();
    let body = entry.replace("import.meta.url", "base").replace("\nexport ", "\n");
    let is_module = |line: &str| line.starts_with("import ") || line.starts_with("export ");
    if exported.is_empty() || body.contains("import.meta") || body.lines().any(is_module) {
        return Err(format!("{ENTRY} has an import or export that a plain script can't have").into());
    }
    let names = exported.join(", ");
    Ok(format!(
        "(() => {{\nconst base = document.currentScript?.src ?? location.href;\n{body}\nglobalThis.Sautikit = {{ {names} }};\n}})();\n"
    ))
}

/// What a line of the entry exports.
fn exported_name(line: &str) -> Option<&str> {
    let words = line.strip_prefix("export ")?.split([' ', '(']);
    words.into_iter().find(|word| !["async", "class", "const", "function"].contains(word))
}

fn within_budget(out: &Path) -> Outcome<()> {
    let sizes = LOADED.iter().map(|file| fs::metadata(out.join(file)).map(|file| file.len()));
    let loaded: u64 = sizes.sum::<Result<u64, _>>()?;
    eprintln!("xtask: a page loads {loaded} bytes of the SDK, of {BUDGET_BYTES} allowed");
    if loaded > BUDGET_BYTES {
        return Err(
            format!("the SDK is {loaded} bytes by brotli, its budget {BUDGET_BYTES} (is wasm-opt installed?)").into()
        );
    }
    Ok(())
}

fn copy_tree(from: &Path, to: &Path) -> Outcome<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name() else { continue };
        if path.is_dir() {
            copy_tree(&path, &to.join(name))?;
        } else {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_becomes_a_plain_script() {
        let entry = "// entry\nexport class A extends B {}\nexport async function load() { await import(\"./x.js\"); }\n\
            const url = new URL(\"./y\", import.meta.url);\n";
        let script = iife(entry).unwrap();
        assert!(script.contains("\nclass A extends B {}") && script.contains("new URL(\"./y\", base)"), "{script}");
        assert!(script.contains("globalThis.Sautikit = { A, load };"), "{script}");
        assert!(iife("\nimport a from \"./a.js\";\nexport class A {}\n").is_err());
        let own = include_str!("../../browser-sdk/js/index.esm.js");
        assert!(iife(own).unwrap().contains("globalThis.Sautikit = { SautikitError, preload, SautikitClient };"));
    }

    #[test]
    fn a_grown_sdk_fails_the_build() {
        let out = std::env::temp_dir().join(format!("sautikit-sdk-budget-{}", std::process::id()));
        fs::create_dir_all(&out).unwrap();
        for file in LOADED {
            fs::write(out.join(file), vec![0; BUDGET_BYTES as usize / LOADED.len()]).unwrap();
        }
        let at_the_limit = within_budget(&out);
        fs::write(out.join(LOADED[0]), vec![0; BUDGET_BYTES as usize]).unwrap();
        let beyond = within_budget(&out);
        fs::remove_dir_all(&out).unwrap();
        assert!(at_the_limit.is_ok() && beyond.is_err());
    }
}
