//! Where the names of customers' URLs lead: public addresses only, one look at a time for each name, and what a name led to
//! is kept for a while, so that names whose servers are silent stop nobody else's connections.
//!
//! Whatever is kept was checked when it was found, and is what is connected to.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use parking_lot::Mutex;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use super::address::may_be_called;
use crate::clock;

/// What a name led to is believed for so long without another look.
const FRESH_FOR: Duration = Duration::from_secs(60);
/// And for so long where no look can be had: its own is silent, or those of others take all places.
const STALE_FOR: Duration = Duration::from_secs(600);
/// A name that led nowhere is not looked up again for so long: all that goes there would wait for it anew.
const NOWHERE_FOR: Duration = Duration::from_secs(10);
/// Names that are known, of either kind.
const MOST_NAMES: usize = 4_096;

/// Finds the addresses of a name.
pub type Lookup = fn(String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>>;

/// The system's own.
pub(super) fn system(name: String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> {
    Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
}

/// A name of which no address may be called.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to no public address")]
pub struct NoPublicAddress;

/// Resolves names to callable addresses only.
pub(super) struct PublicOnly {
    development: bool,
    lookup: Lookup,
    /// Looks at the same time. Each takes a thread for as long as the name's servers are silent, of the threads that files
    /// and passwords need too.
    places: Arc<Semaphore>,
    names: Arc<Mutex<Names>>,
}

/// Why a name leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nowhere {
    Unknown,
    NotPublic,
}

/// What a look found: addresses that may be called.
type Found = Result<Arc<[SocketAddr]>, Nowhere>;

/// What is known of names, by them.
#[derive(Default)]
struct Names {
    found: HashMap<String, (Instant, Arc<[SocketAddr]>)>,
    nowhere: HashMap<String, (Instant, Nowhere)>,
    /// Looks that go on, whoever still waits for them.
    looks: HashMap<String, watch::Receiver<Option<Found>>>,
}

impl Names {
    /// Addresses that were found so short a time ago.
    fn found_within(&self, name: &str, span: Duration) -> Option<Arc<[SocketAddr]>> {
        self.found.get(name).filter(|(at, _)| at.elapsed() < span).map(|(_, found)| found.clone())
    }

    /// What is known well enough to do without another look.
    fn known(&self, name: &str) -> Option<Found> {
        let nowhere = self.nowhere.get(name).filter(|(at, _)| at.elapsed() < NOWHERE_FOR).map(|(_, why)| Err(*why));
        nowhere.or_else(|| self.found_within(name, FRESH_FOR).map(Ok))
    }

    /// Notes how a look ended.
    fn note(&mut self, name: String, found: &Found) {
        self.looks.remove(&name);
        let now = clock::timer_now();
        match found {
            Ok(addresses) => {
                self.nowhere.remove(&name);
                put(&mut self.found, name, (now, addresses.clone()), STALE_FOR);
            }
            Err(why) => {
                if *why == Nowhere::NotPublic {
                    self.found.remove(&name);
                }
                put(&mut self.nowhere, name, (now, *why), NOWHERE_FOR);
            }
        }
    }
}

/// Keeps so many at most: those that are past their time make room, and a new one goes without where there is none.
fn put<T>(all: &mut HashMap<String, (Instant, T)>, name: String, one: (Instant, T), span: Duration) {
    if all.len() >= MOST_NAMES {
        all.retain(|_, (at, _)| at.elapsed() < span);
    }
    if all.len() < MOST_NAMES || all.contains_key(&name) {
        all.insert(name, one);
    }
}

/// How a name is to be had.
enum Way {
    Known(Found),
    Look(watch::Receiver<Option<Found>>),
    /// Another look goes on in every place.
    Full,
}

impl PublicOnly {
    /// Makes `most` looks at the same time.
    pub(super) fn new(development: bool, lookup: Lookup, most: usize) -> Self {
        Self { development, lookup, places: Arc::new(Semaphore::new(most)), names: Arc::default() }
    }

    /// The way to a name; `place` is one that was waited for.
    fn way(&self, name: &str, place: Option<OwnedSemaphorePermit>) -> Way {
        let mut names = self.names.lock();
        if let Some(known) = names.known(name) {
            return Way::Known(known);
        }
        let stale = names.found_within(name, STALE_FOR);
        if let Some(look) = names.looks.get(name) {
            // The one who began it waits for it.
            return stale.map_or_else(|| Way::Look(look.clone()), |found| Way::Known(Ok(found)));
        }
        let Some(place) = place.or_else(|| self.places.clone().try_acquire_owned().ok()) else {
            return stale.map_or(Way::Full, |found| Way::Known(Ok(found)));
        };
        let (told, look) = watch::channel(None);
        names.looks.insert(name.to_owned(), look.clone());
        let (name, lookup, development, known) = (name.to_owned(), self.lookup, self.development, self.names.clone());
        // Whoever gives up waiting leaves the thread behind, and its place with it: who comes next joins them.
        tokio::spawn(async move {
            let found = match tokio::spawn(lookup(name.clone())).await {
                Ok(Ok(all)) => {
                    let public = all.into_iter().filter(|address| may_be_called(address.ip(), development));
                    let public: Arc<[_]> = public.collect();
                    if public.is_empty() { Err(Nowhere::NotPublic) } else { Ok(public) }
                }
                Ok(Err(_)) | Err(_) => Err(Nowhere::Unknown),
            };
            drop(place);
            known.lock().note(name, &found);
            let _ = told.send(Some(found));
        });
        Way::Look(look)
    }

    /// Where the name leads.
    async fn find(&self, name: &str) -> Found {
        let mut place = None;
        loop {
            match self.way(name, place.take()) {
                Way::Known(found) => return found,
                Way::Look(mut look) => {
                    let told = look.wait_for(Option::is_some).await;
                    return told.ok().and_then(|told| told.clone()).unwrap_or(Err(Nowhere::Unknown));
                }
                Way::Full => match self.places.clone().acquire_owned().await {
                    Ok(free) => place = Some(free),
                    Err(_) => return Err(Nowhere::Unknown),
                },
            }
        }
    }
}

/// Shared by a client and the looks that it waits for.
#[derive(Clone)]
pub(super) struct Resolver(pub(super) Arc<PublicOnly>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let by = self.0.clone();
        Box::pin(async move {
            match by.find(name.as_str()).await {
                Ok(found) => {
                    let found: Addrs = Box::new(found.to_vec().into_iter());
                    Ok(found)
                }
                Err(Nowhere::NotPublic) => Err(Box::from(NoPublicAddress)),
                Err(Nowhere::Unknown) => Err(Box::from("the name was not found")),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Looks at the same time, of a test's resolver.
    const PLACES: usize = 64;

    fn resolver(lookup: Lookup) -> PublicOnly {
        PublicOnly::new(false, lookup, PLACES)
    }

    fn public() -> SocketAddr {
        (Ipv4Addr::new(8, 8, 8, 8), 0).into()
    }

    /// Names whose servers are silent, and others.
    fn by_name(name: String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> {
        Box::pin(async move {
            match name.starts_with("silent") {
                true => std::future::pending().await,
                false => Ok(vec![public()]),
            }
        })
    }

    fn nothing(_: String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> {
        Box::pin(async { Err(std::io::Error::other("no such name")) })
    }

    fn inside(_: String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> {
        Box::pin(async { Ok(vec![([10, 0, 0, 1], 0).into()]) })
    }

    /// As if all that is known had been found so much earlier.
    fn grow_old(resolver: &PublicOnly, span: Duration) {
        let mut names = resolver.names.lock();
        names.found.values_mut().for_each(|(at, _)| *at -= span);
        names.nowhere.values_mut().for_each(|(at, _)| *at -= span);
    }

    /// Asks, and gives up.
    async fn ask(resolver: &PublicOnly, name: &str) {
        assert!(futures::poll!(Box::pin(resolver.find(name))).is_pending(), "{name}");
    }

    #[tokio::test]
    async fn names_whose_servers_are_silent_hold_so_many_threads_and_no_more() {
        let resolver = resolver(by_name);
        for number in 0..2 * PLACES {
            // Who asked gives up; its place is taken for as long as the lookup goes on.
            ask(&resolver, &format!("silent-{number}.example")).await;
        }
        assert_eq!((resolver.places.available_permits(), resolver.names.lock().looks.len()), (0, PLACES));
    }

    #[tokio::test]
    async fn a_name_is_looked_up_once_at_a_time_however_often_it_is_asked_for() {
        let resolver = resolver(by_name);
        for _ in 0..2 * PLACES {
            ask(&resolver, "silent.example").await;
            ask(&resolver, "silent-too.example").await;
        }
        assert_eq!(resolver.places.available_permits(), PLACES - 2);
        assert_eq!(resolver.find("shop.example").await.as_deref(), Ok(&[public()][..]));
    }

    #[tokio::test]
    async fn silent_names_stop_no_name_that_worked_before() {
        let resolver = resolver(by_name);
        assert!(resolver.find("shop.example").await.is_ok());
        for number in 0..PLACES {
            ask(&resolver, &format!("silent-{number}.example")).await;
        }
        assert!(resolver.find("shop.example").await.is_ok(), "fresh");
        grow_old(&resolver, FRESH_FOR);
        assert!(resolver.find("shop.example").await.is_ok(), "and while there is no place to look again");
        grow_old(&resolver, STALE_FOR);
        ask(&resolver, "shop.example").await;
    }

    #[tokio::test]
    async fn a_name_that_led_nowhere_is_not_looked_up_again_at_once() {
        for (lookup, why) in [(nothing as Lookup, Nowhere::Unknown), (inside as Lookup, Nowhere::NotPublic)] {
            let mut resolver = resolver(lookup);
            assert_eq!(resolver.find("nowhere.example").await, Err(why));
            // Another look would wait for ever.
            resolver.lookup = by_name;
            assert_eq!(resolver.find("nowhere.example").await, Err(why));
            assert!(resolver.names.lock().known("another.example").is_none());
        }
    }

    /// Outside at first, then inside.
    fn flips(_: String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> {
        static LOOKS: AtomicUsize = AtomicUsize::new(0);
        let inside = [([169, 254, 169, 254], 0).into(), ([10, 0, 0, 1], 0).into()];
        Box::pin(async move {
            Ok(if LOOKS.fetch_add(1, Ordering::Relaxed) == 0 { vec![public()] } else { inside.to_vec() })
        })
    }

    #[tokio::test]
    async fn each_look_is_checked_anew() {
        let resolver = resolver(flips);
        assert!(resolver.find("flips.example").await.is_ok());
        grow_old(&resolver, FRESH_FOR);
        assert_eq!(resolver.find("flips.example").await, Err(Nowhere::NotPublic));
        grow_old(&resolver, NOWHERE_FOR);
        assert_eq!(resolver.find("flips.example").await, Err(Nowhere::NotPublic), "nor is the former one believed");
    }
}
