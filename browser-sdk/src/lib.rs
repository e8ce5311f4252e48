//! The browser SDK: calls from a web page, compiled to WASM and shipped as `@sautikit/browser`.
//!
//! Signalling is the same sans-IO user agent that the gateway runs ([`sip::ua`]); audio is the browser's own WebRTC.
//! The rules (`address`, `backoff`, `call_state`, `events`, `fault`, `headers`, `lifeline`, `offer`, `quality`, `reason`,
//! `token`, `tones`, `transfer`) know no browser and are
//! tested natively; everything that touches one lives in `edge`. `js/index.esm.js` is the package's entry: it loads the
//! WASM inside `connect()`, so that servers and bundlers may import the package.
//!
//! Not here: user interface, storage of credentials, any state that outlives the page.

mod address;
mod backoff;
mod call_state;
mod edge;

mod events;
mod fault;
mod headers;
mod lifeline;
mod offer;
mod quality;
mod reason;
mod token;
mod tones;
mod transfer;
