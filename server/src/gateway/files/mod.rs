//! Files that calls play: fetched from customers' servers, read into samples, kept by URL.
//!
//! A file is asked for once, however many calls want it at the same time, and again when its server's word on how long it
//! holds has run out: with `If-None-Match` or `If-Modified-Since`, so that a file that has not changed is not sent again. A
//! server that fails does not take away what was played before. Workspaces share nothing, not even a public file.

mod cache;
mod download;

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use media::{Asset, file};
use parking_lot::Mutex;
use sautikit_api::ids::WorkspaceId;
use tokio::sync::Semaphore;

use self::cache::{Cache, Kept};
use self::download::{Downloaded, download};
use crate::clock::Clock;
use crate::webhooks::client::UrlRefusal;

/// From the first byte sent until the file can be played.
const DEADLINE: Duration = Duration::from_secs(15);
/// Files that are fetched and read at the same time, each of up to 20 MB and what comes of it.
const AT_ONCE: usize = 16;
/// Of one workspace: whose server is slow keeps nobody else waiting.
const AT_ONCE_OF_A_WORKSPACE: usize = 4;

/// Why a file is not played, in words for the customer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// The URL, or one that it redirects to, is not one that is called.
    #[error("the URL is not usable: {0}")]
    Url(#[from] UrlRefusal),
    /// Not there in time.
    #[error("the file was not there within {} s", DEADLINE.as_secs())]
    Timeout,
    /// No connection, or it broke.
    #[error("the server could not be reached")]
    Connection,
    /// The server has no such file, or does not give it.
    #[error("the server answered {0}")]
    Status(u16),
    /// Too many redirects, or one without a target.
    #[error("the redirect is not one that is followed")]
    Redirect,
    /// Beyond the bound.
    #[error("the file is larger than 20 MB")]
    TooLarge,
    /// No audio that we read.
    #[error("the file can't be played: {0}")]
    Unreadable(#[from] file::FileError),
    /// The reader broke.
    #[error("the file can't be played")]
    Broken,
}

impl FileError {
    /// Whether what was played before is still right, as far as anybody knows.
    fn is_of_the_moment(&self) -> bool {
        matches!(self, Self::Timeout | Self::Connection | Self::Status(429 | 500..=599))
    }
}

/// A file of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    workspace: WorkspaceId,
    url: String,
}

type Loading = Shared<BoxFuture<'static, Result<Arc<Asset>, FileError>>>;

/// The files. Cheap to clone.
#[derive(Clone)]
pub struct Files(Arc<Inner>);

struct Inner {
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    development: bool,
    cache: Mutex<Cache>,
    loading: Mutex<HashMap<Key, Loading>>,
    slots: Arc<Semaphore>,
    /// As long as somebody of the workspace waits.
    slots_of: Mutex<HashMap<WorkspaceId, Weak<Semaphore>>>,
}

impl Files {
    /// None yet. `development` allows http to loopback.
    pub fn new(http: reqwest::Client, clock: Arc<dyn Clock>, development: bool) -> Self {
        Self(Arc::new(Inner {
            http,
            clock,
            development,
            cache: Mutex::default(),
            loading: Mutex::default(),
            slots: Arc::new(Semaphore::new(AT_ONCE)),
            slots_of: Mutex::default(),
        }))
    }

    /// The audio of a file.
    ///
    /// # Errors
    /// It is not to be had, or is no audio.
    pub async fn load(&self, workspace: WorkspaceId, url: &str) -> Result<Arc<Asset>, FileError> {
        let key = Key { workspace, url: url.to_owned() };
        if let Some(asset) = self.0.cache.lock().fresh(&key, self.0.clock.monotonic()) {
            return Ok(asset);
        }
        let loading = {
            let mut loading = self.0.loading.lock();
            loading.get(&key).cloned().unwrap_or_else(|| {
                let (files, of) = (self.clone(), key.clone());
                let one = async move {
                    let loaded = files.load_now(&of).await;
                    files.0.loading.lock().remove(&of);
                    loaded
                };
                let one = one.boxed().shared();
                loading.insert(key, one.clone());
                one
            })
        };
        loading.await
    }

    async fn load_now(&self, key: &Key) -> Result<Arc<Asset>, FileError> {
        let loaded = tokio::time::timeout(DEADLINE, self.ask(key)).await.unwrap_or(Err(FileError::Timeout));
        match loaded {
            Err(error) if error.is_of_the_moment() => self.0.cache.lock().any(key).ok_or(error),
            loaded => loaded,
        }
    }

    async fn ask(&self, key: &Key) -> Result<Arc<Asset>, FileError> {
        let inner = &self.0;
        let of_workspace = inner.slots_of(key.workspace);
        let one = of_workspace.acquire_owned().await.map_err(|_| FileError::Broken)?;
        let slot = inner.slots.clone().acquire_owned().await.map_err(|_| FileError::Broken)?;
        let validators = inner.cache.lock().validators(key);
        let (answer, terms) = match download(&inner.http, inner.development, &key.url, &validators).await? {
            (Downloaded::Unchanged, terms) => {
                let asset = inner.cache.lock().renew(key, terms.holds_until(inner.clock.monotonic()));
                // It was forgotten meanwhile, and a server that is asked for it again sends it.
                match asset {
                    Some(asset) => return Ok(asset),
                    None => download(&inner.http, inner.development, &key.url, &[]).await?,
                }
            }
            sent => sent,
        };
        let Downloaded::Sent(bytes) = answer else { return Err(FileError::Status(304)) };
        // A reader goes on though nobody waits any more, and so does its place.
        let reading = move || {
            let _held = (one, slot);
            read(bytes)
        };
        let asset = tokio::task::spawn_blocking(reading).await.map_err(|_| FileError::Broken)??;
        if let Some(validators) = terms.validators.clone() {
            let kept = Kept { asset: asset.clone(), until: terms.holds_until(inner.clock.monotonic()), validators };
            inner.cache.lock().put(key.clone(), kept);
        }
        Ok(asset)
    }
}

impl Inner {
    fn slots_of(&self, workspace: WorkspaceId) -> Arc<Semaphore> {
        let mut all = self.slots_of.lock();
        if let Some(slots) = all.get(&workspace).and_then(Weak::upgrade) {
            return slots;
        }
        all.retain(|_, slots| slots.strong_count() > 0);
        let slots = Arc::new(Semaphore::new(AT_ONCE_OF_A_WORKSPACE));
        all.insert(workspace, Arc::downgrade(&slots));
        slots
    }
}

fn read(bytes: Vec<u8>) -> Result<Arc<Asset>, FileError> {
    let audio = file::read(bytes)?;
    Ok(Arc::new(Asset::from_samples(audio.rate_hz, &audio.samples)))
}
