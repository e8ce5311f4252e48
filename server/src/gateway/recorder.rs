//! Records one leg: what the open ear hears goes into the recording's file as it comes, sealed.
//!
//! A task for each recording. The media threads only put packets into a bounded ring, so that no disk, however slow, delays a
//! packet of the call; a task that falls behind by seconds loses packets of the recording, and says so in the log. What is on
//! the disk is at most [`FLUSH_EVERY`] behind the call.

use std::time::Duration;

use futures::future::BoxFuture;
use media::recording::{Extent, Mixdown};
use media::{Codec, Side};
use parking_lot::Mutex;
use sautikit_api::ids::RecordingId;
use sautikit_api::recordings::PauseMode;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use voice::{Facts, Input, RecordedChannels, RecordingEvent, RecordingTerms, TakeId};

use super::call_task::Arrival;
use super::media::{Tap, TapPacket};
use crate::recordings::log_file::{BlockWriter, StoredLayout, begin};
use crate::recordings::{self, Header, RecordingError, Writing};
use crate::state::AppState;

/// So much of a recording is lost at most when the process is killed, and some packets that were under way.
const FLUSH_EVERY: Duration = Duration::from_millis(100);
/// Orders that may wait for one recording; people press pause a few times.
const ORDERS: usize = 16;

/// What a recorder is told. Who drops the sender ends the recording too.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    Pause(PauseMode),
    Resume,
    Stop,
}

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

/// The way to a recorder.
pub(super) type Orders = mpsc::Sender<Order>;

