//! `say`: speaks a text to the party. A provider that fails costs the text, not the call.

use sautikit_api::actions;

use super::{Flow, Then, Verb};
use crate::{
    cause::CauseKind,
    playlist::{Playing, Playlist},
    shared::Shared,
    signal::Signal,
};

pub(crate) struct Say {
    playlist: Playlist,
}

pub(super) fn start(shared: &mut Shared, say: actions::Say) -> (Verb, Flow) {
    let Some(party) = shared.party else {
        return (Verb::Instant, Flow::done("no_party", Then::End(CauseKind::NormalClearing.into())));
    };
    shared.answer_party(None);
    let (playlist, playing) = Playlist::start(shared, party, [say]);
    (Verb::Say(Say { playlist }), flow(playing))
}

impl Say {
    pub(super) fn on(&mut self, shared: &mut Shared, signal: &Signal) -> Flow {
        flow(self.playlist.on(shared, signal))
    }

    pub(super) fn cancel(mut self, shared: &mut Shared) {
        self.playlist.stop(shared);
    }
}

fn flow(playing: Playing) -> Flow {
    match playing {
        Playing::On => Flow::Stay,
        Playing::Finished => Flow::done("spoken", Then::Next),
        Playing::Failed => Flow::done("tts.unavailable", Then::Next),
    }
}
