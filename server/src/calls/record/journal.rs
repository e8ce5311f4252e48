//! The dialogs of this process's legs, in a file of `data_dir` from the moment that they stand; before, the INVITEs that ring.
//!
//! A dialog reaches the database with the next flush. Of a process that is killed before, the next one would not know what
//! to hang up, and the carrier would bill on. So it is written here first. An INVITE is written only here: it is of no use but to
//! a successor at this address, which is where its answer goes. Not through to the disk: what dies is the
//! process, and the system keeps what was written; a machine that fails takes its calls' media with it.
//! What the next process has closed and not told its carriers yet is in another file, because it may die before it does.
//! Deliberately absent: what is over (the next process asks the database which calls are open), and who waits for the file system:
//! lines are written by a thread of their own (`journal_writer`).

use std::collections::{BTreeMap, HashMap, HashSet};
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
/// Of them, those that the next process ends again at most, the newest: one that dies again and again before silent carriers
/// could have answered shall not begin with all that ever was.
const MOST_ENDING: usize = 20_000;
/// A file that is longer makes room for a new one, which begins with what rings. Some 2,000 attempts, which is more than are
/// answered within the quarter of a second that a flush is away at most; older dialogs stand in the database.
const MOST_BYTES: u64 = 2 << 20;

/// What attempts of legs have open, by their call, leg and number.
pub(super) type Dialogs = HashMap<CallId, HashMap<LegRecordId, BTreeMap<u64, Value>>>;

/// One attempt of a leg's to reach somebody: it may try carriers in turn, and several places at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Attempt {
    pub(super) call: CallId,
    pub(super) leg: LegRecordId,
    /// Tells those of a leg apart, within one process.
    #[serde(default, rename = "attempt")]
    pub(super) number: u64,
}

/// What is new about an attempt.
#[derive(Debug, Clone, Copy)]
pub(super) enum News<'a> {
    /// Its INVITE is about to be sent, or a caller's INVITE was taken.
    Rings(&'a Value),
    /// Its dialog stands, or leads elsewhere than before.
    Stands(&'a Value),
    /// There is nothing left to end.
    Over,
}

/// A line.
#[derive(Serialize, Deserialize)]
struct Line<D> {
    #[serde(flatten)]
    attempt: Attempt,
    /// Null: it is over.
    dialog: D,
}

/// A line, begun on a line of its own whatever became of the one before.
///
/// # Errors
/// The dialog can't be written as JSON, which a plain structure of texts always can.
pub(super) fn line(attempt: Attempt, news: News<'_>) -> serde_json::Result<Vec<u8>> {
    let dialog = match news {
        News::Rings(dialog) | News::Stands(dialog) => Some(dialog),
        News::Over => None,
    };
    let mut text = vec![b'\n'];
    serde_json::to_writer(&mut text, &Line { attempt, dialog })?;
    Ok(text)
}

/// The lines of attempts that ring: they ring for longer than a file lasts.
#[derive(Debug, Default)]
pub(super) struct Ringing(HashMap<Attempt, Vec<u8>>);

impl Ringing {
    /// Takes note of what is new, which is written as `line`.
    pub(super) fn note(&mut self, attempt: Attempt, news: News<'_>, line: &[u8]) {
        match news {
            News::Rings(_) => drop(self.0.insert(attempt, line.to_vec())),
            News::Stands(_) | News::Over => drop(self.0.remove(&attempt)),
        }
    }

    /// What a new file begins with.
    pub(super) fn lines(&self) -> Vec<u8> {
        self.0.values().flatten().copied().collect()
    }
}

/// The file that is written to; one at a time.
#[derive(Debug)]
pub(super) struct JournalFile {
    path: PathBuf,
    older: PathBuf,
    open: Option<File>,
    /// Those that came, since the file was begun.
    bytes: u64,
}

impl JournalFile {
    /// Adds lines. Where the file is full they go to a new one, which begins with `ringing`. Waits for the file system.
    ///
    /// # Errors
    /// It can't be written.
    pub(super) fn append(&mut self, lines: &[u8], ringing: impl Fn() -> Vec<u8>) -> std::io::Result<()> {
        if self.bytes >= MOST_BYTES {
            (self.open, self.bytes) = (None, 0);
            std::fs::rename(&self.path, &self.older)?;
            self.open()?.write_all(&ringing())?;
        }
        self.open()?.write_all(lines)?;
        self.bytes += lines.len() as u64;
        Ok(())
    }

    fn open(&mut self) -> std::io::Result<&mut File> {
        match &mut self.open {
            Some(file) => Ok(file),
            none => Ok(none.insert(OpenOptions::new().create(true).append(true).open(&self.path)?)),
        }
    }
}

/// The files. Whoever reads or changes them waits for the file system.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    older: PathBuf,
    ending: PathBuf,
    /// Calls of `ending` whose carriers are not told yet. Held while the file is written or removed.
    untold: Mutex<HashSet<CallId>>,
}

