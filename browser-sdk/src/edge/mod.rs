//! The browser's side: sockets, timers, microphone, JavaScript values. No rule lives here.
//!
//! | file | asks |
//! |---|---|
//! | `exports` | what does JavaScript see? |
//! | `client` | who are we, and is there a connection? |
//! | `connection` | how is the gateway reached, and reached again? |
//! | `registration` | which token is it, and when is the next one due? |
//! | `signalling` | what does an event of the user agent mean for client and calls? |
//! | `placing` | how does a call of the page's begin? |
//! | `call` | what does one call do? |
//! | `media` | peer connection and loudspeaker of one call, and descriptions in order |
//! | `microphone`, `dialpad` | what the caller says, and what the caller presses |
//! | `leaving` | what is left to do when the page goes away? |
//! | `hub`, `js`, `timer`, `wait` | handlers, values, time and waiting of the browser |

mod call;
mod client;
mod connection;
mod dialpad;
mod exports;
mod hub;
mod js;
mod leaving;
mod media;
mod microphone;
mod placing;
mod registration;
mod signalling;
mod timer;
mod wait;
