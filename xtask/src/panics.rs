//! Empties the functions that would only say how a program died.
//!
//! The SDK aborts on a panic: on wasm32 nobody sees the message, the page gets a trap either way. But the sentences,
//! and the formatting of every value in them, are a fifth of the code of a small module. `panic_immediate_abort` of the
//! standard library does the same at compile time, on nightly compilers only.

use crate::Outcome;
use std::{collections::BTreeSet, path::Path};
use walrus::ir::{Visitor, dfs_in_order};
use walrus::{FunctionBuilder, FunctionId, FunctionKind, Module};

/// Paths of functions that never return, as both manglings of Rust spell them (length, then name).
const FATAL: [&str; 22] = [
    "4core9panicking",
    "3std9panicking",
    "4core4cell22panic_already_borrowed",
    "4core4cell30panic_already_mutably_borrowed",
    "4core6option13unwrap_failed",
    "4core6option13expect_failed",
    "4core6result13unwrap_failed",
    "4core3str16slice_error_fail",
    "4core3str19slice_error_fail_rt",
    "4core5slice5index16slice_index_fail",
    "4core5slice5index26slice_start_index_len_fail",
    "4core5slice5index24slice_end_index_len_fail",
    "4core5slice5index22slice_index_order_fail",
    "17len_mismatch_fail",
    "5alloc7raw_vec12handle_error",
    "5alloc7raw_vec17capacity_overflow",
    "5alloc5alloc18handle_alloc_error",
    "6remove13assert_failed",
    "10swap_remove13assert_failed",
    "3std5alloc8rust_oom",
    "6thread5local18panic_access_error",
    "5bytes13panic_advance",
];

/// The same of functions that turn values into text.
const FORMATTING: [&str; 4] = ["4core3fmt", "3fmt5Debug3fmt", "3fmt7Display3fmt", "$u20$as$u20$core..fmt.."];

/// Rewrites the module at `wasm`, and gives how many functions were emptied. Needs its name section. A module that `formats`
/// nothing but its last words loses all formatting; one that does so nevertheless is an error.
pub(crate) fn silence(wasm: &Path, formats: bool) -> Outcome<usize> {
    let mut module = Module::from_file(wasm).map_err(|failure| failure.to_string())?;
    let mut fatal = named(&module, &FATAL);
    if !formats {
        let formatting = named(&module, &FORMATTING);
        refuse_calls(&module, &formatting, &fatal)?;
        fatal.extend(formatting);
    }
    for id in &fatal {
        let kind = module.types.get(module.funcs.get(*id).ty());
        let (params, results) = (kind.params().to_vec(), kind.results().to_vec());
        let mut body = FunctionBuilder::new(&mut module.types, &params, &results);
        body.func_body().unreachable();
        let params = params.iter().map(|kind| module.locals.add(*kind)).collect();
        module.funcs.get_mut(*id).kind = FunctionKind::Local(body.local_func(params));
    }
    module.emit_wasm_file(wasm).map_err(|failure| failure.to_string())?;
    Ok(fatal.len())
}

/// The functions of these paths.
fn named(module: &Module, paths: &[&str]) -> BTreeSet<FunctionId> {
    let is_one = |name: &str| paths.iter().any(|path| name.contains(path));
    let functions = module.funcs.iter_local().map(|(id, _)| id);
    functions.filter(|id| module.funcs.get(*id).name.as_deref().is_some_and(is_one)).collect()
}

/// Fails when something calls one of `formatting` that is neither of them nor about to be emptied itself. What only stands in a
/// table is an argument of a panic.
fn refuse_calls(module: &Module, formatting: &BTreeSet<FunctionId>, emptied: &BTreeSet<FunctionId>) -> Outcome<()> {
    for (id, function) in module.funcs.iter_local().filter(|(id, _)| !formatting.contains(id) && !emptied.contains(id))
    {
        let mut calls = Calls::default();
        dfs_in_order(&mut calls, function, function.entry_block());
        if !calls.0.is_disjoint(formatting) {
            let name = module.funcs.get(id).name.as_deref().unwrap_or_default();
            return Err(format!("{name} formats text, which this module has no room for: push strings").into());
        }
    }
    Ok(())
}

/// The functions that one names.
#[derive(Default)]
struct Calls(BTreeSet<FunctionId>);

impl Visitor<'_> for Calls {
    fn visit_function_id(&mut self, function: &FunctionId) {
        self.0.insert(*function);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module in which a function of this name calls one that formats; what is left of it when it is emptied.
    fn emptied(caller: &str, formats: bool) -> Outcome<usize> {
        let mut module = Module::default();
        let mut formatting = FunctionBuilder::new(&mut module.types, &[], &[]);
        formatting.name("_ZN4core3fmt5write".to_owned());
        let formatting = formatting.finish(Vec::new(), &mut module.funcs);
        let mut calling = FunctionBuilder::new(&mut module.types, &[], &[]);
        calling.name(caller.to_owned()).func_body().call(formatting);
        calling.finish(Vec::new(), &mut module.funcs);
        let file = std::env::temp_dir().join(format!("sautikit-{caller}-{formats}-{}.wasm", std::process::id()));
        module.emit_wasm_file(&file).unwrap();
        let outcome = silence(&file, formats);
        std::fs::remove_file(&file).unwrap();
        outcome
    }

    #[test]
    fn formatting_goes_with_the_panics_that_alone_use_it() {
        assert_eq!(emptied("_ZN4core9panicking9panic_fmt", false).unwrap(), 2);
        assert_eq!(emptied("_ZN4core9panicking9panic_fmt", true).unwrap(), 1);
        assert_eq!(emptied("ours", true).unwrap(), 0);
        assert!(emptied("ours", false).unwrap_err().to_string().starts_with("ours formats"));
    }
}
