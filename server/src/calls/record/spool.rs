//! What could not be written while the database is away, in a file of `data_dir`: one JSON object per line, on the disk
//! before anybody is told. Replayed in order when the database is back, or at the next start.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::change::{Changes, Fresh};
use crate::webhooks::NewEvent;

/// The file's name within `data_dir`.
const NAME: &str = "call-record.spool";
/// What can't be replayed is kept for people.
const REJECTED_NAME: &str = "call-record.rejected";

/// A line, as it is read; one that an earlier release wrote is a call's.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Call(Box<Changes>),
    Event(NewEvent),
}

/// The file. All of its operations block; the writer runs them beside the runtime.
#[derive(Debug)]
pub(super) struct Spool {
    path: PathBuf,
    rejected: PathBuf,
}

/// What the file holds.
#[derive(Debug, Default)]
pub(super) struct Spooled {
    /// What waits, oldest first.
    pub(super) fresh: Fresh,
    /// Lines that can't be read: one that broke off, as by a power cut before it was told, or another release's.
    pub(super) unreadable: Vec<Vec<u8>>,
}

impl Spool {
    /// In `data_dir`; nothing is created before something is put there.
    pub(super) fn new(data_dir: &Path) -> Self {
        Self { path: data_dir.join(NAME), rejected: data_dir.join(REJECTED_NAME) }
    }

    /// Adds what is new; when this returns it survives a power cut.
    ///
    /// # Errors
    /// The disk is full or fails; then none of them counts as kept.
    pub(super) fn append(&self, fresh: &Fresh) -> std::io::Result<()> {
        append_fresh(&self.path, fresh)
    }

    /// Keeps what the database will never take, and that only people can judge.
    ///
    /// # Errors
    /// The disk is full or fails.
    pub(super) fn reject(&self, fresh: &Fresh) -> std::io::Result<()> {
        append_fresh(&self.rejected, fresh)
    }

    /// All that waits.
    ///
    /// # Errors
    /// The file can't be read.
    pub(super) fn read(&self) -> std::io::Result<Spooled> {
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Spooled::default()),
            opened => opened?,
        };
        let mut spooled = Spooled::default();
        for line in BufReader::new(file).split(b'\n') {
            let line = line?;
            match serde_json::from_slice(&line) {
                Ok(Line::Call(changes)) => spooled.fresh.changes.push(*changes),
                Ok(Line::Event(event)) => spooled.fresh.events.push(event),
                Err(error) => {
                    tracing::error!(%error, "a line of the spool of calls can't be read");
                    spooled.unreadable.push(line);
                }
            }
        }
        Ok(spooled)
    }

    /// Forgets what was replayed; what could not be read is kept for people first.
    ///
    /// # Errors
    /// The disk is full or fails, or the file can't be removed.
    pub(super) fn clear(&self, unreadable: &[Vec<u8>]) -> std::io::Result<()> {
        if !unreadable.is_empty() {
            let mut lines = unreadable.join(&b'\n');
            lines.push(b'\n');
            append(&self.rejected, &lines)?;
        }
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
}

fn append_fresh(path: &Path, fresh: &Fresh) -> std::io::Result<()> {
    let mut lines = Vec::new();
    fresh.changes.iter().try_for_each(|one| add_line(&mut lines, one))?;
    fresh.events.iter().try_for_each(|one| add_line(&mut lines, one))?;
    append(path, &lines)
}

fn add_line(lines: &mut Vec<u8>, one: &impl Serialize) -> std::io::Result<()> {
    serde_json::to_writer(&mut *lines, one)?;
    lines.push(b'\n');
    Ok(())
}

fn append(path: &Path, lines: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let before = file.metadata()?.len();
    // A file that may be new survives a power cut only with its name.
    let named = || if before == 0 { sync_folder(path) } else { Ok(()) };
    let written = file.write_all(lines).and_then(|()| file.sync_data()).and_then(|()| named());
    if written.is_err() {
        // Half a line would swallow the next one.
        let _ = file.set_len(before);
    }
    written
}

fn sync_folder(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::super::change::{over as changes, told};
    use super::*;

    #[test]
    fn what_was_put_there_comes_back_in_order_until_it_is_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::new(folder.path());
        assert!(spool.read().unwrap().fresh.is_empty());
        spool.append(&vec![changes(1), changes(2)].into()).unwrap();
        spool.append(&Fresh { changes: vec![changes(3)], events: vec![told(4), told(5)] }).unwrap();
        let spooled = Spool::new(folder.path()).read().unwrap().fresh;
        let ids: Vec<_> = spooled.changes.iter().map(|one| one.call_id.0.as_u128()).collect();
        assert_eq!(ids, [1, 2, 3]);
        assert_eq!(spooled.changes[0].state, changes(1).state);
        let events: Vec<_> = spooled.events.iter().map(|event| event.id.0.as_u128()).collect();
        assert_eq!(events, [4, 5]);
        assert_eq!((spooled.events[0].kind, &spooled.events[0].data), (told(4).kind, &told(4).data));
        spool.clear(&[]).unwrap();
        assert!(spool.read().unwrap().fresh.is_empty());
    }

    #[test]
    fn a_line_that_can_not_be_read_hides_no_other_and_is_kept_for_people() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::new(folder.path());
        spool.append(&vec![changes(1)].into()).unwrap();
        let mut file = OpenOptions::new().append(true).open(folder.path().join(NAME)).unwrap();
        file.write_all(b"{\"call_id\": \"half\n{\"of\": \"another release\"}\n").unwrap();
        spool.append(&vec![changes(2)].into()).unwrap();
        let spooled = spool.read().unwrap();
        assert_eq!((spooled.fresh.changes.len(), spooled.unreadable.len()), (2, 2));
        spool.reject(&vec![changes(3)].into()).unwrap();
        spool.clear(&spooled.unreadable).unwrap();
        assert!(!folder.path().join(NAME).exists());
        let kept = std::fs::read_to_string(folder.path().join(REJECTED_NAME)).unwrap();
        let lines: Vec<_> = kept.lines().skip(1).collect();
        assert_eq!(lines, ["{\"call_id\": \"half", "{\"of\": \"another release\"}"]);
    }
}
