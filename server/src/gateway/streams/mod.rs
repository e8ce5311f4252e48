//! Media streams: a leg's audio to a customer's WebSocket, and what comes from there to the leg.
//!
//! ```text
//!  leg ── tap ──► decode ──► μ-law ──► WebSocket ──► customer's server
//!  leg ◄── feed ◄── decode ◄── μ-law ◄─────┘
//! ```
//! One task each. The wire is Twilio's ([`wire`]), so that agents which were written for it connect as they are. What is fed
//! to the leg is counted as it is played: a mark comes back when what stood before it was heard, or was cleared. Deliberately
//! absent: what the call does before and after (the voice crate's).

mod connection;
mod ears;
mod wire;

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::SplitSink;
use futures::{SinkExt, StreamExt};
use media::{Feed, PortId, Side};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use voice::{Input, Key, StreamEvent, StreamId, StreamTerms};

use self::connection::{Socket, StreamError, connect};
use self::ears::Ears;
use self::wire::{Heard, Wire};
use super::Gateway;
use super::call_task::Arrival;
use super::media::{CallMedia, Tap};
use crate::calls::signing::CallSecrets;

/// Orders that may wait for a stream: keys of a key masher for six seconds.
const ORDERS: usize = 64;
/// Connecting, from the name's resolution to the server's agreement.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// A server that takes nothing for so long is gone.
const WRITTEN_WITHIN: Duration = Duration::from_secs(10);
/// Marks that may wait for what stands before them to be heard.
const MARKS: usize = 1_000;

/// What a call asks of its stream.
pub enum StreamOrder {
    /// The party pressed a key.
    Press(Key),
}

/// A stream that runs; it ends when this is dropped.
pub struct RunningStream(mpsc::Sender<StreamOrder>);

impl RunningStream {
    /// Tells it of a key.
    pub fn press(&self, key: Key) {
        // A server that does not read misses keys, as it misses audio.
        let _ = self.0.try_send(StreamOrder::Press(key));
    }
}

/// What a stream needs of its call.
pub struct Opening {
    /// Which one it is.
    pub id: StreamId,
    /// How the customer wants it.
    pub terms: StreamTerms,
    /// The call's media and the leg's place in them.
    pub media: CallMedia,
    /// The leg.
    pub port: PortId,
    /// The call's `HD_…` id.
    pub call_sid: String,
    /// The workspace.
    pub account_sid: String,
    /// What the request is signed with.
    pub secrets: CallSecrets,
    /// The number's.
    pub compat: sautikit_api::numbers::Compat,
    /// Where the call is told.
    pub inbox: mpsc::Sender<Arrival>,
}

/// Opens a stream.
pub fn open(gateway: &Arc<Gateway>, opening: Opening) -> RunningStream {
    let (orders, waiting) = mpsc::channel(ORDERS);
    let gateway = gateway.clone();
    tokio::spawn(async move {
        let (id, inbox) = (opening.id, opening.inbox.clone());
        let event = match run(&gateway, opening, waiting).await {
            Ok(reason) => StreamEvent::Closed { reason },
            Err(error) => StreamEvent::Failed { reason: error.to_string() },
        };
        let _ = inbox.send(Arrival::Voice(Input::Stream(id, event))).await;
    });
    RunningStream(orders)
}

async fn run(gateway: &Gateway, opening: Opening, orders: mpsc::Receiver<StreamOrder>) -> Result<String, StreamError> {
    let Opening { id, terms, media, port, call_sid, account_sid, secrets, compat, inbox } = opening;
    let connecting = async {
        let secret = secrets.now(&gateway.app).await;
        let signer = secret.signer(compat);
        match connect(gateway, &terms.url, signer).await {
            // Their server does not know the new secret yet.
            Err(StreamError::Status(status @ (400 | 401 | 403))) => match signer.former(gateway.app.now_us()) {
                Some(former) => connect(gateway, &terms.url, former).await,
                None => Err(StreamError::Status(status)),
            },
            outcome => outcome,
        }
    };
    let socket = timeout(CONNECT_WITHIN, connecting).await.map_err(|_| StreamError::Timeout)??;
    // What the party says from here on.
    let tap = media.tap(port);
    let feed = terms.bidirectional.then(|| Arc::new(Feed::default()));
    if let Some(feed) = feed.clone() {
        // By the call's task, which knows whether it still wants the stream.
        let _ = inbox.send(Arrival::StreamFeeds(id, port, feed)).await;
    }
    let stream_sid = format!("MZ{}", gateway.app.new_uuid().simple());
    let connected = StreamEvent::Connected { sid: stream_sid.clone() };
    let _ = inbox.send(Arrival::Voice(Input::Stream(id, connected))).await;
    let (sink, mut source) = socket.split();
    let wire = Wire::new(stream_sid, account_sid, call_sid);
    let mut stream = Stream {
        sink,
        wire,
        ears: Ears::new(terms.track),
        feed,
        marks: VecDeque::new(),
        unheard: Vec::new(),
        marked: 0,
    };
    stream.send(stream.wire.connected()).await?;
    let start = stream.wire.start(&stream.ears.tracks(), &terms.parameters);
    stream.send(start).await?;
    let reason = stream.talk(&mut source, tap, orders).await;
    // A server that is gone needs no farewell.
    let stop = stream.wire.stop();
    if stream.send(stop).await.is_ok() {
        let _ = timeout(WRITTEN_WITHIN, stream.sink.close()).await;
    }
    Ok(reason)
}

