//! Build of everything that a browser downloads: `cargo run -p xtask -- build|sdk|assets`, with the licences of all of it;
//! and, with `sdks`, what the server SDKs say about the API.
//!
//! Why not cargo-leptos: it pulls 700 crates and downloads tools from GitHub; what we need from it is a hundred lines.
//! Deliberately absent: watching files, building the server (cargo does that), publishing.

mod compress;
mod css;
mod glue;
mod licences;
mod names;
mod panics;
mod paths;
mod sdk;
mod sdks;
mod site;
mod wasm;

use paths::Paths;
use std::process::ExitCode;

/// What any step may answer; a build tool prints the failure and stops.
pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const USAGE: &str = "usage: xtask build|sdk|assets|licences|sdks [--release] [--out DIR] [--check] [--description FILE]
  build    console assets, SDK and its demo page into the site folder
  assets   only the console's: CSS, scripts, font
  sdk      only the browser SDK, laid out as its npm package's dist/
  licences only the licences of what the binary and the npm package contain
  sdks     resources, models and errors of the server SDKs, from what `sautikit openapi` prints; --check only compares
  --description  the OpenAPI document, instead of asking the server (SAUTIKIT_BIN, else $CARGO_TARGET_DIR/debug/sautikit)
  --out    site folder (default: $CARGO_TARGET_DIR/site; for sdk: $CARGO_TARGET_DIR/site/sdk/browser)";

fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut args: Vec<String>) -> Outcome<()> {
    let release = take_flag(&mut args, "--release");
    let check = take_flag(&mut args, "--check");
    let out = take_value(&mut args, "--out")?;
    let description = take_value(&mut args, "--description")?;
    let paths = Paths::discover()?;
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["build"] => {
            let site = out.unwrap_or_else(|| paths.target.join("site"));
            site::build(&paths, &site, release)?;
            licences::write(&paths, &[&licences::SERVER, &licences::SDK], &site.join(licences::FILE_OF_SITE))?;
            sdk::demo(&paths, &site.join("sdk/demo"))?;
            sdk::build(&paths, &site.join("sdk/browser"), release)
        }
        ["assets"] => site::build(&paths, &out.unwrap_or_else(|| paths.target.join("site")), release),
        ["sdks"] => sdks::run(&paths, description.as_deref(), check),
        ["sdk"] => sdk::build(&paths, &out.unwrap_or_else(|| paths.target.join("site/sdk/browser")), release),
        ["licences"] => {
            let site = out.unwrap_or_else(|| paths.target.join("site"));
            licences::write(&paths, &[&licences::SERVER, &licences::SDK], &site.join(licences::FILE_OF_SITE))?;
            licences::write(&paths, &[&licences::SDK], &site.join("sdk/browser").join(licences::FILE_OF_SDK))
        }
        _ => Err(USAGE.into()),
    }
}

fn take_flag(args: &mut Vec<String>, flag: &str) -> bool {
    let before = args.len();
    args.retain(|arg| arg != flag);
    args.len() != before
}

fn take_value(args: &mut Vec<String>, flag: &str) -> Outcome<Option<std::path::PathBuf>> {
    let Some(at) = args.iter().position(|arg| arg == flag) else { return Ok(None) };
    if at + 1 >= args.len() {
        return Err(format!("{flag} needs a value\n{USAGE}").into());
    }
    let value = args.remove(at + 1);
    args.remove(at);
    Ok(Some(std::path::absolute(value)?))
}
