//! The one HTTP client for URLs that customers give: no proxy, no redirects, public addresses only, bounded answers.
//!
//! A name is resolved by `resolver.rs`, which drops every address that customers' URLs may not lead to; what is left
//! is what is connected to. Addresses written into the URL are checked by [`check_url`], because they are not resolved.

use std::sync::Arc;
use std::time::Duration;

use url::{Host, Url};

use super::address::may_be_called;
pub use super::resolver::{Lookup, NoPublicAddress};
use super::resolver::{PublicOnly, Resolver, system};
use crate::state::Part;

/// The largest answer that is read (webhooks.md): action documents are 64 KiB at most.
pub const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// Connecting may take this long; the whole request has its caller's deadline.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// An idle connection is kept for so long. Of a busy hour hundreds stay, each a task, a descriptor and its buffers: most
/// customers' servers close them sooner by themselves, and the next call opens one in a millisecond.
const IDLE_FOR: Duration = Duration::from_secs(30);

/// An HTTP/2 connection with requests on their way is asked so often whether it still lives.
const PING_EVERY: Duration = Duration::from_secs(5);
/// And must have answered within; the requests that are on it fail then, and are made again.
const PONG_WITHIN: Duration = Duration::from_secs(5);
/// Headers of an HTTP/2 answer: what common servers bound theirs by.
const MAX_HEADERS_BYTES: u32 = 16 * 1024;

/// Names that are looked up at the same time for events: who has them told to names whose servers are silent holds up other
/// events to new names at most.
const EVENTS_LOOKUPS: usize = 32;
/// And for all else that customers' URLs are for, calls among it.
const LOOKUPS: usize = 64;

/// Why a URL is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlRefusal {
    /// Not a URL, or one without a host.
    #[error("not an absolute http(s) URL")]
    Malformed,
    /// Plain http outside development's loopback.
    #[error("must begin with https://")]
    NotHttps,
    /// User name or password in the URL.
    #[error("must not hold a user name or password")]
    UserInfo,
    /// A port below 1024 other than 443.
    #[error("port must be 443 or at least 1024")]
    Port,
    /// An address of the inside.
    #[error("must lead to a public address")]
    NotPublic,
}

/// Checks a customer's URL without resolving its name. `development` allows http to loopback.
pub fn check_url(text: &str, development: bool) -> Result<Url, UrlRefusal> {
    let url = Url::parse(text).map_err(|_| UrlRefusal::Malformed)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlRefusal::UserInfo);
    }
    let loopback = match url.host().ok_or(UrlRefusal::Malformed)? {
        Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => checked(address.into(), development)?,
        Host::Ipv6(address) => checked(address.into(), development)?,
    };
    match url.scheme() {
        "https" => {}
        "http" if development && loopback => return Ok(url),
        "http" => return Err(UrlRefusal::NotHttps),
        _ => return Err(UrlRefusal::Malformed),
    }
    if loopback && !development {
        return Err(UrlRefusal::NotPublic);
    }
    match url.port_or_known_default() {
        Some(443 | 1024..) => Ok(url),
        _ => Err(UrlRefusal::Port),
    }
}

/// Scheme, host and port of a URL, in one spelling; none of what is no URL.
pub(super) fn origin_of(url: &str) -> Option<String> {
    Url::parse(url).ok().map(|url| url.origin().ascii_serialization())
}

/// Whether a written address is loopback; refused when it may not be called.
fn checked(address: std::net::IpAddr, development: bool) -> Result<bool, UrlRefusal> {
    if may_be_called(address, development) { Ok(address.is_loopback()) } else { Err(UrlRefusal::NotPublic) }
}

/// The client, as the rooms share it: one that speaks HTTP/1.1 only, which WebSockets need, and those of events.
pub struct Customers(pub reqwest::Client, Events);

/// What events are sent by. Neither waits for names that anything else leads to, nor anything else for theirs.
#[derive(Clone)]
pub struct Events {
    /// Many requests at the same time over one connection, where the other end offers HTTP/2.
    pub multiplexed: reqwest::Client,
    /// A connection for each request that is on its way.
    pub apart: reqwest::Client,
}

impl Part for Customers {}

impl Customers {
    /// Builds it.
    ///
    /// # Errors
    /// The system has no random bytes or no TLS.
    pub fn new(development: bool) -> Result<Self, reqwest::Error> {
        Self::with_lookup(development, system)
    }

