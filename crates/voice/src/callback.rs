//! Voice callbacks as data: what the customer's server is asked, and what comes back.

use std::fmt;

use sautikit_api::{
    actions::{Action, ActionError},
    calls::CallStatus,
};
use url::Url;

use crate::{facts::Facts, output::FetchId};

/// A question to the customer's server. Its `Debug` leaves out the parameters, which hold numbers and digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Callback {
    /// What [`crate::Input::Fetched`] answers to.
    pub fetch: FetchId,
    /// Absolute.
    pub url: String,
    /// The form, in order.
    pub params: Vec<(&'static str, String)>,
    /// What it is for.
    pub purpose: Purpose,
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Callback({:?}, {:?}, {} params)", self.fetch, self.purpose, self.params.len())
    }
}

/// What a callback is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Its answer steers the call.
    Steer,
    /// The same, at the number's fallback URL after the first failed.
    Fallback,
    /// It tells that the call is over; the answer is ignored, and the call does not wait for it.
    Final,
}

/// A good answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The URL that answered, after redirects; relative URLs in the actions begin here.
    pub url: String,
    /// Parsed and within its bounds.
    pub actions: Vec<Action>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchFailure {
    /// Not within 10 s.
    #[error("no answer within the time allowed")]
    Timeout,
    /// The server answered with something else than 2xx.
    #[error("answered with status {0}")]
    Status(u16),
    /// The answer is not a valid action document.
    #[error("{0}")]
    Invalid(#[from] ActionError),
    /// It could not be reached, or may not be: name resolution, connection, blocked address, too large an answer.
    #[error("{0}")]
    Unreachable(String),
}

impl FetchFailure {
    /// The code of the error catalogue.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Timeout => "call.callback_timeout",
            Self::Invalid(_) => "actions.invalid",
            Self::Status(_) | Self::Unreachable(_) => "call.callback_failed",
        }
    }
}

/// The parameters that every callback of a call carries.
pub(crate) fn call_params(facts: &Facts, status: CallStatus) -> Vec<(&'static str, String)> {
    let workspace = facts.workspace_id.to_string();
    vec![
        ("CallSid", facts.call_id.pbx_call_id()),
        ("CallId", facts.call_id.to_string()),
        ("AccountSid", workspace.clone()),
        ("WorkspaceId", workspace),
        ("From", facts.from.clone()),
        ("To", facts.to.clone()),
        ("from", facts.from.clone()),
        ("to", facts.to.clone()),
        ("Direction", facts.direction.as_str().to_owned()),
        ("CallStatus", status.as_str().to_owned()),
    ]
}

/// Makes `url` absolute, from the URL that named it.
pub(crate) fn resolve(base: Option<&str>, url: &str) -> Result<String, FetchFailure> {
    let resolved = match base.map(Url::parse) {
        Some(Ok(base)) => base.join(url),
        Some(Err(error)) => Err(error),
        None => Url::parse(url),
    };
    resolved.map(String::from).map_err(|error| FetchFailure::Unreachable(format!("not a URL to ask: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_urls_begin_at_the_url_that_answered() {
        let base = Some("https://shop.example/voice/menu?x=1");
        assert_eq!(resolve(base, "/sales"), Ok("https://shop.example/sales".into()));
        assert_eq!(resolve(base, "sales"), Ok("https://shop.example/voice/sales".into()));
        assert_eq!(resolve(base, "https://other.example/a"), Ok("https://other.example/a".into()));
        assert!(resolve(None, "/sales").is_err());
    }
}
