//! `Output::Stream`: a leg's audio goes to a customer's WebSocket and back.

use voice::{Input, StreamCommand, StreamEvent};

use crate::gateway::call_task::{Arrival, Running};
use crate::gateway::put::put;
use crate::gateway::streams::{self, Opening};

/// Streams of a call at the same time: an agent, a recogniser of speech for each side, and one to spare.
const MOST_STREAMS: usize = 4;

impl Running {
    pub(in crate::gateway) fn stream(&mut self, command: StreamCommand) {
        match command {
            StreamCommand::Open { stream, leg, terms } => {
                // Of a leg that is gone the end has been told already.
                let Some(seat) = self.legs.get(&leg) else { return };
                if self.seldom.streams.len() >= MOST_STREAMS {
                    let reason = format!("a call has at most {MOST_STREAMS} streams at a time");
                    let failed = Input::Stream(stream, StreamEvent::Failed { reason });
                    put(&self.inbox, Arrival::Voice(failed));
                    return;
                }
                let opening = Opening {
                    id: stream,
                    terms,
                    media: self.media.clone(),
                    port: seat.port,
                    call_sid: self.facts.call_id.pbx_call_id(),
                    account_sid: self.facts.workspace_id.to_string(),
                    secrets: self.signing_secret.clone(),
                    compat: self.facts.compat,
                    inbox: self.inbox.clone(),
                };
                self.seldom.streams.insert(stream, streams::open(&self.gateway, opening));
            }
            StreamCommand::Press(stream, key) => {
                if let Some(running) = self.seldom.streams.get(&stream) {
                    running.press(key);
                }
            }
            StreamCommand::Close(stream) => drop(self.seldom.streams.remove(&stream)),
        }
    }
}
