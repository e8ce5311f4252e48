//! The one HTTP client for URLs that customers give: no proxy, no redirects, public addresses only, bounded answers.
//!
//! A name is resolved by [`PublicOnly`], which drops every address that customers' URLs may not lead to; what is left
//! is what is connected to. Addresses written into the URL are checked by [`check_url`], because they are not resolved.

use std::collections::HashMap;
use std::{net::SocketAddr, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::address::may_be_called;
use crate::clock;
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

/// Names that are looked up at the same time. Each takes a thread for as long as the name's servers are silent, of the threads
/// that files and passwords need too.
const LOOKUPS_AT_ONCE: usize = 64;
/// A name that led nowhere is not looked up again for so long: all that goes there would wait for it anew.
const NOWHERE_FOR: Duration = Duration::from_secs(10);
/// Such names that are known.
const MOST_NOWHERE: usize = 4_096;

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

/// Whether a written address is loopback; refused when it may not be called.
fn checked(address: std::net::IpAddr, development: bool) -> Result<bool, UrlRefusal> {
    if may_be_called(address, development) { Ok(address.is_loopback()) } else { Err(UrlRefusal::NotPublic) }
}

/// The client, as the rooms share it: one that speaks HTTP/1.1 only, which WebSockets need, and one that speaks HTTP/2 where
/// the other end offers it.
pub struct Customers(pub reqwest::Client, reqwest::Client);

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
        let resolver = Arc::new(PublicOnly::new(development, lookup));
        let base = || {
            let builder = builder(resolver.clone());
            roots.iter().fold(builder, |builder, root| builder.add_root_certificate(root.clone()))
        };
        let multiplexed = base()
            .http2_keep_alive_interval(PING_EVERY)
            .http2_keep_alive_timeout(PONG_WITHIN)
            .http2_max_header_list_size(MAX_HEADERS_BYTES);
        Ok(Self(base().http1_only().build()?, multiplexed.build()?))
    }

    /// The one that sends many requests at the same time over one connection, where the other end offers that.
    pub fn multiplexed(&self) -> &reqwest::Client {
        &self.1
    }
}

/// Finds the addresses of a name.
pub type Lookup = fn(String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>>;

/// The system's own.
fn system(name: String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> {
    Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
}

/// What every client has. One serves the whole process: it pools connections.
fn builder(resolver: Arc<PublicOnly>) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_FOR)
        .user_agent(concat!("Sautikit/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(resolver)
}

/// A name of which no address may be called.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to no public address")]
pub struct NoPublicAddress;

/// Resolves names to callable addresses only.
struct PublicOnly {
    development: bool,
    lookup: Lookup,
    places: Arc<Semaphore>,
    nowhere: Arc<Mutex<HashMap<String, (Instant, Nowhere)>>>,
}

/// Why a name leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nowhere {
    Unknown,
    NotPublic,
}

impl PublicOnly {
    fn new(development: bool, lookup: Lookup) -> Self {
        let places = Arc::new(Semaphore::new(LOOKUPS_AT_ONCE));
        Self { development, lookup, places, nowhere: Arc::default() }
    }

    /// Why the name led nowhere a moment ago, if it did.
    fn known(&self, name: &str) -> Option<Nowhere> {
        let nowhere = self.nowhere.lock();
        nowhere.get(name).filter(|(at, _)| at.elapsed() < NOWHERE_FOR).map(|(_, why)| *why)
    }
}

fn note(nowhere: &Mutex<HashMap<String, (Instant, Nowhere)>>, name: String, why: Nowhere) {
    let mut nowhere = nowhere.lock();
    if nowhere.len() >= MOST_NOWHERE {
        nowhere.retain(|_, (at, _)| at.elapsed() < NOWHERE_FOR);
    }
    if nowhere.len() < MOST_NOWHERE {
        nowhere.insert(name, (clock::timer_now(), why));
    }
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let (development, lookup, name) = (self.development, self.lookup, name.as_str().to_owned());
        let (places, nowhere, known) = (self.places.clone(), self.nowhere.clone(), self.known(&name));
        Box::pin(async move {
            match known {
                Some(Nowhere::NotPublic) => return Err(Box::from(NoPublicAddress)),
                Some(Nowhere::Unknown) => return Err(Box::from("the name was not found a moment ago")),
                None => {}
            }
            let place = places.acquire_owned().await?;
            // Whoever gives up waiting leaves the thread behind, and its place with it.
            let found = tokio::spawn(async move {
                let found = lookup(name.clone()).await;
                drop(place);
                let public = found.map(|mut all| {
                    all.retain(|address| may_be_called(address.ip(), development));
                    all
                });
                match &public {
                    Ok(public) if public.is_empty() => note(&nowhere, name, Nowhere::NotPublic),
                    Ok(_) => {}
                    Err(_) => note(&nowhere, name, Nowhere::Unknown),
                }
                public
            });
            let public = found.await??;
            if public.is_empty() {
                return Err(Box::from(NoPublicAddress));
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
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

    fn silent(_: String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> {
        Box::pin(std::future::pending())
    }

    fn nothing(_: String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> {
        Box::pin(async { Err(std::io::Error::other("no such name")) })
    }

    fn inside(_: String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> {
        Box::pin(async { Ok(vec![([10, 0, 0, 1], 0).into()]) })
    }

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn names_whose_servers_are_silent_hold_so_many_threads_and_no_more() {
        let resolver = PublicOnly::new(false, silent);
        for number in 0..2 * LOOKUPS_AT_ONCE {
            let mut asked = resolver.resolve(name(&format!("silent-{number}.example")));
            // Who asked gives up; its place is taken for as long as the lookup goes on.
            assert!(futures::poll!(&mut asked).is_pending());
        }
        assert_eq!(resolver.places.available_permits(), 0);
    }

    #[tokio::test]
    async fn a_name_that_led_nowhere_is_not_looked_up_again_at_once() {
        for (lookup, why) in [(nothing as Lookup, Nowhere::Unknown), (inside as Lookup, Nowhere::NotPublic)] {
            let mut resolver = PublicOnly::new(false, lookup);
            assert!(resolver.resolve(name("nowhere.example")).await.is_err());
            assert_eq!(resolver.known("nowhere.example"), Some(why));
            // Another look would wait for ever.
            resolver.lookup = silent;
            let again = resolver.resolve(name("nowhere.example")).await.err().expect("the same");
            assert_eq!(again.is::<NoPublicAddress>(), why == Nowhere::NotPublic);
            assert_eq!(resolver.known("another.example"), None);
        }
    }

    #[test]
    fn development_adds_loopback_http() {
        assert!(check_url("http://127.0.0.1:3000/voice", true).is_ok());
        assert!(check_url("http://localhost:3000/voice", true).is_ok());
        assert_eq!(check_url("http://192.168.1.2/voice", true), Err(UrlRefusal::NotPublic));
    }
}
