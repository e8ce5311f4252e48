//! Records one leg: what the open ear hears goes into the recording's file as it comes, sealed.
//!
//! A task for each recording. The media threads only put packets into a bounded ring, so that no disk, however slow, delays a
//! packet of the call; a task that falls behind by seconds loses packets of the recording, and says so in the log. What is on
//! the disk is at most [`FLUSH_EVERY`] behind the call.

use std::time::Duration;

use media::recording::{Extent, Mixdown};
use media::{Codec, Side};
use parking_lot::Mutex;
use sautikit_api::ids::{CallId, RecordingId, WorkspaceId};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use voice::{Input, RecordedChannels, RecordingEvent, RecordingTerms, TakeId};

mod orders;
mod row;
mod time_line;

pub use orders::Orders;
use orders::{Ordered, Waiting};
use row::{Row, Written};
use time_line::TimeLine;

use super::call_task::Arrival;
use super::media::{Tap, TapPacket};
use crate::recordings::log_file::{BlockWriter, StoredLayout, begin};
use crate::recordings::{self, Header, RecordingError, Writing};
use crate::state::AppState;

/// So much of a recording is lost at most when the process is killed, and some packets that were under way.
const FLUSH_EVERY: Duration = Duration::from_millis(100);

/// Through what a recorder hears.
pub(super) struct Ears {
    /// The leg that is recorded.
    pub(super) leg: Tap,
    /// Who speaks with it: what that one says is the other side, in place of what the leg hears of it, which a jitter buffer and
    /// another codec have changed.
    pub(super) other: Option<Tap>,
}

impl Ears {
    /// The next packet with the side that it is of; `None` once the leg is gone.
    async fn next(&mut self) -> Option<TapPacket> {
        loop {
            let Some(other) = &mut self.other else { return self.leg.next().await };
            tokio::select! {
                packet = self.leg.next() => match packet {
                    Some(packet) if packet.side == Side::Heard => {}
                    packet => return packet,
                },
                packet = other.next() => match packet {
                    Some(packet) if packet.side == Side::Said => return Some(TapPacket { side: Side::Heard, ..packet }),
                    Some(_) => {}
                    // It is silent from here on; what the leg hears of others is not its.
                    None => return self.rest().await,
                },
            }
        }
    }

    /// What is left to be heard when the other is gone: what the leg says.
    async fn rest(&mut self) -> Option<TapPacket> {
        loop {
            match self.leg.next().await {
                Some(packet) if packet.side == Side::Heard => {}
                packet => return packet,
            }
        }
    }

    /// The next packet that is there already.
    fn waiting(&mut self) -> Option<TapPacket> {
        let Some(other) = &mut self.other else { return self.leg.waiting() };
        loop {
            match other.waiting() {
                Some(packet) if packet.side == Side::Said => return Some(TapPacket { side: Side::Heard, ..packet }),
                Some(_) => {}
                None => break,
            }
        }
        loop {
            match self.leg.waiting() {
                Some(packet) if packet.side == Side::Heard => {}
                packet => return packet,
            }
        }
    }
}

/// Starts to record what `ears` hear, as a recording of this call. What becomes of it is told to the call's inbox.
pub(super) fn start(
    app: &AppState,
    (workspace_id, call_id): (WorkspaceId, CallId),
    ears: Ears,
    (take, terms): (TakeId, RecordingTerms),
    inbox: mpsc::Sender<Arrival>,
) -> Orders {
    let (orders, received) = orders::orders();
    let id = RecordingId(app.new_uuid());
    let (key, sealed_key) = recordings::new_key(app, workspace_id, id);
    let header = Header {
        id,
        workspace_id,
        call_id,
        source: terms.source.as_str().to_owned(),
        layout: match terms.channels {
            RecordedChannels::Said => StoredLayout::Said,
            RecordedChannels::Mixed => StoredLayout::Mixed,
            RecordedChannels::Dual => StoredLayout::Dual,
        },
        trims_silence: terms.trims_silence,
        started_at: app.now_us(),
        sealed_key,
        status_callback: terms.status_callback,
    };
    let writing = recordings::writing(app, id);
    let began = app.clock.monotonic();
    let recorder = Recorder {
        app: app.clone(),
        take,
        inbox,
        time: TimeLine::new(began),
        is_over: false,
        shows_pause: false,
        blocks: BlockWriter::new(&key),
        speech: terms.trims_silence.then(|| Mutex::new(Speech::new(header.layout))),
        header,
        missed: 0,
    };
    // Tracked, so that a stop of the server waits until the file is whole.
    app.tasks.spawn(recorder.run(ears, received, writing));
    orders
}

