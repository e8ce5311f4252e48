//! The files of an embedded database, watched while it is open and remembered after.
//!
//! A system that deletes an open file keeps it for whoever has it open: the server would go on to answer and to take
//! money, and lose all of it at its next start. So every write looks whether the file is still where it was opened, and
//! a marker in `data_dir` says that there was one, so that production does not silently begin with an empty one.

use std::fs::{self, Metadata};
use std::io::{Error, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// Stands in `data_dir` once a database was opened; holds its path.
const MARKER: &str = "database.created";
/// A file that is shorter has no database in it: its header has as many bytes (sqlite.org/fileformat2.html §1.3).
const HEADER_BYTES: u64 = 100;
const GONE: &str =
    "the database's files were deleted or replaced while the server runs; restore them and start it again";

/// The file of an embedded database that is open.
#[derive(Debug)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    /// Device and number of the file that was opened.
    opened: (u64, u64),
    /// The log of what is not in the file yet was seen beside it.
    has_log: AtomicBool,
    /// For good: what is open is not what the next start opens.
    is_gone: AtomicBool,
}

impl DatabaseFile {
    /// The file that a `database.url` names; none where there is none, in memory or on a server.
    pub(super) fn path_of(url: &str) -> Option<PathBuf> {
        let path = url.strip_prefix("sqlite:")?;
        let path = path.strip_prefix("//").unwrap_or(path).split('?').next().unwrap_or_default();
        (!path.is_empty() && !path.starts_with(':')).then(|| path.into())
    }

    /// Watches a file that is open by now.
    pub(super) fn watch(path: PathBuf) -> Result<Self, Error> {
        let opened = identity(&fs::metadata(&path)?);
        Ok(Self { path, opened, has_log: AtomicBool::new(false), is_gone: AtomicBool::new(false) })
    }

    /// Before a write.
    pub(super) fn check(&self) -> Result<(), sqlx::Error> {
        let is_there = fs::metadata(&self.path).is_ok_and(|file| identity(&file) == self.opened);
        self.require(is_there)
    }

    /// After a write: its log is there as well, from the first one on. While nothing is open it may be absent.
    pub(super) fn check_written(&self) -> Result<(), sqlx::Error> {
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        let is_there = fs::metadata(log).is_ok();
        if is_there {
            self.has_log.store(true, Ordering::Relaxed);
        }
        self.require(is_there || !self.has_log.load(Ordering::Relaxed))?;
        self.check()
    }

    fn require(&self, is_there: bool) -> Result<(), sqlx::Error> {
        if !is_there && !self.is_gone.swap(true, Ordering::Relaxed) {
            tracing::error!(path = %self.path.display(), "{GONE}");
        }
        if self.is_gone.load(Ordering::Relaxed) {
            return Err(sqlx::Error::Io(Error::new(ErrorKind::NotFound, GONE)));
        }
        Ok(())
    }
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

/// The marker of this database, if it was opened before and is not there any more.
pub(super) fn lost(url: &str, data_dir: &Path) -> Option<PathBuf> {
    let (path, marker) = (DatabaseFile::path_of(url)?, data_dir.join(MARKER));
    let is_known = fs::read_to_string(&marker).is_ok_and(|of| Path::new(of.trim_end()) == path);
    let is_there = fs::metadata(&path).is_ok_and(|file| file.len() >= HEADER_BYTES);
    (is_known && !is_there).then_some(marker)
}

/// Remembers that the database was opened.
pub(super) fn remember(url: &str, data_dir: &Path) -> Result<(), Error> {
    let Some(path) = DatabaseFile::path_of(url) else { return Ok(()) };
    fs::create_dir_all(data_dir)?;
    fs::write(data_dir.join(MARKER), format!("{}\n", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_read_from_every_spelling() {
        for (url, path) in [
            ("sqlite:///var/lib/a.db", Some("/var/lib/a.db")),
            ("sqlite://data/a.db?mode=rwc", Some("data/a.db")),
            ("sqlite:a.db", Some("a.db")),
            ("sqlite::memory:", None),
            ("postgres://a@b/c", None),
        ] {
            assert_eq!(DatabaseFile::path_of(url), path.map(PathBuf::from), "{url}");
        }
    }

    #[test]
    fn a_file_that_was_deleted_or_replaced_is_gone_for_good() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        fs::write(&path, "1").unwrap();
        let file = DatabaseFile::watch(path.clone()).unwrap();
        assert!(file.check().is_ok());
        fs::rename(&path, folder.path().join("b.db")).unwrap();
        assert!(file.check().is_err());
        fs::rename(folder.path().join("b.db"), &path).unwrap();
        assert!(file.check().is_err());
    }

    #[test]
    fn a_log_that_was_there_must_stay() {
        let folder = tempfile::tempdir().unwrap();
        let (path, log) = (folder.path().join("a.db"), folder.path().join("a.db-wal"));
        fs::write(&path, "1").unwrap();
        let file = DatabaseFile::watch(path).unwrap();
        assert!(file.check_written().is_ok(), "a file system may have none");
        fs::write(&log, "1").unwrap();
        assert!(file.check_written().is_ok());
        fs::remove_file(&log).unwrap();
        assert!(file.check_written().is_err());
    }

    #[test]
    fn a_database_that_was_there_is_missed_until_its_marker_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let (data, path) = (folder.path().join("data"), folder.path().join("a.db"));
        let url = format!("sqlite://{}", path.display());
        assert_eq!(lost(&url, &data), None);
        fs::write(&path, [0; 100]).unwrap();
        remember(&url, &data).unwrap();
        assert_eq!(lost(&url, &data), None);
        fs::write(&path, "").unwrap();
        let marker = lost(&url, &data).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(lost(&url, &data), Some(marker.clone()));
        assert_eq!(lost("sqlite://elsewhere.db", &data), None);
        fs::remove_file(marker).unwrap();
        assert_eq!(lost(&url, &data), None);
    }
}
