//! What operators see of the installation's calls, and the nodes that run them.

pub mod http;
