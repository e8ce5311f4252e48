//! `Output::Fetch`: the customer's server is asked, and its answer read.

use sautikit_api::actions::parse_json;
use voice::{Answer, Callback, FetchFailure, Input, Purpose};

use crate::gateway::call_task::{Arrival, Running};
use crate::webhooks::fetch::{self, FetchError};

impl Running {
    pub(in crate::gateway) fn fetch(&self, callback: Callback) {
        let (inbox, gateway) = (self.inbox.clone(), self.gateway.clone());
        let secret = self.signing_secret.clone();
        tokio::spawn(async move {
            let params: Vec<_> =
                callback.params.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            let development = gateway.app.config.is_development();
            let clock = gateway.app.clock.as_ref();
            let fetched = fetch::fetch(&gateway.http, clock, development, &callback.url, &params, &secret).await;
            if callback.purpose != Purpose::Final {
                let outcome = fetched.map_err(failure).and_then(read);
                let _ = inbox.send(Arrival::Voice(Input::Fetched(callback.fetch, outcome))).await;
            }
        });
    }
}

/// An empty body means that nothing is left to do.
fn read(answer: fetch::Answer) -> Result<Answer, FetchFailure> {
    let is_empty = answer.body.iter().all(u8::is_ascii_whitespace);
    let actions = if is_empty { Vec::new() } else { parse_json(&answer.body)? };
    Ok(Answer { url: answer.url.into(), actions })
}

fn failure(error: FetchError) -> FetchFailure {
    match error {
        FetchError::Timeout => FetchFailure::Timeout,
        FetchError::Status(status) => FetchFailure::Status(status),
        other => FetchFailure::Unreachable(other.to_string()),
    }
}
