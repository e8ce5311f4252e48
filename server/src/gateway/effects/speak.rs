//! `Output::Speak`: text becomes audio off the call's task.

use serde_json::json;
use voice::{EventName, SpeechFailure, Text};

use crate::gateway::call_task::{Arrival, Running};
use crate::gateway::speech::Spoken;

impl Running {
    pub(in crate::gateway) fn speak(&self, text: Text) {
        let (inbox, speech) = (self.inbox.clone(), self.gateway.speech.clone());
        tokio::spawn(async move {
            let spoken = match speech.speak(&text).await {
                Ok(Spoken { audio, otherwise }) => {
                    if let Some(reason) = otherwise {
                        let data = json!({ "reason": reason });
                        let _ = inbox.send(Arrival::Noted(EventName::SpeechFallback, data)).await;
                    }
                    Ok(audio)
                }
                Err(error) => Err(SpeechFailure { reason: error.to_string() }),
            };
            let _ = inbox.send(Arrival::Spoken(text.asset, spoken)).await;
        });
    }
}
