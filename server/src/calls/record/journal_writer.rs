//! The thread that writes the journal: what is new about attempts is handed over, and whoever must not go on before it is down
//! waits for a moment.
//!
//! ```text
//!  endpoint, legs ──► lines that wait, bounded ──► one write for all of them ──► who waits for one is told
//! ```
//! A write is a copy to memory as a rule, and takes as long as the disk likes where the system has no room for what is not
//! written back. On a worker of the runtime it would hold up every call that the worker has in its hands, and the endpoint of all.
//! So nobody waits here for longer than [`WITHIN`]: a caller who is not connected is worse than a crash in that very moment, after
//! which one leg is left to its carrier's own timers.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};
use tokio::sync::oneshot;

use super::journal::{Attempt, News, Ringing, line};

/// How long an INVITE or a 200 waits for its line. Nobody hears that, and no retransmission comes of it (T1 is 500 ms).
const WITHIN: Duration = Duration::from_millis(50);
/// Bytes of lines that may wait, some four thousand attempts; what comes beyond is left out.
const MOST_WAITING: usize = 4 << 20;

/// The way to the thread, which ends with it.
#[derive(Debug)]
pub(super) struct JournalWriter(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    bell: Condvar,
    late: AtomicU64,
    /// Of what is late nothing was written since, which was said.
    is_late: AtomicBool,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: Vec<u8>,
    /// Who wants to know when those are down.
    told: Vec<oneshot::Sender<()>>,
    ringing: Ringing,
    /// What rings is among the lines, and nobody waits for it.
    is_noted: bool,
    is_over: bool,
}

/// Tells when a line is down.
#[derive(Debug, Default)]
pub struct Written(Option<(oneshot::Receiver<()>, Arc<Shared>)>);

impl Written {
    /// Waits until the line is in the file or can't be written, at most [`WITHIN`].
    pub async fn wait(self) {
        let Some((down, shared)) = self.0 else { return };
        if tokio::time::timeout(WITHIN, down).await.is_err() {
            shared.count_late();
        }
    }
}

impl JournalWriter {
    /// Starts the thread. `append` adds lines to the file, a new one of which begins with what its second argument gives, and may
    /// take as long as it likes.
    ///
    /// # Errors
    /// The system has no thread left.
    pub(super) fn start(
        append: impl FnMut(&[u8], &dyn Fn() -> Vec<u8>) -> io::Result<()> + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let of_thread = shared.clone();
        thread::Builder::new().name("call-dialogs".into()).spawn(move || of_thread.write(append))?;
        Ok(Self(shared))
    }

    /// Hands over what is new about an attempt. Never waits; where too much waits it is left out.
    pub(super) fn append(&self, attempt: Attempt, news: News<'_>) -> Written {
        let shared = &self.0;
        let Some(mut waiting) = shared.put(attempt, news) else { return Written::default() };
        let (told, down) = oneshot::channel();
        waiting.told.push(told);
        shared.bell.notify_one();
        Written(Some((down, shared.clone())))
    }

    /// As [`Self::append`], for what nobody waits for. It wakes nobody: it is written before the next that is appended, in this
    /// order, or when [`Self::press`] asks for it.
    pub(super) fn note(&self, attempt: Attempt, news: News<'_>) {
        if let Some(mut waiting) = self.0.put(attempt, news) {
            waiting.is_noted |= matches!(news, News::Rings(_));
        }
    }

    /// Has what rings written that was only noted. What is over may wait: to end it once more does no harm.
    pub(super) fn press(&self) {
        if self.0.waiting.lock().is_noted {
            self.0.bell.notify_one();
        }
    }

    /// Lines that were left out, and INVITEs and 200s that did not wait for theirs any longer.
    pub(super) fn late(&self) -> u64 {
        self.0.late.load(Ordering::Relaxed)
    }
}

