//! The browser SDK as its npm package ships it: `index.esm.js` and its types beside `sautikit.js` and `sautikit_bg.wasm`.
//!
//! What the JavaScript says is browser-sdk's business; this only compiles and copies.

use crate::{Outcome, compress, licences, paths::Paths, wasm};
use std::{fs, path::Path};

/// What a page may have to load before its first call: the module, its glue and the entry, compressed by brotli.
/// The figures of each release stand in `docs/benchmarks/sdk.md`; raise this only with a reason there.
const BUDGET_BYTES: u64 = 108_000;
/// What counts against it.
const LOADED: [&str; 3] = ["sautikit_bg.wasm.br", "sautikit.js.br", "index.esm.js.br"];

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
        typescript: true,
    };
    wasm::build(paths, &module, out, release)?;
    let entry_points = paths.root.join("browser-sdk/js");
    if entry_points.is_dir() {
        copy_tree(&entry_points, out)?;
    }
    licences::write(paths, &[&licences::SDK], &out.join(licences::FILE_OF_SDK))?;
    if release {
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