/// Starts to record what `ears` hear. What becomes of it is told to the call's inbox.
pub(super) fn start(
    app: &AppState,
    facts: &Facts,
    ears: Ears,
    (take, terms): (TakeId, RecordingTerms),
    inbox: mpsc::Sender<Arrival>,
) -> Orders {
    let (orders, received) = mpsc::channel(ORDERS);
    let id = RecordingId(app.new_uuid());
    let (key, sealed_key) = recordings::new_key(app, facts.workspace_id, id);
    let header = Header {
        id,
        workspace_id: facts.workspace_id,
        call_id: facts.call_id,
        source: terms.source.as_str().to_owned(),
        layout: match terms.channels {
            RecordedChannels::Said => StoredLayout::Said,
            RecordedChannels::Mixed => StoredLayout::Mixed,
            RecordedChannels::Dual => StoredLayout::Dual,
        },
        trims_silence: terms.trims_silence,
        started_at: app.now_us(),
        sealed_key,
    };
    let writing = recordings::writing(app, id);
    let began = app.clock.monotonic();
    let recorder = Recorder {
        app: app.clone(),
        take,
        inbox,
        time: TimeLine { began, paused: None, cut: Duration::ZERO },
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
    blocks: BlockWriter,
    /// Where silence is cut off: what is left of it. Nobody else locks it; decoders can't be shared between threads.
    speech: Option<Mutex<Speech>>,
    missed: u64,
}

impl Recorder {
    async fn run(mut self, mut ears: Ears, mut orders: mpsc::Receiver<Order>, writing: Writing) {
        let file = self.create().await;
        let mut file = match file {
            Ok(file) => file,
            Err(error) => {
                tracing::error!(recording = %self.header.id, %error, "a recording could not be begun");
                return self.tell(RecordingEvent::Failed { reason: "our disk failed" }).await;
            }
        };
        let (app, header) = (self.app.clone(), self.header.clone());
        let mut row: Option<BoxFuture<'static, _>> =
            Some(Box::pin(async move { recordings::begin(&app, &header).await }));
        self.tell(RecordingEvent::Started(self.header.id)).await;
        let mut ticks = tokio::time::interval(FLUSH_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_heard = true;
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Order::Pause(mode)) => self.pause(Some(mode)),
                    Some(Order::Resume) => self.pause(None),
                    Some(Order::Stop) | None => break,
                },
                packet = ears.next(), if is_heard => match packet {
                    Some(packet) => self.take(&packet),
                    // The leg is gone; its call is about to say so.
                    None => is_heard = false,
                },
                begun = begun(&mut row), if row.is_some() => {
                    row = None;
                    if let Err(error) = begun {
                        if matches!(error, RecordingError::NoRoom) {
                            let _ = tokio::fs::remove_file(recordings::log_path(&self.app, self.header.id)).await;
                            let reason = "the storage tier's space is used up";
                            return self.tell(RecordingEvent::Failed { reason }).await;
                        }
                        // The file has all that the row needs.
                        tracing::warn!(recording = %self.header.id, %error, "a recording's row waits for its end");
                    }
                }
                _ = ticks.tick() => {
                    if let Err(error) = self.flush(&mut file).await {
                        tracing::error!(recording = %self.header.id, %error, "a recording is cut off");
                        self.tell(RecordingEvent::Failed { reason: "our disk failed" }).await;
                        break;
                    }
                }
            }
        }
        // What is still in the ring was said before the end.
        drop(orders);
        self.drain(&mut ears);
        if let Some(row) = row {
            let _ = row.await;
        }
        self.close(file).await;
        drop(writing);
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

    /// What is shown of it waits for the database; the recording does not.
    fn pause(&mut self, mode: Option<PauseMode>) {
        self.time.pause(self.app.clock.monotonic(), mode);
        let (app, header) = (self.app.clone(), self.header.clone());
        self.app.tasks.spawn(async move {
            if let Err(error) = recordings::pause(&app, &header, mode.is_some()).await {
                tracing::warn!(recording = %header.id, %error, "a pause of a recording is not shown");
            }
        });
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

/// What became of the row.
async fn begun(row: &mut Option<BoxFuture<'static, Result<(), RecordingError>>>) -> Result<(), RecordingError> {
    match row {
        Some(row) => row.await,
        None => std::future::pending().await,
    }
}

/// Where the recording stands, pauses considered.
#[derive(Debug)]
struct TimeLine {
    /// On the monotonic clock; the tap counts from the same moment.
    began: Duration,
    /// Since when it pauses, since it began.
    paused: Option<(Duration, PauseMode)>,
    /// What was cut out so far.
    cut: Duration,
}

impl TimeLine {
    /// How long the recording is at a moment of the monotonic clock.
    fn now(&self, moment: Duration) -> Duration {
        let since = moment.saturating_sub(self.began);
        match self.paused {
            Some((from, PauseMode::Cut)) => from.min(since).saturating_sub(self.cut),
            _ => since.saturating_sub(self.cut),
        }
    }

    /// Where a packet belongs; nowhere during a pause.
    fn place(&self, at: Duration) -> Option<Duration> {
        match self.paused {
            Some((from, _)) if at >= from => None,
            // What was said before the last pause and comes late is out of place by what was cut; that is rare and short.
            _ => at.checked_sub(self.cut),
        }
    }

    fn pause(&mut self, moment: Duration, mode: Option<PauseMode>) {
        let since = moment.saturating_sub(self.began);
        match (self.paused, mode) {
            (None, Some(mode)) => self.paused = Some((since, mode)),
            (Some((from, before)), None) => {
                if before == PauseMode::Cut {
                    self.cut += since.saturating_sub(from);
                }
                self.paused = None;
            }
            _ => {}
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_pause_is_silent_or_cut_out_and_nothing_of_it_is_kept() {
        let mut time = TimeLine { began: s(100), paused: None, cut: Duration::ZERO };
        assert_eq!((time.now(s(110)), time.place(s(9))), (s(10), Some(s(9))));
        time.pause(s(110), Some(PauseMode::Silence));
        assert_eq!((time.now(s(115)), time.place(s(12)), time.place(s(9))), (s(15), None, Some(s(9))));
        time.pause(s(120), None);
        assert_eq!((time.now(s(120)), time.place(s(20))), (s(20), Some(s(20))));
        time.pause(s(130), Some(PauseMode::Cut));
        time.pause(s(131), Some(PauseMode::Silence));
        assert_eq!((time.now(s(140)), time.place(s(35))), (s(30), None));
        time.pause(s(150), None);
        assert_eq!((time.now(s(151)), time.place(s(51))), (s(31), Some(s(31))));
    }
}
