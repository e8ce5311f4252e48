//! The dialogs of this process's legs, in a file of `data_dir` from the moment that they stand.
//!
//! A dialog reaches the database with the next flush. Of a process that is killed before, the next one would not know what
//! to hang up, and the carrier would bill on. So it is written here first. Not through to the disk: what dies is the
//! process, and the system keeps what was written; a machine that fails takes its calls' media with it.
//! What the next process has closed and not told its carriers yet is in another file, because it may die before it does.
//! Deliberately absent: what is over. The next process asks the database which calls are open.

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use sautikit_api::ids::{CallId, LegRecordId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Recovered;

/// The file's name within `data_dir`, and of the one before it.
const NAME: &str = "call-dialogs";
const OLDER_NAME: &str = "call-dialogs.older";
/// Of closed calls whose dialogs are to be ended.
const ENDING_NAME: &str = "call-dialogs.ending";
/// A file that is longer makes room for a new one. Some 4,000 dialogs, which is more than is answered within the quarter of
/// a second that a flush is away at most; older ones stand in the database.
const MOST_BYTES: u64 = 2 << 20;

/// Dialogs of legs by their call.
pub(super) type Dialogs = HashMap<CallId, HashMap<LegRecordId, Value>>;

/// A line.
#[derive(Serialize, Deserialize)]
struct Line<D> {
    call: CallId,
    leg: LegRecordId,
    dialog: D,
}

/// The file.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    older: PathBuf,
    ending: PathBuf,
    open: Mutex<Open>,
    /// Calls of `ending` whose carriers are not told yet. Held while the file is written or removed.
    untold: Mutex<HashSet<CallId>>,
}

#[derive(Debug, Default)]
struct Open {
    file: Option<File>,
    bytes: u64,
    /// The last line could not be written, which was said.
    fails: bool,
}

impl Journal {
    /// In `data_dir`; nothing is created before something is put there.
    pub(super) fn new(data_dir: &Path) -> Self {
        let [path, older, ending] = [NAME, OLDER_NAME, ENDING_NAME].map(|name| data_dir.join(name));
        Self { path, older, ending, open: Mutex::default(), untold: Mutex::default() }
    }

    /// Adds a leg's dialog. A line that can't be written is left out: the dialog is in the database a moment later.
    pub(super) fn append(&self, call: CallId, leg: LegRecordId, dialog: &Value) {
        let mut open = self.open.lock();
        let written = self.try_append(&mut open, &Line { call, leg, dialog });
        if let Err(error) = &written
            && !open.fails
        {
            tracing::warn!(%error, "dialogs can not be kept in a file; a crash leaves some legs to their carriers");
        }
        open.fails = written.is_err();
    }

    fn try_append(&self, open: &mut Open, line: &Line<&Value>) -> std::io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        // Begun on a line of its own, whatever became of the one before.
        text.insert(0, b'\n');
        if open.bytes >= MOST_BYTES {
            *open = Open::default();
            std::fs::rename(&self.path, &self.older)?;
        }
        let file = match &mut open.file {
            Some(file) => file,
            none => none.insert(OpenOptions::new().create(true).append(true).open(&self.path)?),
        };
        file.write_all(&text)?;
        open.bytes += text.len() as u64;
        Ok(())
    }

    /// What an earlier process left: the newest dialog of each leg.
    ///
    /// # Errors
    /// A file is there and can't be read.
    pub(super) fn read(&self) -> std::io::Result<Dialogs> {
        let mut dialogs = Dialogs::new();
        for path in [&self.older, &self.path] {
            for line in lines::<Line<Value>>(path)? {
                dialogs.entry(line.call).or_default().insert(line.leg, line.dialog);
            }
        }
        Ok(dialogs)
    }

    /// Forgets what an earlier process left.
    ///
    /// # Errors
    /// A file can't be removed.
    pub(super) fn clear(&self) -> std::io::Result<()> {
        remove(&self.older)?;
        remove(&self.path)
    }

    /// Keeps what is about to be closed until its carriers were told.
    ///
    /// # Errors
    /// It can't be written.
    pub(super) fn begin_ending(&self, closed: &[Recovered]) -> std::io::Result<()> {
        let closed: Vec<_> = closed.iter().filter(|call| !call.dialogs.is_empty()).collect();
        if closed.is_empty() {
            return Ok(());
        }
        let mut text = Vec::new();
        for call in &closed {
            text.push(b'\n');
            serde_json::to_writer(&mut text, call)?;
        }
        let mut untold = self.untold.lock();
        OpenOptions::new().create(true).append(true).open(&self.ending)?.write_all(&text)?;
        untold.extend(closed.iter().map(|call| call.call_id));
        Ok(())
    }

    /// What an earlier process closed, and died before it told its carriers.
    ///
    /// # Errors
    /// The file is there and can't be read.
    pub(super) fn ending(&self) -> std::io::Result<Vec<Recovered>> {
        let mut untold = self.untold.lock();
        let ending: Vec<Recovered> = lines(&self.ending)?;
        untold.extend(ending.iter().map(|call| call.call_id));
        Ok(ending)
    }

    /// The carriers of these calls were told, or the calls were not closed after all.
    ///
    /// # Errors
    /// The file can't be removed.
    pub(super) fn end(&self, calls: &[CallId]) -> std::io::Result<()> {
        let mut untold = self.untold.lock();
        let before = untold.len();
        untold.retain(|call| !calls.contains(call));
        // A line of one that was told stays until all were: its dialogs are over, and who ends them again does nothing.
        if untold.len() < before && untold.is_empty() { remove(&self.ending) } else { Ok(()) }
    }
}

