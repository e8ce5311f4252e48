//! Calls on simulated legs, speech, callbacks and time. Each module makes claims about one part of a call.

mod beginnings;
mod callbacks;
mod compat;
mod conference;
mod dial;
mod dial_targets;
mod endings;
mod get_digits;
mod hold;
mod live;
mod machine;
mod property;
mod queue;
mod races;
mod record;
mod stream;
mod support;
mod transfer;
mod verbs;
