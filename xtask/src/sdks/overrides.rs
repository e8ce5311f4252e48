//! The few things that no rule finds in the document. Short on purpose: what can be said there is said there.

/// Endpoints for people in browsers, which no key opens: a server's SDK has no use for them.
pub(crate) const LEFT_OUT_TAGS: [&str; 1] = ["Sign-in"];

/// Lists whose first row may be more than the later ones: all rows are typed as the first, and the server has the last word.
pub(crate) const ITEMS: [(&str, &str); 1] = [("VoiceActions", "VoiceAction")];

/// The schema whose choices are the verbs of a call.
pub(crate) const VERBS: &str = "VoiceAction";

/// The schema of the form that a call asks the customer's server with.
pub(crate) const CALLBACK: &str = "VoiceCallback";

/// The catalogue of error codes.
pub(crate) const ERRORS: &str = "ErrorCode";

/// Parameters that the SDKs' options send: they are no arguments of single methods.
pub(crate) const OPTIONS: [&str; 2] = ["Idempotency-Key", "X-Sautikit-Workspace"];

/// The parameter that makes a list one of pages.
pub(crate) const CURSOR: &str = "cursor";
