//! The one place where amounts, times and durations become text. Pages never format them by themselves.

mod browser;
mod bytes;
mod money;
mod time;

pub use browser::browser;
pub use bytes::bytes;
pub use money::{money, parse_major};
pub use time::{clock, day, duration, milliseconds, moment};
