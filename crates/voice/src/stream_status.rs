//! Media streams that are open, and whom their beginning and end is told to.

use serde_json::json;

use crate::{
    event::EventName,
    input::StreamEvent,
    output::{Output, StreamCommand, StreamId},
    shared::Shared,
};

/// A stream that was opened and is not over.
#[derive(Debug)]
pub(crate) struct OpenStream {
    pub(crate) stream: StreamId,
    /// The customer's name of it.
    pub(crate) name: Option<String>,
    /// Who is told of it.
    pub(crate) status_callback: Option<String>,
    /// The next action ran at once; `stopStream` ends it.
    pub(crate) is_one_way: bool,
    /// Its name on the wire, once it is connected.
    pub(crate) sid: Option<String>,
}

impl Shared {
    /// Notes what becomes of a stream, whichever step it is of, and tells the customer where that is wanted.
    pub(crate) fn stream_told(&mut self, stream: StreamId, event: &StreamEvent) {
        let (name, told, reason) = match event {
            StreamEvent::Connected { .. } => (EventName::StreamStarted, "stream-started", None),
            StreamEvent::Closed { reason } => (EventName::StreamEnded, "stream-stopped", Some(reason)),
            StreamEvent::Failed { reason } => (EventName::StreamFailed, "stream-error", Some(reason)),
        };
        let mut data = json!({"stream": stream.0});
        if let Some(reason) = reason {
            data["reason"] = json!(reason);
        }
        self.record(name, None, data);
        let Some(at) = self.streams_open.iter().position(|open| open.stream == stream) else { return };
        if let StreamEvent::Connected { sid } = event {
            if let Some(open) = self.streams_open.get_mut(at) {
                open.sid = Some(sid.clone());
            }
            self.tell_of_stream(at, told, None);
        } else {
            let error = reason.filter(|_| told == "stream-error").cloned();
            self.tell_of_stream(at, told, error);
            self.streams_open.remove(at);
        }
    }

    /// The call is over, and its streams with it.
    pub(crate) fn streams_over(&mut self) {
        for at in 0..self.streams_open.len() {
            if self.streams_open.get(at).is_some_and(|open| open.sid.is_some()) {
                self.tell_of_stream(at, "stream-stopped", None);
            }
        }
        self.streams_open.clear();
    }

    /// Closes streams that go one way, those of a name or all; how many. Their end is told when it is there.
    pub(crate) fn stop_streams(&mut self, name: Option<&str>) -> usize {
        let is_meant =
            |open: &&OpenStream| open.is_one_way && name.is_none_or(|name| open.name.as_deref() == Some(name));
        let meant: Vec<_> = self.streams_open.iter().filter(is_meant).map(|open| open.stream).collect();
        for stream in &meant {
            self.emit(Output::Stream(StreamCommand::Close(*stream)));
        }
        meant.len()
    }

    fn tell_of_stream(&mut self, at: usize, event: &'static str, error: Option<String>) {
        let Some(open) = self.streams_open.get(at) else { return };
        let Some(url) = open.status_callback.clone() else { return };
        let mut told = vec![("StreamEvent", event.to_owned())];
        told.extend(open.sid.clone().map(|sid| ("StreamSid", sid)));
        told.extend(open.name.clone().map(|name| ("StreamName", name)));
        told.extend(error.map(|error| ("StreamError", error)));
        self.notify(&url, told);
    }
}
