//! Empties the functions that would only say how a program died.
//!
//! The SDK aborts on a panic: on wasm32 nobody sees the message, the page gets a trap either way. But the sentences,
//! and the formatting of every value in them, are a fifth of the code of a small module. `panic_immediate_abort` of the
//! standard library does the same at compile time, on nightly compilers only.

use crate::Outcome;
use std::path::Path;
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

/// Rewrites the module at `wasm`. Needs its name section.
pub(crate) fn silence(wasm: &Path) -> Outcome<usize> {
    let mut module = Module::from_file(wasm).map_err(|failure| failure.to_string())?;
    let fatal: Vec<FunctionId> = module
        .funcs
        .iter_local()
        .map(|(id, _)| id)
        .filter(|id| {
            module.funcs.get(*id).name.as_deref().is_some_and(|name| FATAL.iter().any(|path| name.contains(path)))
        })
        .collect();
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
