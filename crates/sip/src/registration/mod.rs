//! Registration (RFC 3261 §10) as pure rules: [`refresh`] for the client, [`bindings`] for the registrar.
//!
//! Who may register, and where bindings are stored, is the shell's business.

pub mod bindings;
pub mod refresh;

pub use bindings::{Binding, Bindings, Policy, Refusal};
pub use refresh::{Refresh, Verdict};
