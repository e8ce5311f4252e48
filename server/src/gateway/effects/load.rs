//! `Output::Load`: a file becomes audio off the call's task.

use voice::{File, SpeechFailure};

use crate::gateway::call_task::{Arrival, Running};

impl Running {
    pub(in crate::gateway) fn load(&self, file: File) {
        let (inbox, files, workspace) = (self.inbox.clone(), self.gateway.files.clone(), self.facts.workspace_id);
        tokio::spawn(async move {
            let loaded = files.load(workspace, &file.url).await;
            let loaded = loaded.map_err(|error| SpeechFailure { reason: error.to_string() });
            let _ = inbox.send(Arrival::Spoken(file.asset, loaded)).await;
        });
    }
}
