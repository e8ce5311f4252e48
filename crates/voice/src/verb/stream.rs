//! `stream`: the party's audio goes to a WebSocket of the customer's, and what comes from there is heard.
//!
//! One way only it is begun and the next action runs; both ways it lasts until the WebSocket is closed.

use sautikit_api::actions;
use serde_json::json;

use super::{Flow, Then, Verb};
use crate::{
    cause::CauseKind,
    input::StreamEvent,
    meter::whole_seconds,
    output::{LegId, MediaCommand, Output, StreamCommand, StreamId, StreamTerms},
    shared::Shared,
    signal::Signal,
    stream_status::OpenStream,
};

/// ```text
///   opening ──┬── connected ──► open ── closed ──► done
///             └── no connection ────────────────► done
/// ```
pub(crate) struct Stream {
    party: LegId,
    stream: StreamId,
    /// Since when it is connected.
    connected: Option<core::time::Duration>,
    action: Option<String>,
}

pub(super) fn start(shared: &mut Shared, spec: actions::Stream) -> (Verb, Flow) {
    let Some(party) = shared.party else {
        return (Verb::Instant, Flow::done("no_party", Then::End(CauseKind::NormalClearing.into())));
    };
    shared.answer_party(None);
    let stream = shared.next_stream();
    let actions::Stream { url, track, bidirectional, parameters, name, status_callback, action } = spec;
    let is_one_way = !bidirectional;
    shared.streams_open.push(OpenStream { stream, name, status_callback, is_one_way, sid: None });
    let terms = StreamTerms { url, track, bidirectional, parameters };
    shared.emit(Output::Stream(StreamCommand::Open { stream, leg: party, terms }));
    if !bidirectional {
        return (Verb::Instant, Flow::done("started", Then::Next));
    }
    // What was pressed before is no word of this conversation.
    shared.digits.clear();
    (Verb::Stream(Box::new(Stream { party, stream, connected: None, action })), Flow::Stay)
}

impl Stream {
    pub(super) fn on(&mut self, shared: &mut Shared, signal: &Signal) -> Flow {
        match signal {
            Signal::Stream(stream, event) if *stream == self.stream => match event {
                StreamEvent::Connected { .. } => {
                    self.connected = Some(shared.now);
                    Flow::Stay
                }
                StreamEvent::Closed { .. } => self.over(shared, "closed"),
                StreamEvent::Failed { .. } => {
                    shared.results.set("ErrorCode", "stream.unavailable");
                    self.over(shared, "stream.unavailable")
                }
            },
            Signal::Key(leg, key, _) if *leg == self.party => {
                shared.digits.clear();
                shared.emit(Output::Stream(StreamCommand::Press(self.stream, *key)));
                Flow::Stay
            }
            _ => Flow::Stay,
        }
    }

    pub(super) fn cancel(self, shared: &mut Shared) {
        shared.emit(Output::Stream(StreamCommand::Close(self.stream)));
        shared.media(MediaCommand::Flush(self.party));
    }

    fn over(&self, shared: &mut Shared, outcome: &'static str) -> Flow {
        shared.media(MediaCommand::Flush(self.party));
        let duration_s = self.connected.map_or(0, |since| whole_seconds(shared.now.saturating_sub(since)));
        let then = self.action.clone().map_or(Then::Next, Then::Ask);
        Flow::done_with(outcome, json!({"duration_s": duration_s}), then)
    }
}
