//! What comes in: read, looked at where a stranger sent it, kept with the leg that it belongs to, given to the user agent.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use sip::message::Message;
use sip::parse::{ParseError, Raw};
use sip::ua::{FlowId, Input, Party, Path, Reply};

use super::Task;
use crate::gateway::sip::flows::datagram_path;
use crate::gateway::sip::screening::{Judgement, Offence, Reason, Screening, Sender, Verdict};
use crate::gateway::sip::{UDP_FLOW, WEB, WebInput};

/// Datagrams of strangers that may wait for their turn; more are dropped. The socket's own queue, which trunks share with
/// them, is emptied at once, whoever sends how much.
const STRANGERS_WAITING: usize = 1_024;
/// Counted against a stranger for noise, and for a response to nothing.
const UNEXPECTED: Offence = Offence { reason: Reason::Noise, strikes: 1 };

impl Task {
    pub(super) fn read(&mut self, source: SocketAddr, datagram: &[u8]) {
        let (now, path) = (self.now(), datagram_path(source));
        let Some(screening) = self.screening.clone() else {
            return self.read_of(now, path, Party::Stranger, Bytes::copy_from_slice(datagram));
        };
        let party = screening.party_of(source);
        if party != Party::Stranger {
            self.read_of(now, path, party, Bytes::copy_from_slice(datagram));
        } else if self.strangers.len() >= STRANGERS_WAITING {
            screening.silenced();
        } else if screening.is_open_to(now, source) {
            self.strangers.push_back((source, Bytes::copy_from_slice(datagram)));
        }
    }

    fn read_of(&mut self, now: Duration, path: Path, party: Party, datagram: Bytes) {
        let (message, raw) = (sip::parse::message(datagram.clone()), datagram.into());
        if !self.is_of_another_node(path, &message, &raw) {
            self.give(now, path, party, message, &raw);
        }
    }

    pub(super) fn read_stranger(&mut self, source: SocketAddr, datagram: Bytes) {
        let (now, path) = (self.now(), datagram_path(source));
        let Some(screening) = self.screening.clone() else { return };
        // It may have been blocked for what it sent before this.
        if !screening.is_open_to(now, source) {
            return;
        }
        let (message, raw) = (sip::parse::message(datagram.clone()), datagram.into());
        if self.is_of_another_node(path, &message, &raw) {
            return;
        }
        match self.hold_back(now, path, &*screening, &message) {
            Some(Offence { strikes: 0, .. }) => {}
            Some(offence) => screening.strike(now, source, offence),
            None => self.give(now, path, Party::Stranger, message, &raw),
        }
    }

    /// Gives the user agent what came.
    fn give(&mut self, now: Duration, path: Path, party: Party, message: Result<Message, ParseError>, raw: &Raw) {
        if let (Some(tracer), Ok(message)) = (&mut self.tracer, &message) {
            tracer.received(path, message, raw);
        }
        self.ua.handle(now, input_of(path, party, message));
    }

    /// Deals with what of a stranger's goes no further: says what that counts against its sender. None: it goes on.
    fn hold_back(
        &mut self,
        now: Duration,
        path: Path,
        screening: &dyn Screening,
        message: &Result<Message, ParseError>,
    ) -> Option<Offence> {
        let over_datagrams = path.flow == UDP_FLOW;
        let request = match message {
            Ok(Message::Request(request)) if request.is_well_formed() => request,
            Ok(Message::Response(response)) if self.ua.expects(response) => return None,
            Err(ParseError::KeepAlive) => return Some(Offence::NONE),
            Ok(_) | Err(_) => {
                screening.silenced();
                return Some(UNEXPECTED);
            }
        };
        if self.ua.continues(path, Party::Stranger, request) {
            return None;
        }
        let sender = match path.local {
            _ if over_datagrams => Sender::Datagram(path.remote),
            WEB => Sender::Web,
            _ => Sender::Stream(path.remote),
        };
        let Judgement { verdict, offence } = screening.judge(request, sender);
        let is_heard =
            !over_datagrams || matches!(verdict, Verdict::Enter | Verdict::Silence) || self.answers.take(now);
        match verdict {
            Verdict::Enter => return None,
            Verdict::Answer(reply) if is_heard => self.ua.answer_stateless(path, request, *reply),
            Verdict::Capabilities(status) if is_heard => {
                let headers = self.ua.capabilities();
                self.ua.answer_stateless(path, request, Reply { status, headers, body: None });
            }
            Verdict::Silence | Verdict::Answer(_) | Verdict::Capabilities(_) => screening.silenced(),
        }
        Some(offence)
    }

    /// What a connection has for us.
    pub(super) fn take_in(&mut self, input: WebInput) {
        match input {
            WebInput::Opened { flow, remote, opened, proof, outgoing } => {
                self.flows.opened(flow, remote, opened, proof, outgoing);
                self.opened(flow);
            }
            WebInput::NotOpened { hop } => self.not_opened(&hop),
            WebInput::Received { flow, message, raw } => self.hear(flow, *message, &raw),
            WebInput::Quiet { flow } => {
                if !self.ua.has_session_on(flow) && !self.lending.is_on(flow) {
                    self.close(flow);
                }
            }
            WebInput::Closed { flow } => self.close(flow),
            WebInput::Lend { lease, path, to_node } => self.lend(lease, path, to_node),
            WebInput::LentSends { lease, bytes } => self.lent_sends(lease, bytes),
            WebInput::LentLooks { lease } => self.lent_looks(lease),
            WebInput::LentOver { lease, open } => self.lent_over(lease, open),
        }
    }

    fn hear(&mut self, flow: FlowId, message: Result<Message, ParseError>, raw: &Raw) {
        if self.is_nobodys_now(flow) && !self.ua.has_session_on(flow) {
            return self.close(flow);
        }
        let Some((path, party)) = self.sender(flow) else { return };
        if self.is_of_another_node(path, &message, raw) {
            return;
        }
        let now = self.now();
        self.take_offer(path, party, &message);
        if party == Party::Stranger
            && let Some(screening) = self.screening.clone()
            && let Some(offence) = self.hold_back(now, path, &*screening, &message)
        {
            self.drain();
            if offence.strikes > 0 && path.local != WEB {
                screening.strike(now, path.remote, offence);
            }
            return self.strike_flow(flow, offence.strikes);
        }
        self.give(now, path, party, message, raw);
    }

    /// Whether a connection was a trunk's until the trunks changed, and is nobody's any more.
    fn is_nobodys_now(&mut self, flow: FlowId) -> bool {
        let Some(screening) = self.screening.clone() else { return false };
        self.flows.judge_again(flow, screening.revision(), |remote, certificate| {
            let certified = certificate.and_then(|shown| screening.party_of_certificate(&|name| shown.is_of(name)));
            certified.unwrap_or_else(|| screening.party_of(remote))
        })
    }

    pub(super) fn strike_flow(&mut self, flow: FlowId, strikes: u32) {
        if strikes > 0 && self.flows.strike(flow, strikes) {
            self.close(flow);
        }
    }
}

/// What is no SIP gets silence from the user agent, so that scanners learn nothing from it.
fn input_of(path: Path, party: Party, message: Result<Message, ParseError>) -> Input {
    match message {
        Ok(message) => Input::Received { path, party, message },
        Err(error) => Input::Unreadable { path, error },
    }
}
