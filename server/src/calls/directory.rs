//! What admission asks about numbers, workspaces and prices, kept in memory and at most a second old.
//!
//! What is written is counted ([`Changes`](crate::state::Changes)) and what was read before is not believed after, so that
//! whoever changed it sees it in the next call. Other nodes are told of it by a notice of the database, and where that is lost
//! see it when the second is over. The price list is read anew only when its revision is another. Deliberately absent: money,
//! which is decided under the wallet's lock.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sautikit_api::ids::WorkspaceId;
use sautikit_api::money::Currency;
use sqlx::AnyConnection;

use super::limits::{Limits, Side};
use super::{CallError, store};
use crate::db::in_time;
use crate::pricing::PriceList;
use crate::state::AppState;
use crate::tax::TaxRate;
use crate::wallet::WalletError;
use crate::webhooks::signer::NumberSecrets;
use crate::{numbers, pricing, telephone, wallet};

/// How old a fact may be.
const KEPT_FOR: Duration = Duration::from_secs(1);
/// Facts of one kind that are kept; when there are more, those that are too old go.
const MOST_KEPT: usize = 50_000;

/// Own numbers that are listed at most, so that what is dialled need not be asked for one by one; at some 80 bytes each
/// they take 8 MB. An installation that has more asks the database for each.
const MOST_LISTED: usize = 100_000;

/// Last digits by which numbers are passed over before they are compared in earnest.
const COMPARED_DIGITS: usize = 4;

/// Which numbers are ours.
#[derive(Debug)]
struct Listed {
    revision: i64,
    /// None: too many.
    e164: Option<HashSet<Box<str>>>,
}

/// A number with what its calls need.
#[derive(Debug, Clone)]
pub struct DirectoryNumber {
    /// The number.
    pub number: numbers::TenantNumber,
    /// What its voice callbacks are signed with: its own secret, else the workspace's.
    pub signing_secret: NumberSecrets,
    /// How many changes of what tenants have there were before it was read.
    pub changes: u64,
}

/// A workspace with what its calls need.
#[derive(Debug, Clone)]
pub struct DirectoryWorkspace {
    /// Suspended or deleted: it neither calls nor is called.
    pub is_closed: bool,
    /// Its wallet's.
    pub currency: Currency,
    /// What is charged beside the cost of calls that begin now.
    pub tax: TaxRate,
    /// Its active numbers, E.164.
    pub own_numbers: Arc<[String]>,
    /// What its calls may.
    pub limits: Arc<Limits>,
    /// Whether its outbound calls are frozen.
    pub is_frozen: bool,
    /// When they were last let go on, in microseconds UTC.
    pub unfrozen_at: Option<i64>,
}

/// The facts of this node.
#[derive(Default)]
pub struct Directory {
    listed: Kept<(), Arc<Listed>>,
    numbers: Kept<String, Arc<DirectoryNumber>>,
    workspaces: Kept<WorkspaceId, Arc<DirectoryWorkspace>>,
    prices: Kept<(), Arc<PriceList>>,
}

impl Directory {
    /// The active number of that E.164, whosever it is.
    ///
    /// # Errors
    /// The database failed.
    pub async fn number(&self, app: &AppState, e164: &str) -> Result<Option<Arc<DirectoryNumber>>, CallError> {
        let listed = self.listed(app).await?;
        if listed.is_some_and(|listed| listed.e164.as_ref().is_some_and(|numbers| !numbers.contains(e164))) {
            return Ok(None);
        }
        let load = async || {
            let changes = app.tenant_changes.count();
            let mut conn = app.db.acquire().await?;
            let Some(number) = numbers::find_active_by_e164(&mut conn, e164).await? else { return Ok(None) };
            let signing_secret = signing_secret(app, &mut conn, &number).await?;
            Ok(Some(Arc::new(DirectoryNumber { number, signing_secret, changes })))
        };
        self.numbers.get(app, e164, load).await
    }

    /// The active number that somebody in its own country means by `written`, E.164. None where it could be several, or where
    /// there are too many to look through.
    ///
    /// # Errors
    /// The database failed.
    pub async fn number_written(&self, app: &AppState, written: &str) -> Result<Option<String>, CallError> {
        let (listed, keys) = (self.listed(app).await?, telephone::keys_of(written));
        let Some((numbers, keys)) = listed.as_ref().and_then(|listed| listed.e164.as_ref()).zip(keys) else {
            return Ok(None);
        };
        let tail = keys.len().checked_sub(COMPARED_DIGITS).and_then(|start| keys.get(start..)).unwrap_or(&keys);
        let mut meant = numbers.iter().filter(|e164| e164.ends_with(tail) && telephone::names(written, e164));
        let number = meant.next();
        Ok(number.filter(|_| meant.next().is_none()).map(ToString::to_string))
    }

    /// Which numbers are ours: most of those that are dialled are not.
    async fn listed(&self, app: &AppState) -> Result<Option<Arc<Listed>>, CallError> {
        let known = self.listed.newest(&());
        let load = async || {
            let mut conn = app.db.acquire().await?;
            let revision = numbers::revision(&mut conn).await?;
            if let Some(known) = known.filter(|known| known.revision == revision) {
                return Ok(Some(known));
            }
            let numbers = numbers::list_all_active_e164(&mut conn, MOST_LISTED as i64 + 1).await?;
            let e164 = (numbers.len() <= MOST_LISTED).then(|| numbers.into_iter().map(Into::into).collect());
            Ok(Some(Arc::new(Listed { revision, e164 })))
        };
        self.listed.get(app, &(), load).await
    }