impl Journal {
    /// In `data_dir`; nothing is created before something is put there.
    pub(super) fn new(data_dir: &Path) -> Self {
        let [path, older, ending] = [NAME, OLDER_NAME, ENDING_NAME].map(|name| data_dir.join(name));
        Self { path, older, ending, untold: Mutex::default() }
    }

    /// The file for what is new about attempts.
    pub(super) fn file(&self) -> JournalFile {
        JournalFile { path: self.path.clone(), older: self.older.clone(), open: None, bytes: 0 }
    }

    /// What an earlier process left: the newest of each attempt that is not over.
    ///
    /// # Errors
    /// A file is there and can't be read.
    pub(super) fn read(&self) -> std::io::Result<Dialogs> {
        let mut dialogs = Dialogs::new();
        for path in [&self.older, &self.path] {
            for Line { attempt, dialog } in lines::<Line<Option<Value>>>(path)? {
                let of_leg = dialogs.entry(attempt.call).or_default().entry(attempt.leg).or_default();
                match dialog {
                    Some(dialog) => drop(of_leg.insert(attempt.number, dialog)),
                    None => drop(of_leg.remove(&attempt.number)),
                }
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
        let mut untold = self.untold.lock();
        OpenOptions::new().create(true).append(true).open(&self.ending)?.write_all(&text(closed.iter().copied())?)?;
        untold.extend(closed.iter().map(|call| call.call_id));
        Ok(())
    }

    /// What an earlier process closed, and died before it told its carriers; the newest [`MOST_ENDING`]. The file has only
    /// these from here on.
    ///
    /// # Errors
    /// The file is there and can't be read, or can't be written anew.
    pub(super) fn ending(&self) -> std::io::Result<Vec<Recovered>> {
        let mut untold = self.untold.lock();
        let all = lines::<Recovered>(&self.ending)?;
        let (told, mut ending): (Vec<_>, Vec<_>) = all.into_iter().partition(|call| call.dialogs.is_empty());
        let told: HashSet<_> = told.into_iter().map(|call| call.call_id).collect();
        ending.retain(|call| !told.contains(&call.call_id));
        let too_many = ending.len().saturating_sub(MOST_ENDING);
        ending.drain(..too_many);
        if !told.is_empty() || too_many > 0 {
            let rest = self.ending.with_extension("new");
            std::fs::write(&rest, text(&ending)?)?;
            std::fs::rename(&rest, &self.ending)?;
        }
        untold.extend(ending.iter().map(|call| call.call_id));
        Ok(ending)
    }

    /// The carriers of these calls were told, or the calls were not closed after all.
    ///
    /// # Errors
    /// The file can't be written or removed.
    pub(super) fn end(&self, calls: &[CallId]) -> std::io::Result<()> {
        let mut untold = self.untold.lock();
        let ended: Vec<_> = calls.iter().filter(|call| untold.remove(call)).collect();
        if ended.is_empty() {
            return Ok(());
        }
        if untold.is_empty() {
            return remove(&self.ending);
        }
        // A line without dialogs says so.
        let ended: Vec<_> = ended.into_iter().map(|call| Recovered { call_id: *call, dialogs: Vec::new() }).collect();
        OpenOptions::new().append(true).open(&self.ending)?.write_all(&text(&ended)?)
    }
}

/// Lines, each begun on one of its own whatever became of the one before.
fn text<'a>(calls: impl IntoIterator<Item = &'a Recovered>) -> serde_json::Result<Vec<u8>> {
    let mut text = Vec::new();
    for call in calls {
        text.push(b'\n');
        serde_json::to_writer(&mut text, call)?;
    }
    Ok(text)
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

    /// The first attempt of a call's leg.
    fn first(call: u128) -> Attempt {
        attempt(call, 1)
    }

    fn attempt(call: u128, number: u64) -> Attempt {
        Attempt { call: CallId(Uuid::from_u128(call)), leg: LegRecordId(Uuid::from_u128(call + 1_000)), number }
    }

    /// Who writes there line by line.
    struct Pen(JournalFile, Ringing);

    impl Pen {
        fn of(journal: &Journal) -> Self {
            Self(journal.file(), Ringing::default())
        }

        fn try_append(&mut self, attempt: Attempt, news: News<'_>) -> std::io::Result<()> {
            let Self(file, ringing) = self;
            let line = line(attempt, news).unwrap();
            ringing.note(attempt, news, &line);
            file.append(&line, || ringing.lines())
        }

        fn append(&mut self, attempt: Attempt, news: News<'_>) {
            self.try_append(attempt, news).unwrap();
        }
    }

    /// What is left of a call's leg.
    fn left(journal: &Journal, call: u128) -> Vec<Value> {
        let mut dialogs = journal.read().unwrap();
        let of_leg = dialogs.get_mut(&first(call).call).and_then(|legs| legs.remove(&first(call).leg));
        of_leg.unwrap_or_default().into_values().collect()
    }

    #[test]
    fn the_next_process_reads_the_newest_dialog_of_each_leg() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::new(folder.path());
        let mut pen = Pen::of(&journal);
        assert!(journal.read().unwrap().is_empty());
        pen.append(first(1), News::Stands(&json!("early")));
        pen.append(first(1), News::Stands(&json!("answered")));
        pen.append(first(2), News::Stands(&json!("other")));
        // Its process died while it wrote.
        OpenOptions::new().append(true).open(folder.path().join(NAME)).unwrap().write_all(b"\n{\"call\": ").unwrap();
        pen.append(first(3), News::Stands(&json!("after")));
        let next = Journal::new(folder.path());
        assert_eq!((next.read().unwrap().len(), left(&next, 1)), (3, vec![json!("answered")]));
        next.clear().unwrap();
        assert!(next.read().unwrap().is_empty());
    }