impl Drop for JournalWriter {
    /// What waits is still written; nobody waits for that here.
    fn drop(&mut self) {
        self.0.waiting.lock().is_over = true;
        self.0.bell.notify_one();
    }
}

impl Shared {
    /// Takes a line, and gives the lock under which it was taken; none where it was left out.
    fn put(&self, attempt: Attempt, news: News<'_>) -> Option<MutexGuard<'_, Waiting>> {
        let line = line(attempt, news).ok()?;
        let mut waiting = self.waiting.lock();
        waiting.ringing.note(attempt, news, &line);
        if waiting.lines.len() + line.len() > MOST_WAITING {
            drop(waiting);
            self.count_late();
            return None;
        }
        waiting.lines.extend_from_slice(&line);
        Some(waiting)
    }

    fn write(&self, mut append: impl FnMut(&[u8], &dyn Fn() -> Vec<u8>) -> io::Result<()>) {
        let (mut lines, mut fails) = (Vec::new(), false);
        loop {
            let told = {
                let mut waiting = self.waiting.lock();
                while waiting.lines.is_empty() {
                    if waiting.is_over {
                        return;
                    }
                    self.bell.wait(&mut waiting);
                }
                waiting.is_noted = false;
                std::mem::swap(&mut lines, &mut waiting.lines);
                std::mem::take(&mut waiting.told)
            };
            let written = append(&lines, &|| self.waiting.lock().ringing.lines());
            lines.clear();
            match written {
                Ok(()) => {
                    fails = false;
                    self.is_late.store(false, Ordering::Relaxed);
                }
                // A dialog is in the database a moment later.
                Err(error) if !fails => {
                    fails = true;
                    tracing::warn!(%error, "dialogs can not be kept in a file; a crash leaves some legs to their carriers");
                }
                Err(_) => {}
            }
            for one in told {
                // Most do not wait.
                let _ = one.send(());
            }
        }
    }

    fn count_late(&self) {
        self.late.fetch_add(1, Ordering::Relaxed);
        if !self.is_late.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "the disk keeps dialogs too slowly; calls do not wait for it, and a crash leaves some legs to their carriers"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use sautikit_api::ids::{CallId, LegRecordId};
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;

    fn attempt(number: u64) -> Attempt {
        Attempt { call: CallId(Uuid::from_u128(1)), leg: LegRecordId(Uuid::from_u128(2)), number }
    }

    /// A file that tells of each write when it begins, and ends it when it is let.
    struct Disk {
        writer: JournalWriter,
        begun: mpsc::Receiver<String>,
        end: mpsc::Sender<io::Result<()>>,
        /// What a new file would begin with, as each write began.
        ringing: mpsc::Receiver<String>,
    }

    fn disk() -> Disk {
        let (begins, begun) = mpsc::channel();
        let (end, ends) = mpsc::channel();
        let (rings, ringing) = mpsc::channel();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let writer = JournalWriter::start(move |lines, of_ringing| {
            let _ = rings.send(text(&of_ringing()));
            let _ = begins.send(text(lines));
            ends.recv().unwrap_or(Ok(()))
        });
        Disk { writer: writer.unwrap(), begun, end, ringing }
    }

    /// The numbers of the attempts in what was written.
    fn numbers(text: &str) -> Vec<u64> {
        let lines = text.lines().filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_str::<Value>(line).unwrap()["attempt"].as_u64().unwrap()).collect()
    }

    /// Is told without a wait of its own.
    fn is_down(written: Written) -> bool {
        written.0.is_some_and(|(mut down, _)| down.try_recv().is_ok())
    }

    #[test]
    fn what_comes_while_the_disk_writes_goes_down_together_and_each_is_told_after_it() {
        let disk = disk();
        let first = disk.writer.append(attempt(1), News::Stands(&json!("a")));
        assert_eq!(numbers(&disk.begun.recv().unwrap()), [1]);
        let others: Vec<_> = (2..=100).map(|number| disk.writer.append(attempt(number), News::Over)).collect();
        disk.end.send(Ok(())).unwrap();
        assert_eq!(numbers(&disk.begun.recv().unwrap()), (2..=100).collect::<Vec<_>>(), "one write");
        assert!(is_down(first), "told before the next write began");
        assert!(!others.into_iter().any(is_down), "they are not down");
        assert_eq!(disk.writer.late(), 0);
    }

    #[tokio::test]
    async fn nobody_waits_for_longer_than_the_bound_which_is_counted() {
        let disk = disk();
        let written = disk.writer.append(attempt(1), News::Rings(&json!("invite")));
        disk.begun.recv().unwrap();
        // The disk ends nothing before it is let.
        written.wait().await;
        assert_eq!(disk.writer.late(), 1);
        let refused = disk.writer.append(attempt(2), News::Over);
        disk.end.send(Ok(())).unwrap();
        disk.begun.recv().unwrap();
        let _next = disk.writer.append(attempt(3), News::Over);
        disk.end.send(Err(io::ErrorKind::StorageFull.into())).unwrap();
        disk.begun.recv().unwrap();
        refused.wait().await;
        assert_eq!(disk.writer.late(), 1, "nobody waits for what can't be written");
    }

    #[test]
    fn what_is_too_much_is_left_out_and_nobody_waits_for_it() {
        let disk = disk();
        let dialog = json!("x".repeat(MOST_WAITING / 4));
        let _first = disk.writer.append(attempt(1), News::Stands(&dialog));
        disk.begun.recv().unwrap();
        for number in 2..=4 {
            let _waits = disk.writer.append(attempt(number), News::Rings(&dialog));
        }
        let left_out = disk.writer.append(attempt(5), News::Rings(&dialog));
        assert_eq!((disk.writer.late(), left_out.0.is_none()), (1, true));
        // One that is over rings no more, whether there was room to say so or not.
        let _left_out = disk.writer.append(attempt(4), News::Stands(&dialog));
        disk.end.send(Ok(())).unwrap();
        assert_eq!(numbers(&disk.begun.recv().unwrap()), [2, 3, 4]);
        assert!(numbers(&disk.ringing.recv().unwrap()).is_empty());
        let mut ringing = numbers(&disk.ringing.recv().unwrap());
        ringing.sort_unstable();
        assert_eq!(ringing, [2, 3, 5], "of what rings nothing is left out for long: the next file begins with it");
    }

    #[test]
    fn what_waits_is_written_though_nobody_hands_over_any_more() {
        let Disk { writer, begun, end, .. } = disk();
        let _first = writer.append(attempt(1), News::Over);
        begun.recv().unwrap();
        let _second = writer.append(attempt(2), News::Over);
        drop(writer);
        drop(end);
        assert_eq!(numbers(&begun.recv().unwrap()), [2]);
        assert!(begun.recv().is_err(), "the thread has ended");
    }

    #[test]
    fn what_nobody_waits_for_is_written_with_the_next_and_before_it() {
        let Disk { writer, begun, end, ringing: _ringing } = disk();
        let dialog = json!("invite");
        // The thread is in a write when something is noted, as it is asleep otherwise: it takes what waits when it looks.
        let _first = writer.append(attempt(1), News::Over);
        begun.recv().unwrap();
        writer.note(attempt(2), News::Rings(&dialog));
        let _next = writer.append(attempt(3), News::Rings(&dialog));
        end.send(Ok(())).unwrap();
        assert_eq!(numbers(&begun.recv().unwrap()), [2, 3]);
        end.send(Ok(())).unwrap();
        writer.note(attempt(4), News::Rings(&dialog));
        writer.press();
        assert_eq!(numbers(&begun.recv().unwrap()), [4]);
        end.send(Ok(())).unwrap();
        writer.note(attempt(5), News::Over);
        drop(writer);
        assert_eq!(numbers(&begun.recv().unwrap()), [5], "what waits is written at the end");
    }
}
