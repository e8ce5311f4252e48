//! What nodes tell each other at once, through the database that they share: PostgreSQL's NOTIFY and LISTEN. On SQLite there is
//! one node, and nobody to tell.

use std::time::Duration;

use sqlx::AnyConnection;
use sqlx::postgres::PgListener;
use tokio_util::sync::CancellationToken;

use super::{Causes, Db, Dialect};
use crate::config::Database;

/// Longest text of a notice, in bytes: PostgreSQL takes less than 8,000.
pub(crate) const MOST_BYTES: usize = 7_900;

/// Between two tries to hear, after the database failed.
const FAILURE_WAIT: Duration = Duration::from_secs(1);

/// What is heard on a channel.
struct Notices(PgListener);

impl Notices {
    /// The next text; none where the connection broke and is open again, so that some may have been missed.
    ///
    /// # Errors
    /// The database is away; asking again connects again.
    async fn next(&mut self) -> Result<Option<String>, sqlx::Error> {
        Ok(self.0.try_recv().await?.map(|notice| notice.payload().to_owned()))
    }
}

impl Db {
    /// Whether other nodes can be on it.
    pub(crate) fn has_other_nodes(&self) -> bool {
        self.dialect == Dialect::Postgres
    }

    /// Tells all nodes once the transaction is committed; at most [`MOST_BYTES`].
    pub(crate) async fn tell(&self, tx: &mut AnyConnection, channel: &str, text: &str) -> Result<(), sqlx::Error> {
        if !self.has_other_nodes() {
            return Ok(());
        }
        // As text, because the driver knows no column without a type.
        let query = sqlx::query("select cast(pg_notify($1, $2) as text)");
        query.bind(channel.to_owned()).bind(text.to_owned()).execute(tx).await.map(drop)
    }

    /// Listens to a channel, by a connection of its own. None on SQLite.
    async fn listen(&self, config: &Database, channel: &str) -> Result<Option<Notices>, sqlx::Error> {
        if !self.has_other_nodes() {
            return Ok(None);
        }
        let mut listener = PgListener::connect(&config.url).await?;
        listener.listen(channel).await?;
        Ok(Some(Notices(listener)))
    }

    /// Gives `heard` what is told on a channel until the server stops: each text, and none where some may have been missed. Returns
    /// at once on SQLite. `late` says in the log what is noticed late while the database is away.
    pub(crate) async fn hear_until_stopped(
        &self,
        config: &Database,
        stopping: &CancellationToken,
        (channel, late): (&str, &'static str),
        mut heard: impl FnMut(Option<String>),
    ) {
        let hear = async {
            loop {
                let Err(error) = self.hear(config, channel, &mut heard).await else { return };
                tracing::warn!(error = %Causes(&error), "{late}");
                tokio::time::sleep(FAILURE_WAIT).await;
                heard(None);
            }
        };
        tokio::select! {
            () = hear => {}
            () = stopping.cancelled() => {}
        }
    }

    async fn hear(
        &self,
        config: &Database,
        channel: &str,
        heard: &mut impl FnMut(Option<String>),
    ) -> Result<(), sqlx::Error> {
        let Some(mut notices) = self.listen(config, channel).await? else { return Ok(()) };
        loop {
            heard(notices.next().await?);
        }
    }
}
