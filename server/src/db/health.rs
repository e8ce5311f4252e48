//! Whether the database takes writes, as the last ones found it.

use std::sync::atomic::{AtomicBool, Ordering};

use super::file::DatabaseFile;
use super::is_unavailable;

/// What is known of the place that is written to.
#[derive(Debug)]
pub(super) struct Health {
    /// Of an embedded database.
    file: Option<DatabaseFile>,
    /// The last write met a database that was away or full.
    writes_fail: AtomicBool,
}

impl Health {
    pub(super) fn new(file: Option<DatabaseFile>) -> Self {
        Self { file, writes_fail: AtomicBool::new(false) }
    }

    /// Before a write.
    pub(super) fn check(&self) -> Result<(), sqlx::Error> {
        self.file.as_ref().map_or(Ok(()), DatabaseFile::check)
    }

    /// Whether the last write was taken, and the next can be; a node writes every few seconds by itself.
    pub(super) fn check_last(&self) -> Result<(), sqlx::Error> {
        self.check()?;
        match self.writes_fail.load(Ordering::Relaxed) {
            true => Err(sqlx::Error::Io(std::io::Error::other("the last write failed"))),
            false => Ok(()),
        }
    }

    /// Takes note of how the beginning of a write ended.
    pub(super) fn begun<T>(&self, ended: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        if ended.as_ref().is_err_and(is_unavailable) {
            self.writes_fail.store(true, Ordering::Relaxed);
        }
        ended
    }

    /// What a commit comes to.
    pub(super) fn committed(&self, ended: Result<(), sqlx::Error>) -> Result<(), sqlx::Error> {
        let lasting = ended.and_then(|()| self.file.as_ref().map_or(Ok(()), DatabaseFile::check_written));
        match &lasting {
            Ok(()) => self.writes_fail.store(false, Ordering::Relaxed),
            Err(error) if is_unavailable(error) => self.writes_fail.store(true, Ordering::Relaxed),
            Err(_) => {}
        }
        lasting
    }
}
