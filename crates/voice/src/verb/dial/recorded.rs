//! What is recorded of a dial: the connection, or its ringing too.

use super::Dial;
use crate::{
    output::{LegId, RecordingSource, RecordingTerms},
    shared::Shared,
};

impl Dial {
    /// Records the party, and `with` whom it is connected or else what it hears, if that was asked for.
    pub(super) fn begin_recording(&mut self, shared: &mut Shared, with: Option<LegId>) {
        let Some(channels) = self.spec.record else { return };
        shared.forget_recording();
        let (source, channels) = (RecordingSource::Dial, channels.into());
        let status_callback = shared.absolute(self.spec.recording_status_callback.as_deref());
        let terms = RecordingTerms { source, channels, trims_silence: false, status_callback };
        self.take = Some(shared.start_recording(self.party, with, terms));
    }

    pub(super) fn end_recording(&mut self, shared: &mut Shared) {
        if let Some(take) = self.take.take() {
            shared.stop_recording(take);
        }
    }
}
