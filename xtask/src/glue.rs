//! The SDK's half of wasm-bindgen's glue, without what its pages never need.
//!
//! wasm-bindgen writes for every way of loading a module and for browsers of ten years ago. The SDK is loaded in one way, by
//! browsers that have WebAssembly with reference types (Chrome 111, Safari 16.4, Firefox 114).

use crate::Outcome;
use std::{fs, path::Path};

/// Each from its first text up to its second, with what takes its place. A version of wasm-bindgen that writes something else is
/// noticed: the build fails.
const CUTS: [(&str, &str, &str); 4] = [
    // All of these browsers have it.
    ("if (!('encodeInto' in cachedTextEncoder)) {", "let WASM_VECTOR_LEN", ""),
    // Safari forgot how to decode after 2 GiB, of which a call says a few thousandths in a day.
    (
        "const MAX_SAFARI_DECODE_BYTES",
        "const cachedTextEncoder",
        "function decodeText(bytes) { return cachedTextDecoder.decode(bytes); }\n\n",
    ),
    ("let wasmModule, wasmInstance, wasm;", "async function __wbg_load", "let wasm;\n\n"),
    // Compiled while it arrives; and after that, where a server calls it something else than application/wasm.
    (
        "async function __wbg_load",
        "export { initSync, __wbg_init as default };",
        "export default async function begin(url) {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${response.status} for ${url}`);
    const imports = __wbg_get_imports();
    const streamed = WebAssembly.instantiateStreaming(response.clone(), imports);
    const { instance } = await streamed.catch(async () => WebAssembly.instantiate(await response.arrayBuffer(), imports));
    wasm = instance.exports;
    wasm.__wbindgen_start();
}
",
    ),
];

/// What the last cut leaves of the glue's end.
const REST: &str = "export { initSync, __wbg_init as default };";

/// Rewrites the glue at `path`.
pub(crate) fn trim(path: &Path) -> Outcome<()> {
    let script = trimmed(&fs::read_to_string(path)?)?;
    Ok(fs::write(path, script)?)
}

fn trimmed(glue: &str) -> Outcome<String> {
    let mut script = glue.to_owned();
    for (from, to, instead) in CUTS {
        let missing = || format!("wasm-bindgen's glue has no `{from}` before `{to}` any more (xtask/src/glue.rs)");
        let begin = script.find(from).ok_or_else(missing)?;
        let length = script.get(begin..).and_then(|rest| rest.find(to)).ok_or_else(missing)?;
        script.replace_range(begin..begin + length, instead);
    }
    Ok(script.replace(REST, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_is_gone_and_what_stands_between_stays() {
        let glue = CUTS.map(|(from, to, _)| format!("{from} old;\n{to}\n")).concat();
        let script = trimmed(&glue).unwrap();
        assert!(script.contains("let WASM_VECTOR_LEN") && script.contains("const cachedTextEncoder"), "{script}");
        assert!(script.contains("export default async function begin(url)"), "{script}");
        assert!(!script.contains("old;") && !script.contains("initSync"), "{script}");
    }

    #[test]
    fn glue_of_another_version_fails_the_build() {
        assert!(trimmed("let wasm;").unwrap_err().to_string().contains("encodeInto"));
    }
}
