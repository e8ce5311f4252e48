//! SIP for both ends of a call, without sockets, clock or randomness.
//!
//! The same code drives the gateway (natively) and the browser SDK (as WASM). Nothing here opens a
//! socket, reads a clock or draws a random number: bytes, `now` and tokens are arguments.
//!
//! | module | question it answers | follows |
//! |---|---|---|
//! | [`message`] | what does a request or response say? | RFC 3261 §7, §19, §20 |
//! | [`parse`] | which message do these bytes hold, and if none, is an answer due? | RFC 3261 §25, RFC 4475 |
//! | [`sdp`] | which media does a body offer, and where? | RFC 8866 |
//! | [`print`] | which bytes say this message? | RFC 3261 §7 |

pub mod message;
pub mod parse;
pub mod print;
pub mod sdp;
