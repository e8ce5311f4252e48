//! What could not be written while the database is away, in a file of `data_dir`: one JSON object per line, on the disk
//! before anybody is told. Replayed in order when the database is back, or at the next start.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::change::Changes;

/// The file's name within `data_dir`.
const NAME: &str = "call-record.spool";
/// What can't be replayed is kept for people.
const REJECTED_NAME: &str = "call-record.rejected";

/// The file. All of its operations block; the writer runs them beside the runtime.
#[derive(Debug)]
pub(super) struct Spool {
    path: PathBuf,
    rejected: PathBuf,
}

impl Spool {
    /// In `data_dir`; nothing is created before something is put there.
    pub(super) fn new(data_dir: &Path) -> Self {
        Self { path: data_dir.join(NAME), rejected: data_dir.join(REJECTED_NAME) }
    }

    /// Adds changes; when this returns they survive a power cut.
    ///
    /// # Errors
    /// The disk is full or fails; then none of them counts as kept.
    pub(super) fn append(&self, changes: &[Changes]) -> std::io::Result<()> {
        append_lines(&self.path, changes)
    }

    /// Keeps changes that the database will never take, and that only people can judge.
    ///
    /// # Errors
    /// The disk is full or fails.
    pub(super) fn reject(&self, changes: &[Changes]) -> std::io::Result<()> {
        append_lines(&self.rejected, changes)
    }

    /// All that waits, oldest first. A line that broke off, as by a power cut before it was told, is left out.
    ///
    /// # Errors
    /// The file can't be read.
    pub(super) fn read(&self) -> std::io::Result<Vec<Changes>> {
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            opened => opened?,
        };
        let mut all = Vec::new();
        for line in BufReader::new(file).split(b'\n') {
            match serde_json::from_slice(&line?) {
                Ok(changes) => all.push(changes),
                Err(error) => tracing::error!(%error, "a line of the spool of calls can't be read"),
            }
        }
        Ok(all)
    }

    /// Forgets what was replayed.
    ///
    /// # Errors
    /// The file can't be removed.
    pub(super) fn clear(&self) -> std::io::Result<()> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
}

fn append_lines(path: &Path, changes: &[Changes]) -> std::io::Result<()> {
    let mut lines = Vec::new();
    for one in changes {
        serde_json::to_writer(&mut lines, one)?;
        lines.push(b'\n');
    }
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let before = file.metadata()?.len();
    let written = file.write_all(&lines).and_then(|()| file.sync_data());
    if written.is_err() {
        // Half a line would swallow the next one.
        let _ = file.set_len(before);
    }
    written
}

#[cfg(test)]
mod tests {
    use sautikit_api::calls::CallStatus;
    use sautikit_api::ids::{CallId, WorkspaceId};
    use uuid::Uuid;

    use super::super::change::CallState;
    use super::*;

    fn changes(number: u128) -> Changes {
        Changes {
            call_id: CallId(Uuid::from_u128(number)),
            workspace_id: WorkspaceId(Uuid::from_u128(9)),
            state: CallState {
                status: CallStatus::Completed,
                to: "a\nb".to_owned(),
                remote: String::new(),
                answered_at: Some(1),
                ended_at: Some(2),
                duration_seconds: Some(1),
                hangup_cause: None,
                cost_minor: Some(5),
                tax_minor: 1,
                entry_seq: 3,
                outbox_seq: 2,
            },
            legs: Vec::new(),
            entries: Vec::new(),
            outbox: Vec::new(),
        }
    }

    #[test]
    fn what_was_put_there_comes_back_in_order_until_it_is_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::new(folder.path());
        assert!(spool.read().unwrap().is_empty());
        spool.append(&[changes(1), changes(2)]).unwrap();
        spool.append(&[changes(3)]).unwrap();
        let ids: Vec<_> = Spool::new(folder.path()).read().unwrap().iter().map(|one| one.call_id.0.as_u128()).collect();
        assert_eq!(ids, [1, 2, 3]);
        assert_eq!(spool.read().unwrap()[0].state, changes(1).state);
        spool.clear().unwrap();
        assert!(spool.read().unwrap().is_empty());
    }

    #[test]
    fn a_line_that_broke_off_does_not_hide_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::new(folder.path());
        spool.append(&[changes(1)]).unwrap();
        let mut file = OpenOptions::new().append(true).open(folder.path().join(NAME)).unwrap();
        file.write_all(b"{\"call_id\": \"half\n").unwrap();
        spool.append(&[changes(2)]).unwrap();
        assert_eq!(spool.read().unwrap().len(), 2);
    }
}
