//! Short names for what a module and its glue call each other by.
//!
//! wasm-bindgen's names hold hashes, which compress to nothing less, and stand in both files.

use crate::Outcome;
use std::{collections::BTreeMap, fs, path::Path};
use walrus::Module;

/// What the glue asks for by a name that is not ours to choose.
const KEPT: [&str; 1] = ["memory"];

/// Renames imports and exports of `NAME_bg.wasm` in it and in `NAME.js`.
pub(crate) fn shorten(out: &Path, name: &str) -> Outcome<()> {
    let (wasm, glue) = (out.join(format!("{name}_bg.wasm")), out.join(format!("{name}.js")));
    let mut module = Module::from_file(&wasm).map_err(|failure| failure.to_string())?;
    let mut script = fs::read_to_string(&glue)?;
    let mut short = BTreeMap::new();
    for import in module.imports.iter_mut() {
        import.name = short_of(&mut short, 'i', &import.name);
    }
    script = replaced(&script, "", &short, ":");
    let mut short = BTreeMap::new();
    for export in module.exports.iter_mut().filter(|export| !KEPT.contains(&export.name.as_str())) {
        export.name = short_of(&mut short, 'e', &export.name);
    }
    script = replaced(&script, "wasm.", &short, "");
    module.emit_wasm_file(&wasm).map_err(|failure| failure.to_string())?;
    Ok(fs::write(&glue, script)?)
}

fn short_of(known: &mut BTreeMap<String, String>, kind: char, name: &str) -> String {
    let next = format!("{kind}{}", known.len());
    known.entry(name.to_owned()).or_insert(next).clone()
}

/// The script with these names short wherever they stand between `before` and `after`, as whole words.
fn replaced(script: &str, before: &str, short: &BTreeMap<String, String>, after: &str) -> String {
    let is_of_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '$';
    let mut out = String::with_capacity(script.len());
    let mut rest = script;
    while let Some(begin) = rest.find(is_of_word) {
        let (gap, word) = rest.split_at(begin);
        out.push_str(gap);
        let (word, behind) = word.split_at(word.find(|letter| !is_of_word(letter)).unwrap_or(word.len()));
        rest = behind;
        let is_meant = out.ends_with(before) && behind.starts_with(after);
        out.push_str(short.get(word).filter(|_| is_meant).map_or(word, String::as_str));
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_as_whole_words_where_they_are_meant() {
        let mut short = BTreeMap::new();
        assert_eq!(short_of(&mut short, 'e', "phone_poll"), "e0");
        assert_eq!(short_of(&mut short, 'e', "phone_poll"), "e0");
        let script = "wasm.phone_poll(); wasm.phone_polls(); phone_poll(); $wasm.phone_poll";
        let expected = "wasm.e0(); wasm.phone_polls(); phone_poll(); $wasm.e0";
        assert_eq!(replaced(script, "wasm.", &short, ""), expected);
        assert_eq!(replaced("{ phone_poll: f, g: phone_poll }", "", &short, ":"), "{ e0: f, g: phone_poll }");
    }
}
