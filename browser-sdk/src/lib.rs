//! The browser SDK: calls from a web page, compiled to WASM and shipped as `@sautikit/browser`.
//!
//! The rules are here and tested natively: SIP ([`sip::phone`]), what a call is at, how good it sounds, how long to wait for
//! whom. Microphone, sockets, timers and promises are JavaScript (`js/`), which says them shorter: a page loads both before its
//! first call, and has them in a third of the bytes that bindings took. `exports` is what the two have in common.
//!
//! `js/index.esm.js` is the package's entry: it loads the WASM inside `connect()`, so that servers and bundlers may import the
//! package.
//!
//! | file | asks |
//! |---|---|
//! | `js/client.js` | how is the gateway reached, and reached again, and what becomes of calls then? |
//! | `js/registration.js` | which token is it, and when is the next one due? |
//! | `js/order.js` | what does the page want of a call? |
//! | `js/call.js` | what does one call do, and what does the page see of it? |
//! | `js/devices.js` | which microphone and loudspeaker, and what when one is unplugged? |
//! | `js/edge.js` | peer connection, microphone, loudspeaker, and the browser's news |
//! | `js/faults.js` | what went wrong, in words |
//! | `js/events.js`, `js/waiting.js`, `js/kept.js`, `js/pulse.js`, `js/shown.js` | handlers, waiting that ends, calls left for the next page, whether the gateway is there, a call as the page sees it |
//!
//! Not here: user interface, storage of credentials, any state that outlives the page.

/// Rust's own would be a tenth of the module.
#[cfg(all(target_arch = "wasm32", not(target_feature = "atomics")))]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

mod address;
mod backoff;
mod call_state;
pub mod exports;
mod headers;
mod lifeline;
mod offer;
mod quality;
mod reason;
mod token;
mod tones;
mod transfer;
mod watch;

#[cfg(test)]
mod tests {
    #[test]
    fn every_code_is_in_the_documentation() {
        let page = include_str!("../../docs/sdk/browser-errors.md");
        let faults = include_str!("../js/faults.js");
        let codes =
            faults.lines().filter_map(|line| line.strip_prefix("  \"")?.split_once("\": [")).map(|(code, _)| code);
        let codes: Vec<&str> = codes.collect();
        assert!(codes.len() > 20, "{codes:?}");
        for code in codes {
            assert!(page.contains(&format!("| `{code}` |")), "{code}");
        }
    }
}
