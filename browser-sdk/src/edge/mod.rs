//! The browser's side: sockets, timers, microphone, JavaScript values. No rule lives here.
//!
//! | file | asks |
//! |---|---|
//! | `exports` | what does JavaScript see? |
//! | `client` | who are we, and is there a connection? |
//! | `connection` | how is the gateway reached, and reached again? |
//! | `registration` | which token is it, and when is the next one due? |
//! | `signalling` | what does an event of the user agent mean for client and calls? |
//! | `call` | what does one call do? |
//! | `media` | microphone, peer connection and loudspeaker of one call |
//! | `hub`, `js`, `timer` | handlers, values and time of the browser |

mod call;
mod client;
mod connection;
mod exports;
mod hub;
mod js;
mod media;
mod registration;
mod signalling;
mod timer;
