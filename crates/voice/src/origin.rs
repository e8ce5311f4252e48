//! How calls begin: the first step of each [`Origin`].

use sautikit_api::actions::{Action, Dial, DialTarget};

use crate::{
    cause::CauseKind,
    facts::Origin,
    ring_group::{CallerIds, RingGroup, Ringing},
    script::Script,
    shared::Shared,
    target::{Candidate, Target},
};

/// What a call does first.
pub(crate) enum Opening {
    /// Rings targets; the winner becomes the party.
    Originate(RingGroup, Ringing),
    /// Runs the script.
    Run,
    /// Asks the voice callback.
    Ask(String),
    /// Nobody could be reached.
    End(CauseKind),
}

pub(crate) fn open(shared: &mut Shared, origin: Origin) -> Opening {
    match origin {
        Origin::Api { to, actions } => {
            let base = shared.facts.voice_callback_url.clone();
            shared.script = Script::new(actions.unwrap_or_default(), base);
            let own = shared.facts.number.clone();
            let caller_ids = CallerIds { telephone: own.clone(), other: own };
            let candidates = to.into_iter().map(Candidate::from).collect();
            let timeout_s = shared.facts.ring_timeout_s;
            let (group, ringing) = RingGroup::start(shared, candidates, timeout_s, false, caller_ids);
            Opening::Originate(group, ringing)
        }
        Origin::Inbound { caller, ring } => {
            shared.admit_caller(caller);
            // The number is found: 100 becomes 180.
            shared.ring_party();
            match shared.facts.voice_callback_url.clone() {
                Some(url) => Opening::Ask(url),
                None if ring.is_empty() => Opening::End(CauseKind::NoAnswer),
                None => connect(shared, &ring),
            }
        }
        Origin::Client { caller, to } => {
            shared.admit_caller(caller);
            connect(shared, &[to])
        }
    }
}

/// The script of a call that only connects: one dial.
fn connect(shared: &mut Shared, to: &[Target]) -> Opening {
    let mut dial = Dial::to(to.iter().map(DialTarget::from).collect());
    dial.timeout_s = shared.facts.ring_timeout_s;
    dial.max_duration_s = shared.facts.max_duration_s;
    shared.script = Script::new(vec![Action::Dial(dial)], None);
    Opening::Run
}
