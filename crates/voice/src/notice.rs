//! A call that was placed without callback and actions: it hears a notice, and is hung up soon after it, so that a first try
//! costs little. New actions from outside can take over until then.

use crate::{
    limits::{NOTICE_CLOSES_AFTER, NOTICE_LONGEST},
    output::LegId,
    phrases,
    playlist::{Playing, Playlist},
    shared::Shared,
    signal::Signal,
    timers::TimerId,
};

pub(crate) struct Notice {
    playlist: Playlist,
    /// Whether the notice was heard or could not be spoken.
    closing: bool,
}

impl Notice {
    pub(crate) fn start(shared: &mut Shared, listener: LegId) -> Self {
        shared.arm(TimerId::Notice, NOTICE_LONGEST);
        let (playlist, _) = Playlist::start(shared, listener, [phrases::notice()]);
        Self { playlist, closing: false }
    }

    /// Whether the time is up.
    pub(crate) fn is_over(&mut self, shared: &mut Shared, signal: &Signal) -> bool {
        if !self.closing && self.playlist.on(shared, signal) != Playing::On {
            self.closing = true;
            shared.arm(TimerId::Notice, NOTICE_CLOSES_AFTER);
        }
        matches!(signal, Signal::Timer(TimerId::Notice))
    }

    /// New actions take over.
    pub(crate) fn cancel(mut self, shared: &mut Shared) {
        shared.timers.disarm(TimerId::Notice);
        self.playlist.stop(shared);
    }
}