struct Stream {
    sink: SplitSink<Socket, Message>,
    wire: Wire,
    ears: Ears,
    /// What the leg hears of the server; none where the stream goes one way.
    feed: Option<Arc<Feed>>,
    /// Marks that wait, each with how much must be heard before.
    marks: VecDeque<(u64, String)>,
    /// What was cleared and not heard, as far as no mark has told of it.
    unheard: Vec<Range<u64>>,
    /// Where the last mark stood.
    marked: u64,
}

impl Stream {
    /// Until either end is over; why.
    async fn talk(
        &mut self,
        source: &mut futures::stream::SplitStream<Socket>,
        mut tap: Tap,
        mut orders: mpsc::Receiver<StreamOrder>,
    ) -> String {
        loop {
            let sent = tokio::select! {
                packet = tap.next() => match packet {
                    // What the leg hears comes every 20 ms: the clock of the marks.
                    Some(packet) => self.hear(&packet).await,
                    None => return "the call's audio is over".to_owned(),
                },
                message = source.next() => match message {
                    Some(Ok(Message::Text(text))) => self.obey(text.as_str()).await,
                    Some(Ok(Message::Close(_))) | None => return "the server closed the stream".to_owned(),
                    // Pings are answered by the library.
                    Some(Ok(_)) => Ok(()),
                    Some(Err(_)) => return "the connection broke".to_owned(),
                },
                order = orders.recv() => match order {
                    Some(StreamOrder::Press(key)) => {
                        let message = self.wire.dtmf(key.char());
                        self.send(message).await
                    }
                    None => return "the call went on".to_owned(),
                },
            };
            if let Err(error) = sent {
                return error.to_string();
            }
        }
    }

    async fn hear(&mut self, packet: &super::media::TapPacket) -> Result<(), StreamError> {
        for Heard { track, at_ms, mulaw } in self.ears.hear(packet) {
            let message = self.wire.media(track, at_ms, &mulaw);
            self.send(message).await?;
        }
        if packet.side == Side::Heard { self.give_back_marks().await } else { Ok(()) }
    }

    /// Does what the server says. What is not understood is skipped, as elsewhere.
    async fn obey(&mut self, text: &str) -> Result<(), StreamError> {
        let Some(feed) = self.feed.clone() else { return Ok(()) };
        match wire::read(text) {
            Some(wire::Said::Media(samples)) => {
                feed.push(&samples);
                Ok(())
            }
            Some(wire::Said::Mark(name)) => {
                if self.marks.len() < MARKS {
                    self.marks.push_back((feed.pushed(), name));
                }
                self.give_back_marks().await
            }
            Some(wire::Said::Clear) => {
                let unheard = feed.clear();
                // Who clears what is silent already cleared nothing; the list stays as long as the marks' is.
                if !unheard.is_empty() && self.unheard.len() < MARKS {
                    self.unheard.push(unheard);
                }
                self.give_back_marks().await
            }
            None => Ok(()),
        }
    }

    /// The marks whose time has come.
    async fn give_back_marks(&mut self) -> Result<(), StreamError> {
        let Some(done) = self.feed.as_ref().map(|feed| feed.done()) else { return Ok(()) };
        while let Some((after, name)) = self.marks.pop_front_if(|(after, _)| *after <= done) {
            let message = self.wire.mark(&name, played_ms(self.marked..after, &self.unheard));
            self.marked = after;
            self.unheard.retain(|unheard| unheard.end > after);
            self.send(message).await?;
        }
        Ok(())
    }

    async fn send(&mut self, message: String) -> Result<(), StreamError> {
        let sending = self.sink.send(Message::text(message));
        timeout(WRITTEN_WITHIN, sending).await.map_err(|_| StreamError::Stalled)?.map_err(|_| StreamError::Broken)
    }
}

/// How much of a stretch of samples at 8 kHz was heard, in milliseconds.
fn played_ms(stretch: Range<u64>, unheard: &[Range<u64>]) -> u64 {
    let missed = unheard.iter().map(|unheard| {
        let (from, to) = (unheard.start.max(stretch.start), unheard.end.min(stretch.end));
        to.saturating_sub(from)
    });
    let heard = stretch.end.saturating_sub(stretch.start).saturating_sub(missed.sum());
    heard / 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_tells_what_was_heard_since_the_one_before() {
        let cleared = [8_000..16_000_u64, 24_000..40_000];
        assert_eq!(played_ms(0..8_000, &cleared), 1_000);
        assert_eq!(played_ms(4_000..16_000, &cleared), 500);
        assert_eq!(played_ms(16_000..32_000, &cleared), 1_000);
        assert_eq!(played_ms(24_000..40_000, &cleared), 0);
        assert_eq!(played_ms(40_000..40_000, &cleared), 0);
    }
}
