//! A transfer of one of two who talk, asked for by the other (RFC 5589 §6): somebody else is rung, and takes the place of
//! whoever asked.
//!
//! Who is transferred stays the call's party, or becomes it: the call goes on with it. Who asked may hang up at once or wait
//! for what becomes of it; where nobody answers it has whom it had.

use serde_json::json;

use super::{Dial, Stage, failed};
use crate::{
    cause::{Cause, CauseKind},
    event::EventName,
    leg::Leg,
    output::{JudgeCommand, LegCommand, LegId, MediaCommand, Output, Tone, TransferEvent},
    ring_group::{RingGroup, Ringing},
    shared::Shared,
    signal::Signal,
    target::Target,
    timers::TimerId,
    verb::{Flow, Then},
};

/// How long the new target may ring: as long as a `dial` rings where it says nothing.
const RING_TIMEOUT_S: u32 = 60;

/// A transfer that is under way.
pub(super) struct Transferring {
    group: RingGroup,
    /// Who asked for it.
    by: LegId,
    /// Who asked was the party.
    was_party: bool,
    /// Whom it leads to.
    to: String,
}

impl Dial {
    /// Rings `target` for whoever `by` talks with; false where that is nobody.
    pub(in crate::verb) fn transfer(&mut self, shared: &mut Shared, by: LegId, target: Target) -> bool {
        let Stage::Bridged(far) = self.stage else { return false };
        let was_party = by == self.party;
        let kept = if was_party { far } else { self.party };
        if by != far && !was_party {
            return false;
        }
        let Ok(caller_ids) = super::caller_ids(shared, kept, None) else { return false };
        let to = target.address().to_owned();
        shared.record(EventName::TransferStarted, Some(by), json!({"to": to, "kind": target.kind().as_str()}));
        self.disconnect(shared, far);
        if let Some(leg) = shared.legs.get_mut(&far) {
            // The longest duration was that of the two.
            leg.unlimit();
        }
        self.seat(shared, kept);
        shared.media(MediaCommand::Tone(kept, Tone::Ringback(None)));
        self.ringback = true;
        let (group, _) = RingGroup::start(shared, vec![target.into()], RING_TIMEOUT_S, false, caller_ids);
        self.stage = Stage::Transferring(Transferring { group, by, was_party, to });
        true
    }

    /// Whether the leg is one of two who talk.
    pub(in crate::verb) fn talks(&self, leg: LegId) -> bool {
        matches!(self.stage, Stage::Bridged(far) if leg == far || leg == self.party)
    }

    /// Lets go of one of two who talk; the other one is the party from here on.
    pub(in crate::verb) fn hand_over(mut self, shared: &mut Shared, by: LegId) {
        let Stage::Bridged(far) = self.stage else { return };
        let kept = if by == self.party { far } else { self.party };
        self.disconnect(shared, far);
        if let Some(leg) = shared.legs.get_mut(&far) {
            leg.unlimit();
        }
        self.seat(shared, kept);
        shared.record(EventName::LegTransferred, Some(kept), json!({"by": by.0}));
        shared.hang_up(by, CauseKind::NormalClearing.into());
    }

    pub(super) fn transferring(&mut self, shared: &mut Shared, signal: &Signal) -> Flow {
        let Stage::Transferring(transfer) = &mut self.stage else { return Flow::Stay };
        if let Signal::Ringing = signal {
            tell(shared, transfer.by, TransferEvent::Ringing);
        }
        match transfer.group.on(shared, signal) {
            Ringing::On => Flow::Stay,
            Ringing::Answered(leg) => {
                self.transferred(shared, leg);
                Flow::Stay
            }
            Ringing::Failed(cause) => self.not_transferred(shared, cause),
        }
    }

    fn transferred(&mut self, shared: &mut Shared, leg: LegId) {
        let Stage::Transferring(transfer) = core::mem::replace(&mut self.stage, Stage::Bridged(leg)) else { return };
        let data = json!({"by": transfer.by.0, "to": transfer.to, "with": leg.0});
        shared.record(EventName::LegTransferred, Some(self.party), data);
        tell(shared, transfer.by, TransferEvent::Done);
        shared.hang_up(transfer.by, CauseKind::NormalClearing.into());
        self.connect(shared, leg);
    }

    /// Nobody is there: who asked has whom it had, if it is there still.
    fn not_transferred(&mut self, shared: &mut Shared, cause: Cause) -> Flow {
        let Stage::Transferring(Transferring { by, was_party, .. }) = &self.stage else { return Flow::Stay };
        let (by, was_party) = (*by, *was_party);
        shared.record(EventName::TransferFailed, Some(by), json!({"cause": cause.hangup_cause()}));
        self.stop_ringback(shared);
        if !shared.legs.get(&by).is_some_and(Leg::is_up) {
            return if was_party {
                // Whom the script was for has gone.
                Flow::done_with("failed", json!({"cause": cause.hangup_cause()}), Then::End(cause))
            } else {
                failed(shared, &self.spec, cause, shared.last_dialled())
            };
        }
        tell(shared, by, TransferEvent::Failed(cause));
        let kept = self.party;
        if was_party {
            self.seat(shared, by);
            self.connect(shared, kept);
        } else {
            self.connect(shared, by);
        }
        Flow::Stay
    }

    /// New actions take over.
    pub(super) fn give_up_transfer(&mut self, shared: &mut Shared) {
        let Stage::Transferring(Transferring { group, by, .. }) = &mut self.stage else { return };
        group.cancel(shared);
        let (by, cause) = (*by, Cause::from(CauseKind::Canceled));
        tell(shared, by, TransferEvent::Failed(cause));
        shared.hang_up(by, CauseKind::NormalClearing.into());
        self.stop_ringback(shared);
        shared.results.set("DialCallStatus", cause.dial_status(false).as_str());
        shared.results.set("DialCallDuration", "0");
    }

    /// The two hear each other no more, and nothing counts their time.
    fn disconnect(&mut self, shared: &mut Shared, far: LegId) {
        self.unjoin(shared);
        self.end_recording(shared);
        if self.spec.machine_detection.take().is_some() {
            shared.emit(Output::Judge(JudgeCommand::Stop(far)));
        }
        shared.timers.disarm(TimerId::DialMaxDuration);
    }

    fn seat(&mut self, shared: &mut Shared, party: LegId) {
        self.party = party;
        shared.party = Some(party);
    }
}

/// Most who ask for a transfer hang up without waiting for what becomes of it.
fn tell(shared: &mut Shared, by: LegId, event: TransferEvent) {
    if shared.legs.get(&by).is_some_and(Leg::is_up) {
        shared.command(by, LegCommand::Transfer(event));
    }
}
