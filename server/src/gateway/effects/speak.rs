//! `Output::Speak`: text becomes audio off the call's task.

use voice::{SpeechFailure, Text};

use crate::gateway::call_task::{Arrival, Running};

impl Running {
    pub(in crate::gateway) fn speak(&self, text: Text) {
        let (inbox, speech) = (self.inbox.clone(), self.gateway.speech.clone());
        tokio::spawn(async move {
            let spoken = speech.speak(&text).await.map_err(|error| SpeechFailure { reason: error.to_string() });
            let _ = inbox.send(Arrival::Spoken(text.asset, spoken)).await;
        });
    }
}