    #[test]
    fn attempts_of_a_leg_are_known_apart_until_they_are_over() {
        let folder = tempfile::tempdir().unwrap();
        let mut pen = Pen::of(&Journal::new(folder.path()));
        for number in [1, 2, 3] {
            pen.append(attempt(1, number), News::Rings(&json!(format!("invite {number}"))));
        }
        pen.append(attempt(1, 2), News::Stands(&json!("dialog 2")));
        pen.append(attempt(1, 3), News::Over);
        let next = Journal::new(folder.path());
        assert_eq!(left(&next, 1), ["invite 1", "dialog 2"]);
        // What an older version wrote.
        let line = json!({ "call": first(2).call, "leg": first(2).leg, "dialog": "old" });
        OpenOptions::new()
            .append(true)
            .open(folder.path().join(NAME))
            .unwrap()
            .write_all(format!("\n{line}").as_bytes())
            .unwrap();
        assert_eq!(left(&next, 2), ["old"]);
    }

    #[test]
    fn what_rings_outlasts_the_file_and_what_rang_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let mut pen = Pen::of(&Journal::new(folder.path()));
        pen.append(first(1), News::Rings(&json!("rings")));
        pen.append(first(2), News::Rings(&json!("rang")));
        pen.append(first(2), News::Over);
        let dialog = json!("x".repeat(1_000));
        for number in 0..u128::from(5 * MOST_BYTES / 1_000) {
            pen.append(first(10_000 + number), News::Stands(&dialog));
        }
        assert_eq!(left(&Journal::new(folder.path()), 1), ["rings"]);
        assert!(left(&Journal::new(folder.path()), 2).is_empty());
        pen.append(first(1), News::Over);
        assert!(left(&Journal::new(folder.path()), 1).is_empty());
    }

    #[test]
    fn what_was_closed_is_known_until_its_carriers_were_told() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::new(folder.path());
        let closed = |number, dialogs| Recovered { call_id: first(number).call, dialogs };
        journal.begin_ending(&[closed(1, vec![json!("a"), json!("b")]), closed(2, Vec::new())]).unwrap();
        journal.begin_ending(&[closed(3, vec![json!("c")])]).unwrap();
        let ending: Vec<_> = journal.ending().unwrap().into_iter().flat_map(|call| call.dialogs).collect();
        assert_eq!(ending, ["a", "b", "c"]);
        // The next process reads it, and closes another call before it has told the carriers of these.
        let next = Journal::new(folder.path());
        assert_eq!(next.ending().unwrap().len(), 2);
        next.begin_ending(&[closed(4, vec![json!("d")])]).unwrap();
        next.end(&[first(4).call]).unwrap();
        let ending: Vec<_> = next.ending().unwrap().into_iter().flat_map(|call| call.dialogs).collect();
        assert_eq!(ending, ["a", "b", "c"]);
        next.end(&[1, 3, 4].map(|number| first(number).call)).unwrap();
        assert!(next.ending().unwrap().is_empty());
        assert!(!folder.path().join(ENDING_NAME).exists());
    }

    #[test]
    fn a_process_that_dies_again_and_again_ends_anew_only_what_was_not_told() {
        let folder = tempfile::tempdir().unwrap();
        let closed = |number: u128| Recovered { call_id: first(number).call, dialogs: vec![json!(number.to_string())] };
        let mut lengths = Vec::new();
        for life in 1..=20_u128 {
            let journal = Journal::new(folder.path());
            let left = journal.ending().unwrap();
            // One carrier was silent in each life before.
            assert_eq!(left.len() as u128, life - 1);
            journal.begin_ending(&[1, 2, 3].map(|call| closed(life * 10 + call))).unwrap();
            journal.end(&[1, 2].map(|call| first(life * 10 + call).call)).unwrap();
            // It died while it wrote.
            OpenOptions::new().append(true).open(&journal.ending).unwrap().write_all(b"\n{\"call_id\":").unwrap();
            lengths.push(std::fs::metadata(&journal.ending).unwrap().len());
        }
        assert!(lengths.windows(2).all(|pair| pair[1] < pair[0] + 200), "{lengths:?}");
        let newest = |journal: &Journal| journal.ending().unwrap().last().map(|call| call.dialogs.clone());
        let journal = Journal::new(folder.path());
        let many: Vec<_> = (1_000..1_000 + MOST_ENDING as u128).map(closed).collect();
        journal.begin_ending(&many).unwrap();
        assert_eq!(newest(&journal), Some(many[MOST_ENDING - 1].dialogs.clone()));
        assert_eq!(Journal::new(folder.path()).ending().unwrap().len(), MOST_ENDING);
    }

    #[test]
    fn the_newest_dialogs_are_kept_in_bounded_files() {
        let folder = tempfile::tempdir().unwrap();
        let mut pen = Pen::of(&Journal::new(folder.path()));
        let dialog = json!("x".repeat(1_000));
        let count = 3 * MOST_BYTES / 1_000;
        for number in 0..count {
            pen.append(first(number.into()), News::Stands(&dialog));
        }
        let kept = Journal::new(folder.path()).read().unwrap();
        let newest = u128::from(count - MOST_BYTES / 1_200)..u128::from(count);
        assert!(newest.into_iter().all(|number| kept.contains_key(&first(number).call)));
        assert!(kept.len() < usize::try_from(count).unwrap());
    }

    #[test]
    fn what_a_folder_did_not_take_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::new(&folder.path().join("missing"));
        assert!(Pen::of(&journal).try_append(first(1), News::Stands(&json!("lost"))).is_err());
        assert!(journal.read().unwrap().is_empty());
    }
}
