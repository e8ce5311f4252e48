//! A workspace's wallet as its operator sees it.

pub mod http;
