//! Posts what came to the developer's own server, and says so.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Client, Response, header};
use sautikit_api::listener::{FailureReason, Forwarded, FromListener};
use tokio::sync::mpsc;
use url::Url;

use crate::clock;
use crate::webhooks::client::{MAX_ANSWER_BYTES, TooLarge, read_up_to};

/// A little less than the server waits, so that it hears that nothing came and does not take the listener for dead.
const DEADLINE: Duration = Duration::from_millis(9_500);

/// An event.
pub(super) struct Event {
    pub(super) kind: String,
    pub(super) request: Forwarded,
}

/// The developer's server.
pub(super) struct Forward {
    http: Client,
    url: Url,
}

impl Forward {
    /// At this URL.
    ///
    /// # Errors
    /// The system has no TLS.
    pub(super) fn new(url: Url) -> Result<Self, reqwest::Error> {
        let http =
            Client::builder().no_proxy().timeout(DEADLINE).redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { http, url })
    }

    /// Forwards events, one after the other.
    pub(super) async fn events(self: Arc<Self>, mut queue: mpsc::Receiver<Event>) {
        while let Some(Event { kind, request }) = queue.recv().await {
            let began = clock::timer_now();
            let said = match self.send(self.url.clone(), &request).await {
                Ok(answer) => answer.status().as_u16().to_string(),
                Err(error) => why(&error).to_owned(),
            };
            println!("{kind} -> {said} in {} ms", began.elapsed().as_millis());
        }
    }

    /// Asks for voice actions at a path of the developer's server.
    pub(super) async fn callback(&self, callback_id: String, path: &str, request: &Forwarded) -> FromListener {
        let began = clock::timer_now();
        let answer = match self.at(path) {
            Some(url) => self.ask(url, request).await,
            None => Err(FailureReason::Connection),
        };
        let said = match &answer {
            Ok((status, ..)) => status.to_string(),
            Err(reason) => format!("{reason:?}").to_lowercase(),
        };
        println!("voice callback {path} -> {said} in {} ms", began.elapsed().as_millis());
        match answer {
            Ok((status, content_type, body)) => {
                FromListener::Answer { callback_id, status, content_type, body: STANDARD.encode(body) }
            }
            Err(reason) => FromListener::Failed { callback_id, reason },
        }
    }

    /// The path at the developer's own server, whatever it looks like.
    fn at(&self, path: &str) -> Option<Url> {
        let url = self.url.join(path).ok()?;
        (url.origin() == self.url.origin() && path.starts_with('/')).then_some(url)
    }

    async fn ask(&self, url: Url, request: &Forwarded) -> Result<(u16, String, Vec<u8>), FailureReason> {
        let answer = self.send(url, request).await.map_err(|error| reason(&error))?;
        let status = answer.status().as_u16();
        let content_type = answer.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_owned();
        match read_up_to(answer, MAX_ANSWER_BYTES).await {
            Ok(body) => Ok((status, content_type, body)),
            Err(Some(TooLarge)) => Err(FailureReason::TooLarge),
            Err(None) => Err(FailureReason::Connection),
        }
    }

    async fn send(&self, url: Url, request: &Forwarded) -> Result<Response, reqwest::Error> {
        // A URL that is asked by GET has all in its query.
        let made =
            if request.body.is_empty() { self.http.get(url) } else { self.http.post(url).body(request.body.clone()) };
        let headers = request.headers.iter();
        headers.fold(made, |made, (name, value)| made.header(name, value)).send().await
    }
}

fn reason(error: &reqwest::Error) -> FailureReason {
    if error.is_timeout() { FailureReason::Timeout } else { FailureReason::Connection }
}

fn why(error: &reqwest::Error) -> &'static str {
    match reason(error) {
        FailureReason::Timeout => "no answer",
        _ => "no connection",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callbacks_go_to_the_developers_server_alone() {
        let forward = Forward::new("http://localhost:3000/events".parse().unwrap()).unwrap();
        let at = |path| forward.at(path).map(String::from);
        assert_eq!(at("/voice?a=1").as_deref(), Some("http://localhost:3000/voice?a=1"));
        for elsewhere in ["//intranet/", "http://intranet/", "voice", "", "/\\intranet/x"] {
            assert_eq!(at(elsewhere), None, "{elsewhere}");
        }
    }
}
