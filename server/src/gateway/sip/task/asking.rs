//! Requests of ours outside of calls: registrations with carriers, and questions whether they are there.

use std::collections::HashMap;

use sip::ua::{Event, OutsideRequest, Register, RegistrationId, TransactionId};
use tokio::sync::{mpsc, oneshot};

use super::Task;
use crate::gateway::sip::Signal;

/// Who waits for what comes of them.
#[derive(Default)]
pub(super) struct Asking {
    registrations: HashMap<RegistrationId, mpsc::Sender<Signal>>,
    numbers: HashMap<u64, RegistrationId>,
    questions: HashMap<TransactionId, oneshot::Sender<u16>>,
}

impl Task {
    pub(super) fn register(&mut self, number: u64, mut register: Register, user: &str, events: mpsc::Sender<Signal>) {
        register.contact = self.ua.contact_as(register.path, user);
        let id = self.ua.register(self.now(), register);
        self.asking.registrations.insert(id, events);
        self.asking.numbers.insert(number, id);
    }

    pub(super) fn unregister(&mut self, number: u64) {
        if let Some(id) = self.asking.numbers.get(&number) {
            // One that has failed meanwhile is known no more.
            let _ = self.ua.unregister(self.now(), *id);
        }
    }

    pub(super) fn forget_registration(&mut self, number: u64) {
        if let Some(id) = self.asking.numbers.remove(&number) {
            self.asking.registrations.remove(&id);
            self.ua.forget_registration(id);
        }
    }

    pub(super) fn ask(&mut self, request: OutsideRequest, reply: oneshot::Sender<u16>) {
        let id = self.ua.request(self.now(), request);
        self.asking.questions.insert(id, reply);
    }

    /// Has who asked told of the answer to a request that was sent already.
    pub(super) fn tell_of(&mut self, request: TransactionId, reply: oneshot::Sender<u16>) {
        self.asking.questions.insert(request, reply);
    }

    /// Tells who asked; gives back what is about something else.
    pub(super) fn tell_who_asked(&mut self, event: Event) -> Option<Event> {
        match event {
            Event::Registered { registration, .. } => {
                if let Some(events) = self.asking.registrations.get(&registration) {
                    // Who does not read has the last word of it by the end of its queue.
                    let _ = events.try_send(Box::new(event));
                }
                None
            }
            Event::RegistrationFailed { registration, .. } | Event::Unregistered { registration } => {
                self.asking.numbers.retain(|_, id| *id != registration);
                if let Some(events) = self.asking.registrations.remove(&registration) {
                    let _ = events.try_send(Box::new(event));
                }
                None
            }
            Event::Response { transaction, response } => {
                if let Some(reply) = self.asking.questions.remove(&transaction) {
                    // Who asked may have stopped waiting.
                    let _ = reply.send(response.status.code());
                }
                None
            }
            Event::RequestFailed { transaction, failure } => {
                if let Some(reply) = self.asking.questions.remove(&transaction) {
                    // A refusal is an answer; silence ends the question.
                    if let sip::ua::Failure::Response(response) = failure {
                        let _ = reply.send(response.status.code());
                    }
                }
                None
            }
            event => Some(event),
        }
    }
}
