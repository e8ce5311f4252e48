//! Keeps the carriers as the configuration and the operators' API have them: after a change at once on the node that made it
//! and within seconds on others, and names are looked up again each minute.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;

use super::{Table, Trunk, TrunkError, Trunks};
use crate::config;
use crate::state::AppState;
use crate::trunks;

/// Between two looks at the revision: how late another node learns of a change.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Between two lookups of names, the least that carriers' DNS entries are made for.
const NAMES_EVERY: Duration = Duration::from_secs(60);

/// Where the trunks of a table come from.
pub struct Source {
    app: AppState,
    sandbox: Option<SocketAddr>,
    known: Known,
}

/// What was read last.
#[derive(Default)]
struct Known {
    revision: Option<i64>,
    of_api: Vec<config::Trunk>,
    looked_up_at: Duration,
    /// The last that a trunk could be used as, by name: one whose name does not resolve for a while stays where it was.
    usable: HashMap<String, (config::Trunk, Trunk)>,
}

impl Source {
    /// `sandbox`: the built-in carrier's address, if it runs.
    pub fn new(app: &AppState, sandbox: Option<SocketAddr>) -> Self {
        Self { app: app.clone(), sandbox, known: Known::default() }
    }

    /// The first table.
    ///
    /// # Errors
    /// A trunk of the configuration can't be used. Those of the API that can't wait until they can; so they do while the
    /// database is away.
    pub async fn first(&mut self) -> Result<Table, TrunkError> {
        for settings in &self.app.config.trunk {
            let trunk = Trunk::from_settings(settings, None, &self.app.entropy).await?;
            self.known.usable.insert(settings.name.clone(), (settings.clone(), trunk));
        }
        self.read().await;
        Ok(self.build(&Table::default()).await)
    }

    /// Another table, if there is something new.
    async fn next(&mut self, former: &Table) -> Option<Table> {
        let is_new = self.read().await;
        let names_are_due = self.now().saturating_sub(self.known.looked_up_at) >= NAMES_EVERY;
        if is_new || names_are_due { Some(self.build(former).await) } else { None }
    }

    fn now(&self) -> Duration {
        self.app.clock.monotonic()
    }

    /// Reads the API's trunks; whether they are others now. While the database is away they stay as they are.
    async fn read(&mut self) -> bool {
        match self.try_read().await {
            Ok(is_new) => is_new,
            Err(error) => {
                tracing::warn!(%error, "the trunks could not be read; they stay as they are");
                false
            }
        }
    }

    async fn try_read(&mut self) -> Result<bool, trunks::TrunkError> {
        let mut conn = self.app.db.acquire().await?;
        // First: a change in between is then read again.
        let revision = trunks::revision(&mut conn).await?;
        if self.known.revision == Some(revision) {
            return Ok(false);
        }
        self.known.of_api = trunks::list_enabled(&self.app, &mut conn).await?;
        self.known.revision = Some(revision);
        Ok(true)
    }

    async fn build(&mut self, former: &Table) -> Table {
        self.known.looked_up_at = self.now();
        let mut all = Vec::new();
        let app = self.app.clone();
        let settings: Vec<_> = app.config.trunk.iter().chain(&self.known.of_api).collect();
        let address_of = |name: &str| self.known.usable.get(name).map(|(_, trunk)| trunk.address);
        let read =
            settings.iter().map(|settings| Trunk::from_settings(settings, address_of(&settings.name), &app.entropy));
        let read = futures::future::join_all(read).await;
        for (settings, trunk) in settings.into_iter().zip(read) {
            match trunk {
                Ok(trunk) => all.push((settings.clone(), trunk)),
                Err(error) => {
                    let former = self.known.usable.get(&settings.name).filter(|(known, _)| known == settings);
                    match former {
                        Some(former) => all.push(former.clone()),
                        None => tracing::warn!(%error, "a trunk can't be used yet"),
                    }
                }
            }
        }
        let mut trunks: Vec<_> = all.iter().map(|(_, trunk)| trunk.clone()).collect();
        self.known.usable =
            all.into_iter().map(|(settings, trunk)| (settings.name.clone(), (settings, trunk))).collect();
        if let Some(address) = self.sandbox.filter(|_| app.config.has_sandbox_beside(trunks.len())) {
            trunks.push(Trunk::sandbox(address));
        }
        former.followed_by(trunks, self.now())
    }
}

/// Puts tables in force until the server stops.
pub async fn run(mut source: Source, trunks: Arc<Trunks>, bell: Arc<Notify>) {
    let stopping = source.app.stopping.clone();
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            () = bell.notified() => {}
            () = sleep(LOOK_EVERY) => {}
        }
        if let Some(table) = source.next(&trunks.table()).await {
            trunks.replace(table);
        }
    }
}