    /// The workspace's facts.
    ///
    /// # Errors
    /// It has no wallet, or the database failed.
    pub async fn workspace(&self, app: &AppState, id: WorkspaceId) -> Result<Arc<DirectoryWorkspace>, CallError> {
        let load = async || {
            let mut conn = app.db.acquire().await?;
            let standing = store::limits::standing(&mut conn, id).await?.ok_or(CallError::WorkspaceClosed)?;
            let ceiling =
                Limits::ceiling(&app.config.call_limits, &standing.country, &Side::Operator.of(&standing.sets));
            let limits = Arc::new(ceiling.tightened(&Side::Workspace.of(&standing.sets)));
            let (is_frozen, unfrozen_at) = (standing.is_frozen(), standing.lifted_at);
            let is_closed = standing.is_closed;
            let wallet = wallet::read(&mut conn, id).await?;
            let (currency, tax) = (wallet.currency, wallet.tax(&app.config.tax));
            let own_numbers = numbers::list_active_e164(&mut conn, id).await?.into();
            Ok(Some(Arc::new(DirectoryWorkspace {
                is_closed,
                currency,
                tax,
                own_numbers,
                limits,
                is_frozen,
                unfrozen_at,
            })))
        };
        self.workspaces.get(app, &id, load).await?.ok_or(CallError::WorkspaceClosed)
    }

    /// The prices of all destinations.
    ///
    /// # Errors
    /// The database failed.
    pub async fn prices(&self, app: &AppState) -> Result<Arc<PriceList>, CallError> {
        let known = self.prices.newest(&());
        let load = async || {
            let mut conn = app.db.acquire().await?;
            let revision = pricing::revision(&mut conn).await?;
            match known {
                Some(list) if list.revision() == revision => Ok(Some(list)),
                _ => Ok(Some(Arc::new(PriceList::read(&mut conn).await?))),
            }
        };
        let list = self.prices.get(app, &(), load).await?;
        // The load always finds one.
        Ok(list.unwrap_or_default())
    }
}

/// What the number's voice callbacks are signed with.
///
/// # Errors
/// A secret was sealed under another master key.
pub(super) async fn signing_secret(
    app: &AppState,
    conn: &mut AnyConnection,
    number: &numbers::TenantNumber,
) -> Result<NumberSecrets, CallError> {
    let signing = numbers::number_signing(app, conn, number).await.map_err(|error| match error {
        numbers::NumberError::Database(error) => CallError::Database(error),
        other => CallError::Database(sqlx::Error::Decode(other.into())),
    })?;
    Ok(signing.into())
}

/// Facts of one kind by key, each with the moment at which it was read, on the monotonic clock.
struct Kept<K, V> {
    facts: Mutex<HashMap<K, Fact<V>>>,
    /// Held by whoever reads: of many who miss the same fact one asks the database. When that failed the last time.
    reading: tokio::sync::Mutex<Option<Duration>>,
}

struct Fact<V> {
    value: V,
    read_at: Duration,
    /// How many changes there were before it was read.
    changes: u64,
}

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self { facts: Mutex::default(), reading: tokio::sync::Mutex::default() }
    }
}

impl<K: Eq + Hash, V: Clone> Kept<K, V> {
    async fn get<Q>(
        &self,
        app: &AppState,
        key: &Q,
        load: impl AsyncFnOnce() -> Result<Option<V>, CallError>,
    ) -> Result<Option<V>, CallError>
    where
        K: std::borrow::Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        if let Some(fact) = self.fresh(app, key) {
            return Ok(Some(fact));
        }
        let asked_at = app.clock.monotonic();
        let mut failed_at = self.reading.lock().await;
        if let Some(fact) = self.fresh(app, key) {
            return Ok(Some(fact));
        }
        // Who waited while it failed need not wait for the same.
        if failed_at.is_some_and(|failed_at| failed_at > asked_at) {
            return Err(CallError::StorageUnavailable);
        }
        let (read_at, changes) = (app.clock.monotonic(), app.tenant_changes.count());
        let loaded = in_time(load()).await;
        let is_away = matches!(loaded, Err(CallError::Database(_) | CallError::Wallet(WalletError::Database(_))));
        *failed_at = is_away.then(|| app.clock.monotonic());
        let loaded = loaded?;
        // What is not there is not kept: a number that was claimed a moment ago is found.
        if let Some(value) = loaded.clone() {
            let mut facts = self.facts.lock();
            if facts.len() >= MOST_KEPT {
                facts.retain(|_, fact| fact.is_fresh(read_at, changes));
            }
            if facts.len() < MOST_KEPT {
                facts.insert(key.to_owned(), Fact { value, read_at, changes });
            }
        }
        Ok(loaded)
    }

    fn fresh<Q>(&self, app: &AppState, key: &Q) -> Option<V>
    where
        K: std::borrow::Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let (now, changes) = (app.clock.monotonic(), app.tenant_changes.count());
        let facts = self.facts.lock();
        let fact = facts.get(key)?;
        fact.is_fresh(now, changes).then(|| fact.value.clone())
    }

    /// The fact however old it is.
    fn newest(&self, key: &K) -> Option<V> {
        self.facts.lock().get(key).map(|fact| fact.value.clone())
    }
}

impl<V> Fact<V> {
    fn is_fresh(&self, now: Duration, changes: u64) -> bool {
        now.saturating_sub(self.read_at) < KEPT_FOR && self.changes == changes
    }
}
