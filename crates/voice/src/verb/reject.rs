//! `reject`: turns an unanswered caller away: 603, or 486 for "busy". Once the call is answered it only hangs up.

use sautikit_api::actions::{self, RejectReason};

use super::{Flow, Then};
use crate::{cause::CauseKind, shared::Shared};

pub(super) fn start(shared: &Shared, reject: &actions::Reject) -> Flow {
    if shared.is_answered() {
        return Flow::done("already_answered", Then::End(shared.cause_of_end()));
    }
    let kind = match reject.reason {
        RejectReason::Rejected => CauseKind::Rejected,
        RejectReason::Busy => CauseKind::Busy,
    };
    Flow::done("rejected", Then::End(kind.into()))
}
