//! What nodes tell each other at once, through the database that they share: PostgreSQL's NOTIFY and LISTEN. On SQLite there is
//! one node, and nobody to tell.

use sqlx::AnyConnection;
use sqlx::postgres::PgListener;

use super::{Db, Dialect};
use crate::config::Database;

/// Longest text of a notice, in bytes: PostgreSQL takes less than 8,000.
pub(crate) const MOST_BYTES: usize = 7_900;

/// What is heard on a channel.
pub(crate) struct Notices(PgListener);

impl Notices {
    /// The next text; none where the connection broke and is open again, so that some may have been missed.
    ///
    /// # Errors
    /// The database is away; asking again connects again.
    pub(crate) async fn next(&mut self) -> Result<Option<String>, sqlx::Error> {
        Ok(self.0.try_recv().await?.map(|notice| notice.payload().to_owned()))
    }
}

impl Db {
    /// Tells all nodes once the transaction is committed; at most [`MOST_BYTES`].
    pub(crate) async fn tell(&self, tx: &mut AnyConnection, channel: &str, text: &str) -> Result<(), sqlx::Error> {
        if self.dialect == Dialect::Sqlite {
            return Ok(());
        }
        // As text, because the driver knows no column without a type.
        let query = sqlx::query("select cast(pg_notify($1, $2) as text)");
        query.bind(channel.to_owned()).bind(text.to_owned()).execute(tx).await.map(drop)
    }

    /// Listens to a channel, by a connection of its own. None on SQLite.
    pub(crate) async fn listen(&self, config: &Database, channel: &str) -> Result<Option<Notices>, sqlx::Error> {
        if self.dialect == Dialect::Sqlite {
            return Ok(None);
        }
        let mut listener = PgListener::connect(&config.url).await?;
        listener.listen(channel).await?;
        Ok(Some(Notices(listener)))
    }
}
