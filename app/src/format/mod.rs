//! The one place where amounts, times and durations become text. Pages never format them by themselves.

mod browser;
mod bytes;
mod money;
mod pretty;
mod telephone;
mod time;

pub use browser::browser;
pub use bytes::bytes;
pub use money::{money, parse_major, rate};
pub use pretty::pretty;
pub use telephone::telephone;
pub use time::{clock, date, day, duration, exact, mark, micros, milliseconds, moment, offset, span};

/// Text as it stands within a `textarea`: the renderer writes what is in one as it is, and whoever names its end there would
/// write the page.
pub fn in_textarea(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
