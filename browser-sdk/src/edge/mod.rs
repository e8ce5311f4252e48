//! The browser's side: sockets, timers, microphone, JavaScript values. No rule lives here.
//!
//! | file | asks |
//! |---|---|
//! | `exports` | what does JavaScript see? |
//! | `client` | who are we, and is there a connection? |
//! | `connection` | how is the gateway reached, and reached again? |
//! | `registration` | which token is it, and when is the next one due? |
//! | `signalling` | what does an event of the phone mean for client and calls? |
//! | `placing` | how does a call of the page's begin? |
//! | `call` | what does one call do? |
//! | `mending` | how is a call changed that stands: hold, and a new way for its audio? |
//! | `transferring` | how is a call handed over? |
//! | `devices` | which microphone and loudspeaker, and what when one is unplugged? |
//! | `watching` | how good does it sound, and how loud? |
//! | `waking` | is the gateway still there after a sleep or in another network, and what when the page goes away? |
//! | `resuming` | how does a page that is loaded again take its calls over? |
//! | `browser` | what does `js/edge.js` do for us? |
//! | `hub`, `js`, `timer`, `turns`, `wait` | handlers, values, time and waiting of the browser |

mod browser;
mod call;
mod client;
mod connection;
mod devices;
mod exports;
mod hub;
mod js;
mod mending;
mod placing;
mod registration;
mod resuming;
mod signalling;
mod timer;
mod transferring;
mod turns;
mod wait;
mod waking;
mod watching;
