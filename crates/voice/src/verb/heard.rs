//! `say` and `play`: the party hears a text or a file. What can't be heard is skipped; it never costs the call.

use sautikit_api::actions::Prompt;

use super::{Flow, Then, Verb};
use crate::{
    cause::CauseKind,
    playlist::{Playing, Playlist},
    shared::Shared,
    signal::Signal,
};

pub(crate) struct Heard {
    playlist: Playlist,
    /// What it is called once it was heard.
    outcome: &'static str,
}

pub(super) fn start(shared: &mut Shared, prompt: Prompt) -> (Verb, Flow) {
    let Some(party) = shared.party else {
        return (Verb::Instant, Flow::done("no_party", Then::End(CauseKind::NormalClearing.into())));
    };
    shared.answer_party(None);
    let outcome = match prompt {
        Prompt::Say(_) => "spoken",
        Prompt::Play(_) => "played",
        Prompt::Pause(_) => "paused",
    };
    let (playlist, playing) = Playlist::start(shared, party, [prompt]);
    let heard = Heard { playlist, outcome };
    let flow = heard.flow(playing);
    (Verb::Heard(heard), flow)
}

impl Heard {
    pub(super) fn on(&mut self, shared: &mut Shared, signal: &Signal) -> Flow {
        let playing = self.playlist.on(shared, signal);
        self.flow(playing)
    }

    pub(super) fn cancel(mut self, shared: &mut Shared) {
        self.playlist.stop(shared);
    }

    fn flow(&self, playing: Playing) -> Flow {
        match playing {
            Playing::On => Flow::Stay,
            Playing::Finished => Flow::done(self.outcome, Then::Next),
            Playing::Failed(code) => Flow::done(code, Then::Next),
        }
    }
}
