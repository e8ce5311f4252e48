//! The last words of a call whose server can't be asked: it never hangs silent.

use crate::{
    output::LegId,
    phrases,
    playlist::{Playing, Playlist},
    shared::Shared,
    signal::Signal,
};

pub(crate) struct Farewell {
    playlist: Playlist,
}

impl Farewell {
    /// Answers the party if need be and apologises.
    pub(crate) fn start(shared: &mut Shared, listener: LegId) -> Self {
        shared.answer_party(None);
        let (playlist, _) = Playlist::start(shared, listener, [phrases::apology()]);
        Self { playlist }
    }

    /// Whether everything is said.
    pub(crate) fn is_over(&mut self, shared: &mut Shared, signal: &Signal) -> bool {
        self.playlist.on(shared, signal) != Playing::On
    }

    /// New actions take over.
    pub(crate) fn cancel(mut self, shared: &mut Shared) {
        self.playlist.stop(shared);
    }
}
