//! Asks a customer's server for voice actions: a signed form, one answer, ten seconds.
//!
//! One retry after a second for connection errors and 5xx within the same ten seconds; redirects 307 and 308 only, to
//! the same host, at most three, each hop checked and signed anew. What is refused (400, 401, 403) is asked again at once with
//! the secret that was rotated, where that may still sign. What the answer means is not decided here.

use std::time::Duration;

use reqwest::{Client, header};
use sautikit_api::actions::BY_GET;
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;

use super::client;
use super::heads::{self, Heads};
use super::signer::{Signatures, Signer};
use crate::clock::{self, Clock};

/// Media type of what is sent.
pub const FORM: &str = "application/x-www-form-urlencoded";
/// From the first byte sent to the last received, retry included (voice-actions.md).
pub(super) const DEADLINE: Duration = Duration::from_secs(10);
/// Before the one retry.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// More would let a customer's server keep a call silent.
const MAX_REDIRECTS: usize = 3;

/// What the customer's server answered with a 2xx.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status, a 2xx.
    pub status: u16,
    /// Where it came from after redirects; relative `action` URLs resolve against it.
    pub url: Url,
    /// The media type, without parameters, in lower case.
    pub content_type: String,
    /// At most [`client::MAX_ANSWER_BYTES`].
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The URL is not one that may be called.
    #[error("the URL is not usable: {0}")]
    Url(#[from] client::UrlRefusal),
    /// Nothing came in ten seconds.
    #[error("no answer within 10 s")]
    Timeout,
    /// No connection, or it broke.
    #[error("the server could not be reached")]
    Connection,
    /// An answer other than 2xx.
    #[error("the server answered {status}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// At most [`client::MAX_ANSWER_BYTES`]; empty when it was larger or broke off.
        body: Vec<u8>,
    },
    /// A redirect that is not followed.
    #[error("the redirect is not one that is followed")]
    Redirect,
    /// Larger than the bound, or broken off.
    #[error("the answer is too large or incomplete")]
    Body,
}

impl FetchError {
    fn is_worth_a_retry(&self) -> bool {
        matches!(self, Self::Connection | Self::Status { status: 500..=599, .. })
    }
}

impl From<FetchError> for voice::FetchFailure {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Timeout => Self::Timeout,
            FetchError::Status { status, .. } => Self::Status(status),
            other => Self::Unreachable(other.to_string()),
        }
    }
}

/// What one or two tries came to.
#[derive(Debug)]
pub struct Fetched {
    /// Of the last one.
    pub outcome: Result<Answer, FetchError>,
    /// Why the first one came to nothing, where there was a second.
    pub first_failure: Option<FetchError>,
    /// The form as it was sent.
    pub body: String,
    /// The signatures of the last request by header; none when none was sent.
    pub signatures: Signatures,
    /// Which secret signed the last request; none where none was sent, or where it is no tenant's.
    pub signed_by: Option<&'static str>,
    /// Headers of the last request, as a timeline may have them; none when none was sent.
    pub asked: Heads,
    /// Headers of what answered it, likewise.
    pub answered: Heads,
}

/// What is to be told of a fetch besides how it ended.
#[derive(Default)]
struct Trace {
    first_failure: Option<FetchError>,
    signatures: Signatures,
    signed_by: Option<&'static str>,
    asked: Heads,
    answered: Heads,
}

/// What is sent, wherever it goes.
struct Form<'a> {
    params: &'a [(&'static str, String)],
    body: String,
    signer: Signer<'a>,
    by_get: bool,
}

/// Takes what it says of how it is asked out of a URL; whether that is by GET.
pub(super) fn take_method(url: &mut Url) -> bool {
    let by_get = url.fragment().is_some_and(|settings| settings.split('&').any(|setting| setting == BY_GET));
    url.set_fragment(None);
    by_get
}

