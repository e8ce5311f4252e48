//! A call that was placed without callback and actions: it hears a notice and stays open for a while.

use crate::{
    limits::NOTICE_OPEN_FOR, output::LegId, phrases, playlist::Playlist, shared::Shared, signal::Signal,
    timers::TimerId,
};

pub(crate) struct Notice {
    playlist: Playlist,
}

impl Notice {
    pub(crate) fn start(shared: &mut Shared, listener: LegId) -> Self {
        shared.arm(TimerId::Notice, NOTICE_OPEN_FOR);
        let (playlist, _) = Playlist::start(shared, listener, [phrases::notice()]);
        Self { playlist }
    }

    /// Whether the time is up. Without speech the call stays open all the same.
    pub(crate) fn is_over(&mut self, shared: &mut Shared, signal: &Signal) -> bool {
        self.playlist.on(shared, signal);
        matches!(signal, Signal::Timer(TimerId::Notice))
    }

    /// New actions take over.
    pub(crate) fn cancel(mut self, shared: &mut Shared) {
        shared.timers.disarm(TimerId::Notice);
        self.playlist.stop(shared);
    }
}
