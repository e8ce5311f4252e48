//! `Output::Record` and `Output::Ended`: the call's timeline and record, written in order by a task of its own, so that
//! a slow database never delays audio.

use std::collections::HashMap;
use std::time::Duration;

use sautikit_api::ids::CallId;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use voice::{CallEvent, EventName, LegId, Summary};

use crate::calls::{self, CallError, CallSummary, LegRecord};
use crate::gateway::sip::OpenDialog;
use crate::state::AppState;

/// Entries that may wait for the database; a call makes a few a second.
const QUEUE: usize = 256;
/// Pauses between tries when the database is away. What is unwritten then is closed by recovery at the next start.
const RETRY_AFTER: [Duration; 6] = [
    Duration::from_millis(50),
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(30),
];

enum Entry {
    Event(CallEvent),
    Leg(LegId, Box<LegRecord>),
    Dialog(LegId, Value),
    End(Box<Summary>),
}

/// Writes one call's record.
pub(in crate::gateway) struct Recorder {
    entries: mpsc::Sender<Entry>,
    task: JoinHandle<()>,
}

impl Recorder {
    /// Starts the task. Offsets of the entries count from `began_at_us`; `legs` are the ones that admission has written.
    pub(in crate::gateway) fn start(
        app: AppState,
        call: CallId,
        began_at_us: i64,
        legs: Vec<(LegId, LegRecord)>,
    ) -> Self {
        let (entries, queue) = mpsc::channel(QUEUE);
        let writer = Writer { app: app.clone(), call, began_at_us, legs: legs.into_iter().collect() };
        let task = app.tasks.spawn(writer.run(queue));
        Self { entries, task }
    }

    /// Adds an entry to the timeline.
    pub(in crate::gateway) async fn event(&self, event: CallEvent) {
        // The task ends only after `finish`.
        let _ = self.entries.send(Entry::Event(event)).await;
    }

    /// Adds a leg that the call has begun to dial.
    pub(in crate::gateway) async fn leg(&self, leg: LegId, record: LegRecord) {
        let _ = self.entries.send(Entry::Leg(leg, Box::new(record))).await;
    }

    /// Adds what it takes to end a leg's dialog after a crash.
    pub(in crate::gateway) async fn dialog(&self, leg: LegId, dialog: &OpenDialog) {
        // A plain structure of texts always serialises.
        if let Ok(dialog) = serde_json::to_value(dialog) {
            let _ = self.entries.send(Entry::Dialog(leg, dialog)).await;
        }
    }

    /// Closes the record and waits until it is written.
    pub(in crate::gateway) async fn finish(self, summary: Summary) {
        let _ = self.entries.send(Entry::End(Box::new(summary))).await;
        drop(self.entries);
        let _ = self.task.await;
    }
}

struct Writer {
    app: AppState,
    call: CallId,
    began_at_us: i64,
    legs: HashMap<LegId, LegRecord>,
}

impl Writer {
    async fn run(mut self, mut queue: mpsc::Receiver<Entry>) {
        while let Some(entry) = queue.recv().await {
            let mut pauses = RETRY_AFTER.iter();
            while let Err(error) = self.write(&entry).await {
                let Some(pause) = pauses.next() else {
                    tracing::error!(call = %self.call, %error, "a call's record could not be written");
                    break;
                };
                tokio::time::sleep(*pause).await;
            }
        }
    }

    async fn write(&mut self, entry: &Entry) -> Result<(), CallError> {
        match entry {
            Entry::Leg(leg, record) => {
                self.legs.insert(*leg, LegRecord::clone(record));
                calls::record_leg(&self.app, self.call, record).await
            }
            Entry::Dialog(leg, dialog) => {
                let Some(record) = self.legs.get_mut(leg) else { return Ok(()) };
                record.dialog = Some(dialog.clone());
                calls::record_leg(&self.app, self.call, record).await
            }
            Entry::Event(event) => self.event(event).await,
            Entry::End(summary) => {
                let summary = self.summary(summary);
                calls::finish(&self.app, &summary).await.map(|_| ())
            }
        }
    }

    async fn event(&mut self, event: &CallEvent) -> Result<(), CallError> {
        let at = self.wall(event.at);
        match (event.name, self.legs.get_mut(&event.leg.unwrap_or(LegId::FIRST))) {
            // The answer is a change of the row, which adds its own entry to the timeline.
            (EventName::CallAnswered, Some(leg)) => {
                leg.answered_at = Some(at);
                return calls::mark_answered(&self.app, self.call, at, leg).await.map(|_| ());
            }
            // What a leg has cost so far counts at admission, and after a crash, before the call has ended.
            (EventName::LegAnswered, Some(leg)) => {
                leg.answered_at = Some(at);
                calls::record_leg(&self.app, self.call, leg).await?;
            }
            (EventName::LegEnded, Some(leg)) => {
                leg.ended_at = Some(at);
                leg.outcome = event.data.get("cause").and_then(Value::as_str).map(str::to_owned);
                calls::record_leg(&self.app, self.call, leg).await?;
            }
            _ => {}
        }
        let mut data = event.data.clone();
        if let (Some(leg), Some(data)) = (event.leg, data.as_object_mut()) {
            data.insert("leg".to_owned(), leg.0.into());
        }
        calls::record_event(&self.app, self.call, event.name.as_str(), at, data).await
    }

    fn summary(&self, summary: &Summary) -> CallSummary {
        let legs = summary.legs.iter().filter_map(|leg| {
            let mut record = self.legs.get(&leg.leg)?.clone();
            record.answered_at = leg.answered.map(|at| self.wall(at));
            record.ended_at = Some(self.wall(leg.ended));
            record.outcome = Some(leg.cause.hangup_cause());
            Some(record)
        });
        CallSummary {
            call_id: self.call,
            status: summary.status,
            hangup_cause: summary.cause.hangup_cause(),
            answered_at: summary.answered.map(|at| self.wall(at)),
            ended_at: self.wall(summary.ended),
            legs: legs.collect(),
        }
    }

    /// The wall clock at an offset from the call's begin.
    fn wall(&self, offset: Duration) -> i64 {
        self.began_at_us.saturating_add(i64::try_from(offset.as_micros()).unwrap_or(i64::MAX))
    }
}