struct Recorder {
    app: AppState,
    header: Header,
    take: TakeId,
    inbox: mpsc::Sender<Arrival>,
    time: TimeLine,
    is_over: bool,
    /// Whether its row says that it pauses.
    shows_pause: bool,
    blocks: BlockWriter,
    /// Where silence is cut off: what is left of it. Nobody else locks it; decoders can't be shared between threads.
    speech: Option<Mutex<Speech>>,
    missed: u64,
}

impl Recorder {
    async fn run(mut self, mut ears: Ears, orders: Ordered, writing: Writing) {
        let file = self.create().await;
        let mut file = match file {
            Ok(file) => file,
            Err(error) => {
                tracing::error!(recording = %self.header.id, %error, "a recording could not be begun");
                return self.tell(RecordingEvent::Failed { reason: "our disk failed" }).await;
            }
        };
        let mut row = Row::begin(&self.app, &self.header);
        self.tell(RecordingEvent::Started(self.header.id)).await;
        let mut ticks = tokio::time::interval(FLUSH_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_heard = true;
        // What was ordered is obeyed before anything else, as of when it was ordered: nothing of a pause is written.
        while !self.obey(&orders) {
            if row.is_free() && self.shows_pause != self.time.is_paused() {
                self.shows_pause = self.time.is_paused();
                row.show(&self.app, &self.header, self.shows_pause);
            }
            tokio::select! {
                () = orders.some() => {}
                packet = ears.next(), if is_heard => match packet {
                    Some(packet) => {
                        self.obey(&orders);
                        self.take(&packet);
                    }
                    // The leg is gone; its call is about to say so.
                    None => is_heard = false,
                },
                written = row.written(), if !row.is_free() => if !self.is_kept(written) {
                    return self.give_up().await;
                },
                _ = ticks.tick() => {
                    self.obey(&orders);
                    if let Err(error) = self.flush(&mut file).await {
                        tracing::error!(recording = %self.header.id, %error, "a recording is cut off");
                        self.tell(RecordingEvent::Failed { reason: "our disk failed" }).await;
                        break;
                    }
                }
            }
        }
        // What is still in the ring was said before the end.
        self.drain(&mut ears);
        if !row.is_free() && !self.is_kept(row.written().await) {
            return self.give_up().await;
        }
        self.close(file).await;
        drop(writing);
    }

    /// What became of its row; false where the recording may not be.
    fn is_kept(&self, written: Written) -> bool {
        match written {
            Written::Begun(Err(RecordingError::NoRoom)) => return false,
            // The file has all that the row needs.
            Written::Begun(Err(error)) => {
                tracing::warn!(recording = %self.header.id, %error, "a recording's row waits for its end");
            }
            Written::Shown(Err(error)) => {
                tracing::warn!(recording = %self.header.id, %error, "a pause of a recording is not shown");
            }
            Written::Begun(Ok(())) | Written::Shown(Ok(())) => {}
        }
        true
    }

    /// Its workspace has no room for it.
    async fn give_up(&self) {
        let _ = tokio::fs::remove_file(recordings::log_path(&self.app, self.header.id)).await;
        self.tell(RecordingEvent::Failed { reason: "the storage tier's space is used up" }).await;
    }

    /// Obeys what was ordered; true where it is over.
    fn obey(&mut self, orders: &Ordered) -> bool {
        let Waiting { changes, over } = orders.take();
        for (at, mode) in changes {
            self.time.change(at, mode);
        }
        if let Some(Some(at)) = over {
            self.time.end(at);
        }
        self.is_over |= over.is_some();
        self.is_over
    }

    async fn create(&self) -> std::io::Result<File> {
        let path = recordings::log_path(&self.app, self.header.id);
        if let Some(folder) = path.parent() {
            tokio::fs::create_dir_all(folder).await?;
        }
        let mut file = File::create(path).await?;
        file.write_all(&begin(&self.header)).await?;
        file.flush().await?;
        Ok(file)
    }

    fn take(&mut self, packet: &TapPacket) {
        self.missed += packet.missed;
        let Some(at) = self.time.place(packet.at) else { return };
        self.blocks.push(packet.side, at, packet.codec, &packet.payload);
        if let Some(speech) = &mut self.speech {
            speech.get_mut().hear(packet.side, at, packet.codec, &packet.payload);
        }
    }

    fn drain(&mut self, ears: &mut Ears) {
        while let Some(packet) = ears.waiting() {
            self.take(&packet);
        }
    }

    async fn flush(&mut self, file: &mut File) -> std::io::Result<()> {
        let until = self.time.now(self.app.clock.monotonic());
        if let Some(speech) = &mut self.speech {
            speech.get_mut().advance(until);
        }
        file.write_all(&self.blocks.seal(until)).await?;
        file.flush().await
    }

    /// The end: the file is whole, and whoever waits learns how long it is.
    async fn close(mut self, mut file: File) {
        if self.missed > 0 {
            tracing::warn!(recording = %self.header.id, packets = self.missed, "a recording has gaps: the disk was too slow");
        }
        let until = self.time.now(self.app.clock.monotonic());
        let written = async {
            file.write_all(&self.blocks.seal(until)).await?;
            file.sync_all().await
        };
        if let Err(error) = written.await {
            tracing::error!(recording = %self.header.id, %error, "the end of a recording is not on the disk");
        }
        drop(file);
        let length = match self.speech.take() {
            None => Some(until),
            Some(speech) => speech.into_inner().length(until),
        };
        let length_ms = u64::try_from(length.unwrap_or_default().as_millis()).unwrap_or(u64::MAX);
        // The call goes on, however slow the database is.
        self.tell(RecordingEvent::Stopped { length_ms, heard: length.is_some() }).await;
        if length.is_none() {
            match recordings::forget(&self.app, &self.header).await {
                Ok(()) => {
                    let _ = tokio::fs::remove_file(recordings::log_path(&self.app, self.header.id)).await;
                }
                // The file stays, so that its row comes to an end.
                Err(error) => {
                    tracing::warn!(recording = %self.header.id, %error, "a recording of silence is still listed");
                }
            }
        } else {
            let micros = i64::try_from(until.as_micros()).unwrap_or(0);
            let ended = recordings::ended(&self.app, &self.header, self.header.started_at.saturating_add(micros));
            if let Err(error) = ended.await {
                tracing::warn!(recording = %self.header.id, %error, "a recording's end is noted later");
            }
        }
    }

    async fn tell(&self, event: RecordingEvent) {
        // A call that is over needs no news.
        let _ = self.inbox.send(Arrival::Voice(Input::Recording(self.take, event))).await;
    }
}

/// Listens for what is said, as the recording will be cut to it.
struct Speech {
    mixdown: Mixdown,
    extent: Extent,
    samples: Vec<i16>,
}

impl Speech {
    fn new(layout: StoredLayout) -> Self {
        Self { mixdown: Mixdown::new(layout.into()), extent: Extent::default(), samples: Vec::new() }
    }

    fn hear(&mut self, side: Side, at: Duration, codec: Codec, payload: &[u8]) {
        self.mixdown.push(side, at, codec, payload);
    }

    fn advance(&mut self, until: Duration) {
        self.mixdown.advance(until, &mut self.samples);
        self.extent.hear(&self.samples);
        self.samples.clear();
    }

    /// How long what was said is; `None` where nothing was.
    fn length(mut self, until: Duration) -> Option<Duration> {
        self.mixdown.finish(until, &mut self.samples);
        self.extent.hear(&self.samples);
        self.extent.span(until).map(media::recording::Span::length)
    }
}