/// The lines of a file that may not be there, without one that broke off with its process.
fn lines<T: DeserializeOwned>(path: &Path) -> std::io::Result<Vec<T>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        opened => opened?,
    };
    let mut all = Vec::new();
    for line in BufReader::new(file).split(b'\n') {
        all.extend(serde_json::from_slice(&line?));
    }
    Ok(all)
}

fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn ids(number: u128) -> (CallId, LegRecordId) {
        (CallId(Uuid::from_u128(number)), LegRecordId(Uuid::from_u128(number + 1_000)))
    }

    #[test]
    fn the_next_process_reads_the_newest_dialog_of_each_leg() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::new(folder.path());
        assert!(journal.read().unwrap().is_empty());
        let (call, leg) = ids(1);
        journal.append(call, leg, &json!("early"));
        journal.append(call, leg, &json!("answered"));
        journal.append(ids(2).0, ids(2).1, &json!("other"));
        // Its process died while it wrote.
        OpenOptions::new().append(true).open(folder.path().join(NAME)).unwrap().write_all(b"\n{\"call\": ").unwrap();
        journal.append(ids(3).0, ids(3).1, &json!("after"));
        let next = Journal::new(folder.path());
        let dialogs = next.read().unwrap();
        assert_eq!((dialogs.len(), &dialogs[&call][&leg]), (3, &json!("answered")));
        next.clear().unwrap();
        assert!(next.read().unwrap().is_empty());
    }

    #[test]
    fn what_was_closed_is_known_until_its_carriers_were_told() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::new(folder.path());
        let closed = |number, dialogs| Recovered { call_id: ids(number).0, dialogs };
        journal.begin_ending(&[closed(1, vec![json!("a"), json!("b")]), closed(2, Vec::new())]).unwrap();
        journal.begin_ending(&[closed(3, vec![json!("c")])]).unwrap();
        let ending: Vec<_> = journal.ending().unwrap().into_iter().flat_map(|call| call.dialogs).collect();
        assert_eq!(ending, ["a", "b", "c"]);
        // The next process reads it, and closes another call before it has told the carriers of these.
        let next = Journal::new(folder.path());
        assert_eq!(next.ending().unwrap().len(), 2);
        next.begin_ending(&[closed(4, vec![json!("d")])]).unwrap();
        next.end(&[ids(4).0]).unwrap();
        let ending: Vec<_> = next.ending().unwrap().into_iter().flat_map(|call| call.dialogs).collect();
        assert!(ending.starts_with(&[json!("a"), json!("b"), json!("c")]));
        next.end(&[1, 3, 4].map(|number| ids(number).0)).unwrap();
        assert!(next.ending().unwrap().is_empty());
    }

    #[test]
    fn the_newest_dialogs_are_kept_in_bounded_files() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::new(folder.path());
        let dialog = json!("x".repeat(1_000));
        let count = 3 * MOST_BYTES / 1_000;
        for number in 0..count {
            let (call, leg) = ids(number.into());
            journal.append(call, leg, &dialog);
        }
        let kept = Journal::new(folder.path()).read().unwrap();
        let newest = u128::from(count - MOST_BYTES / 1_200)..u128::from(count);
        assert!(newest.into_iter().all(|number| kept.contains_key(&ids(number).0)));
        assert!(kept.len() < usize::try_from(count).unwrap());
    }

    #[test]
    fn a_folder_that_takes_nothing_stops_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::new(&folder.path().join("missing"));
        let (call, leg) = ids(1);
        journal.append(call, leg, &json!("lost"));
        assert!(journal.read().unwrap().is_empty());
    }
}
