//! SIP for both ends of a call, without sockets, clock or randomness.
//!
//! It drives the gateway (natively, [`ua`]) and the browser SDK (as WASM, [`phone`]). Nothing here opens a socket,
//! reads a clock or draws a random number: bytes, `now` and tokens are arguments.
//!
//! | module | question it answers | follows |
//! |---|---|---|
//! | [`message`] | what does a request or response say? | RFC 3261 §7, §19, §20 |
//! | [`parse`] | which message do these bytes hold, and if none, is an answer due? | RFC 3261 §25, RFC 4475 |
//! | [`sdp`] | which media does a body offer, and where? | RFC 8866 |
//! | [`auth`] | who sent this? | RFC 7616, RFC 8760, RFC 8898 |
//! | [`print`] | which bytes say this message? | RFC 3261 §7 |
//! | [`transaction`] | when is a message sent again, and when is it over? | RFC 3261 §17, RFC 6026 |
//! | [`dialog`] | what do the requests of one call have in common? | RFC 3261 §12 |
//! | [`negotiation`] | who owes whom an answer to an offer? | RFC 3264, RFC 3311 |
//! | [`registration`] | when is a binding refreshed, and what does a REGISTER do to it? | RFC 3261 §10, RFC 5626 |
//! | [`ua`] | what does a user agent that meets the world do with all of it? | RFC 3261 §8 to §15 |
//! | [`phone`] | what does one do that has a single gateway, and no room? | RFC 3261 §8 to §15, RFC 7118 |

pub mod auth;
pub mod dialog;
pub mod message;
pub mod negotiation;
pub mod parse;
pub mod phone;
pub mod print;
pub mod registration;
pub mod sdp;
pub mod transaction;
pub mod ua;