    /// Builds one that asks `lookup` for the addresses of names.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_lookup(development: bool, lookup: Lookup) -> Result<Self, reqwest::Error> {
        Self::trusting(development, lookup, &[])
    }

    /// Builds one that believes these too.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn trusting(development: bool, lookup: Lookup, roots: &[reqwest::Certificate]) -> Result<Self, reqwest::Error> {
        let resolver = |most| Resolver(Arc::new(PublicOnly::new(development, lookup, most)));
        let base = |resolver: &Resolver| {
            let builder = builder(resolver.clone());
            roots.iter().fold(builder, |builder, root| builder.add_root_certificate(root.clone()))
        };
        let of_events = resolver(EVENTS_LOOKUPS);
        let multiplexed = base(&of_events)
            .http2_keep_alive_interval(PING_EVERY)
            .http2_keep_alive_timeout(PONG_WITHIN)
            .http2_max_header_list_size(MAX_HEADERS_BYTES);
        let events = Events { multiplexed: multiplexed.build()?, apart: base(&of_events).http1_only().build()? };
        Ok(Self(base(&resolver(LOOKUPS)).http1_only().build()?, events))
    }

    /// Those that events are sent by.
    pub fn events(&self) -> &Events {
        &self.1
    }
}

/// What every client has. One serves the whole process: it pools connections.
fn builder(resolver: Resolver) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_FOR)
        .user_agent(concat!("Sautikit/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(Arc::new(resolver))
}

/// Reads an answer's body up to [`MAX_ANSWER_BYTES`]; `None` when it is larger or breaks off.
pub async fn read_bounded(response: reqwest::Response) -> Option<Vec<u8>> {
    read_up_to(response, MAX_ANSWER_BYTES).await.ok()
}

/// A body is beyond the bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge;

/// Reads a body of at most `most` bytes.
///
/// # Errors
/// It is larger, or (`None`) broke off.
pub async fn read_up_to(mut response: reqwest::Response, most: usize) -> Result<Vec<u8>, Option<TooLarge>> {
    if response.content_length().is_some_and(|length| length > most as u64) {
        return Err(Some(TooLarge));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| None)? {
        if body.len() + chunk.len() > most {
            return Err(Some(TooLarge));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use futures::future::BoxFuture;

    use super::*;

    #[test]
    fn production_takes_public_https_only() {
        let check = |url| check_url(url, false).map(|_| ());
        assert_eq!(check("https://ivr.example.com/voice"), Ok(()));
        assert_eq!(check("https://ivr.example.com:8443/voice"), Ok(()));
        assert_eq!(check("http://ivr.example.com/voice"), Err(UrlRefusal::NotHttps));
        assert_eq!(check("https://user:pw@ivr.example.com/"), Err(UrlRefusal::UserInfo));
        assert_eq!(check("https://ivr.example.com:25/"), Err(UrlRefusal::Port));
        assert_eq!(check("https://10.0.0.1/"), Err(UrlRefusal::NotPublic));
        assert_eq!(check("https://[::ffff:127.0.0.1]/"), Err(UrlRefusal::NotPublic));
        assert_eq!(check("https://0x7f.1/"), Err(UrlRefusal::NotPublic));
        assert_eq!(check("https://localhost/"), Err(UrlRefusal::NotPublic));
        assert_eq!(check("ftp://ivr.example.com/"), Err(UrlRefusal::Malformed));
        assert_eq!(check("/voice"), Err(UrlRefusal::Malformed));
    }

    /// 64 names of endpoints whose servers are silent, and one that answers.
    fn silent_endpoints(name: String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> {
        Box::pin(async move {
            match name.starts_with("silent") {
                true => std::future::pending().await,
                false => Ok(vec![([127, 0, 0, 1], 0).into()]),
            }
        })
    }

    #[tokio::test]
    async fn names_of_endpoints_that_are_silent_stop_no_voice_callback() {
        let customers = Customers::with_lookup(true, silent_endpoints).unwrap();
        let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = taken.local_addr().unwrap().port();
        for number in 0..64 {
            let request = customers.events().multiplexed.get(format!("http://silent-{number}.example:{port}/"));
            assert!(futures::poll!(Box::pin(request.send())).is_pending());
        }
        let asked = customers.0.get(format!("http://ivr.example:{port}/"));
        let (accepted, _) = futures::future::join(taken.accept(), async { drop(tokio::spawn(asked.send())) }).await;
        assert!(accepted.is_ok());
    }

    #[test]
    fn development_adds_loopback_http() {
        assert!(check_url("http://127.0.0.1:3000/voice", true).is_ok());
        assert!(check_url("http://localhost:3000/voice", true).is_ok());
        assert_eq!(check_url("http://192.168.1.2/voice", true), Err(UrlRefusal::NotPublic));
    }
}
