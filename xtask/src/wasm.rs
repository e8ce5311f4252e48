//! cargo → wasm-bindgen (as a library) → wasm-opt, for one package.

use crate::{Outcome, names, panics, paths::Paths};
use std::{
    path::{Path, PathBuf},
    process::Command,
};
use wasm_bindgen_cli_support::Bindgen;

/// What to compile and how its files are called.
pub(crate) struct Module<'a> {
    /// Cargo package.
    pub(crate) package: &'a str,
    /// Name of the library target, which names the `.wasm` that cargo writes.
    pub(crate) library: &'a str,
    /// Cargo features, comma separated.
    pub(crate) features: &'a str,
    /// Stem of the files written: `NAME.js` and `NAME_bg.wasm`.
    pub(crate) out_name: &'a str,
    /// Whether it makes text of values. What does not is without all that panics would.
    pub(crate) formats: bool,
    /// Also write `NAME.d.ts`.
    pub(crate) typescript: bool,
}

/// Features that every browser in the support table has (Chrome 111, Safari 16.4, Firefox 114).
const WASM_FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// Small before fast, until nothing gets smaller; and without the sections that only tools read. Nothing lies in the first
/// kilobyte of memory, which is the far end of the stack.
const OPTIMISATION: [&str; 5] =
    ["-Oz", "--converge", "--low-memory-unused", "--strip-producers", "--strip-target-features"];

/// Compiles `module` and writes its JavaScript and WASM into `out`.
pub(crate) fn build(paths: &Paths, module: &Module<'_>, out: &Path, release: bool) -> Outcome<()> {
    let mut wasm = compile(paths, module, release)?;
    std::fs::create_dir_all(out)?;
    if release {
        // A copy, because cargo takes its own file as up to date.
        let silent = wasm.with_extension("silent.wasm");
        std::fs::copy(&wasm, &silent)?;
        eprintln!("xtask: emptied {} functions that only end the program", panics::silence(&silent, module.formats)?);
        wasm = silent;
    }
    eprintln!("xtask: wasm-bindgen {}", module.out_name);
    Bindgen::new()
        .input_path(&wasm)
        .out_name(module.out_name)
        .web(true)?
        .typescript(module.typescript)
        .keep_debug(false)
        .remove_name_section(release)
        .generate(out)?;
    if release {
        names::shorten(out, module.out_name)?;
        optimise(paths, &out.join(format!("{}_bg.wasm", module.out_name)))?;
    }
    Ok(())
}

fn compile(paths: &Paths, module: &Module<'_>, release: bool) -> Outcome<PathBuf> {
    let profile = if release { "wasm-release" } else { "wasm-dev" };
    // The crate type is given here and not in Cargo.toml: a cdylib beside the rlib would be linked natively for every server build.
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(&paths.root).env("CARGO_TARGET_DIR", &paths.target);
    cargo.args([
        "rustc",
        "--package",
        module.package,
        "--lib",
        "--crate-type",
        "cdylib",
        "--target",
        "wasm32-unknown-unknown",
    ]);
    cargo.args(["--profile", profile]);
    if release {
        // Hashing in a loop instead of 64 unrolled rounds: a browser hashes a few tokens a call.
        cargo.env("RUSTFLAGS", "--cfg sha2_backend_soft=\"compact\"");
    }
    if !module.features.is_empty() {
        cargo.args(["--features", module.features]);
    }
    eprintln!("xtask: compiling {} for wasm32 ({profile})", module.package);
    run(&mut cargo)?;
    Ok(paths.target.join("wasm32-unknown-unknown").join(profile).join(format!("{}.wasm", module.library)))
}

fn optimise(paths: &Paths, wasm: &Path) -> Outcome<()> {
    let Some(tool) = paths.npm("binaryen/bin/wasm-opt") else {
        eprintln!(
            "xtask: wasm-opt is not installed (npm ci --ignore-scripts in xtask/), leaving {} as it is",
            wasm.display()
        );
        return Ok(());
    };
    eprintln!("xtask: wasm-opt {} {}", OPTIMISATION.join(" "), wasm.display());
    // npm's binaryen is JavaScript with its own WASM, so that it runs on any machine that has Node.
    run(Command::new("node").arg(tool).args(OPTIMISATION).args(WASM_FEATURES).arg("-o").arg(wasm).arg(wasm))
}

/// Runs a program of the build to its end.
pub(crate) fn run(command: &mut Command) -> Outcome<()> {
    let status =
        command.status().map_err(|failure| format!("{}: {failure}", command.get_program().to_string_lossy()))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed ({status})").into()) }
}