/// The URL with the parameters as it is asked by GET. Those that it has already are not told again: a redirect may repeat them.
pub(super) fn with_query(url: &Url, params: &[(&'static str, String)]) -> Url {
    let named: Vec<_> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    let new: Vec<_> = params.iter().filter(|(name, _)| !named.iter().any(|other| other == name)).collect();
    let mut asked = url.clone();
    if !new.is_empty() {
        asked.query_pairs_mut().extend_pairs(new.into_iter().map(|(name, value)| (name, value)));
    }
    asked
}

/// Posts `params` to `url` as a form, signed; or asks it by GET, where its fragment says so, with them in its query.
pub async fn fetch(
    http: &Client,
    clock: &dyn Clock,
    development: bool,
    url: &str,
    params: &[(&'static str, String)],
    signer: Signer<'_>,
) -> Fetched {
    fetch_until(clock::timer_now() + DEADLINE, http, clock, development, url, params, signer).await
}

/// The same, until then.
pub(super) async fn fetch_until(
    deadline: Instant,
    http: &Client,
    clock: &dyn Clock,
    development: bool,
    url: &str,
    params: &[(&'static str, String)],
    signer: Signer<'_>,
) -> Fetched {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish();
    let form = Form { params, body, signer, by_get: false };
    let mut trace = Trace::default();
    let tries = tries(http, clock, development, url, &form, &mut trace);
    let outcome = timeout_at(deadline, tries).await.unwrap_or(Err(FetchError::Timeout));
    let Trace { first_failure, signatures, signed_by, asked, answered } = trace;
    Fetched { outcome, first_failure, body: form.body, signatures, signed_by, asked, answered }
}

async fn tries(
    http: &Client,
    clock: &dyn Clock,
    development: bool,
    url: &str,
    form: &Form<'_>,
    trace: &mut Trace,
) -> Result<Answer, FetchError> {
    let mut url = client::check_url(url, development)?;
    let by_get = take_method(&mut url);
    let form = &Form { body: form.body.clone(), by_get, ..*form };
    match follow(http, clock, development, url.clone(), form, trace).await {
        Err(error) if error.is_worth_a_retry() => {
            trace.first_failure = Some(error);
            sleep(RETRY_AFTER).await;
            follow(http, clock, development, url, form, trace).await
        }
        // Their server does not know the new secret yet.
        Err(error @ FetchError::Status { status: 400 | 401 | 403, .. }) => {
            let now_us = clock.now().as_microsecond();
            let Some(former) = form.signer.former(now_us) else { return Err(error) };
            trace.first_failure = Some(error);
            let form = Form { body: form.body.clone(), signer: former, ..*form };
            follow(http, clock, development, url, &form, trace).await
        }
        outcome => outcome,
    }
}

async fn follow(
    http: &Client,
    clock: &dyn Clock,
    development: bool,
    mut url: Url,
    form: &Form<'_>,
    trace: &mut Trace,
) -> Result<Answer, FetchError> {
    for _ in 0..=MAX_REDIRECTS {
        let now = clock.now().as_second();
        let mut request = if form.by_get {
            let asked = with_query(&url, form.params);
            trace.signatures = form.signer.sign(&asked, &[], asked.query().unwrap_or_default(), now);
            http.get(asked)
        } else {
            trace.signatures = form.signer.sign(&url, form.params, &form.body, now);
            http.post(url.clone()).header(header::CONTENT_TYPE, FORM).body(form.body.clone())
        };
        for (name, signature) in &trace.signatures {
            request = request.header(*name, signature);
        }
        trace.signed_by = form.signer.name();
        trace.asked = heads::asked((!form.by_get).then_some(FORM), &trace.signatures);
        trace.answered.clear();
        let response = request.send().await.map_err(|_| FetchError::Connection)?;
        trace.answered = heads::answered(response.headers());
        match response.status().as_u16() {
            status @ 200..=299 => {
                let content_type = media_type(&response);
                let body = client::read_bounded(response).await.ok_or(FetchError::Body)?;
                return Ok(Answer { status, url, content_type, body });
            }
            307 | 308 => url = next_hop(&url, &response, development)?,
            300..=399 => return Err(FetchError::Redirect),
            status => {
                let body = client::read_bounded(response).await.unwrap_or_default();
                return Err(FetchError::Status { status, body });
            }
        }
    }
    Err(FetchError::Redirect)
}

fn next_hop(url: &Url, response: &reqwest::Response, development: bool) -> Result<Url, FetchError> {
    let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
    let next = location.and_then(|location| url.join(location).ok()).ok_or(FetchError::Redirect)?;
    if next.host() != url.host() {
        return Err(FetchError::Redirect);
    }
    Ok(client::check_url(next.as_str(), development)?)
}

fn media_type(response: &reqwest::Response) -> String {
    let value = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use sautikit_api::numbers::Compat;

    use super::*;

    #[tokio::test]
    async fn what_was_waited_for_before_is_of_the_same_deadline() {
        // Nobody accepts there: without a deadline of before it would be waited for.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/voice", silent.local_addr().unwrap());
        let (http, clock) = (Client::new(), clock::SystemClock::new());
        let signer = Signer {
            secret: "s",
            whose: None,
            is_former: false,
            former: None,
            compat: Compat::default(),
            is_shadow: false,
        };
        let fetched = fetch_until(clock::timer_now(), &http, &clock, true, &url, &[], signer).await;
        assert_eq!(fetched.outcome, Err(FetchError::Timeout));
    }

    #[test]
    fn a_url_may_say_that_it_is_asked_by_get() {
        let taken = |text: &str| {
            let mut url = Url::parse(text).unwrap();
            (take_method(&mut url), String::from(url))
        };
        assert_eq!(taken("https://a.example/v?x=1#method=GET"), (true, "https://a.example/v?x=1".to_owned()));
        assert_eq!(taken("https://a.example/v#rc=2&method=GET"), (true, "https://a.example/v".to_owned()));
        assert_eq!(taken("https://a.example/v#top"), (false, "https://a.example/v".to_owned()));
        let params = [("From", "+254722000001".to_owned()), ("Digits", "1".to_owned())];
        let asked = with_query(&Url::parse("https://a.example/v?x=1").unwrap(), &params);
        assert_eq!(asked.as_str(), "https://a.example/v?x=1&From=%2B254722000001&Digits=1");
        // Where it was led on to with all that it was asked.
        assert_eq!(with_query(&asked, &params), asked);
    }

    #[test]
    fn a_redirect_stays_on_its_host_and_is_checked_like_every_url() {
        let from = Url::parse("https://ivr.example/voice").unwrap();
        let to = |location: &'static str| {
            let answer = axum::http::Response::builder().status(307).header("location", location).body("").unwrap();
            next_hop(&from, &answer.into(), false).map(String::from).ok()
        };
        assert_eq!(to("/moved?of=7").as_deref(), Some("https://ivr.example/moved?of=7"));
        assert_eq!(to("https://ivr.example:8443/moved").as_deref(), Some("https://ivr.example:8443/moved"));
        for refused in [
            "https://other.example/voice",
            "http://ivr.example/voice",
            "https://ivr.example:25/",
            "https://a:b@ivr.example/",
        ] {
            assert_eq!(to(refused), None, "{refused}");
        }
        let nowhere = axum::http::Response::builder().status(308).body("").unwrap();
        assert!(next_hop(&from, &nowhere.into(), false).is_err());
    }
}
