//! One call as the user agent remembers it. Everything about it is in this struct, so that removing it is one line.

use core::time::Duration;

use bytes::Bytes;

use crate::dialog::Dialog;
use crate::message::Headers;
use crate::negotiation::Negotiation;

use super::auth::Authenticator;
use super::client::ClientKey;
use super::io::{EndCause, Party, Path, SessionId, TransactionId};
use super::lasting::Lasting;
use super::reliable::Reliable;
use super::schedule::Armed;

/// Where a session stands.
///
/// ```text
///   caller                                     callee
///   Inviting ── cancel ──► Cancelling          Offered ── 3xx–6xx, CANCEL ──► over
///      │ 2xx                  │ 487, 2xx+BYE      │ 2xx
///      └────────► Confirmed ◄─┼───────────────────┘   (the 2xx is repeated until its ACK)
///                  │     │    │
///         our BYE  │     │ their BYE
///             Ending     └────┴──► over
///                │ final answer, 64·T1
///                └──► over
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Our INVITE is out, no final response yet.
    Inviting,
    /// As Inviting, and the owner wants out. The CANCEL is sent with the first provisional response (RFC 3261 §9.1).
    Cancelling { sent: bool, give_up: Option<Duration> },
    /// Their INVITE is here, no final response yet.
    Offered { transaction: TransactionId },
    /// A 2xx went either way.
    Confirmed,
    /// Our BYE is out.
    Ending,
}

/// A 2xx of ours that waits for its ACK (RFC 3261 §13.3.1.4).
#[derive(Debug, Clone)]
pub(crate) struct Unacknowledged {
    /// CSeq of the INVITE, which the ACK repeats.
    pub(crate) cseq: u32,
    pub(crate) path: Path,
    pub(crate) bytes: Bytes,
    pub(crate) again_at: Duration,
    pub(crate) interval: Duration,
    pub(crate) give_up: Duration,
    /// Our 2xx carried the offer, so the ACK carries the answer.
    pub(crate) owes_answer: bool,
}

/// Our re-INVITE or UPDATE in progress.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reoffer {
    pub(crate) client: ClientKey,
    /// The request carried an offer.
    pub(crate) offered: bool,
}

/// A 2xx of theirs that the owner must acknowledge, because it carried the offer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AckOwed {
    pub(crate) client: ClientKey,
    pub(crate) cseq: u32,
}

/// A call.
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) phase: Phase,
    /// Where the peer last spoke from; see [`super::Ua::next_hop`] for where it is spoken to.
    pub(crate) path: Path,
    /// Who it is: nobody else's requests are taken.
    pub(crate) party: Party,
    /// Requests of the peer's in its dialogs that are remembered.
    pub(crate) peer_requests: u16,
    /// Key of this session in the tag index.
    pub(crate) local_tag: String,
    pub(crate) call_id: String,
    /// We sent the first INVITE, hence own the Call-ID (RFC 3261 §14.1).
    pub(crate) is_caller: bool,
    /// The initial INVITE of ours.
    pub(crate) invite: Option<ClientKey>,
    /// The dialog: the callee's from the start, the caller's from its 2xx on.
    pub(crate) dialog: Option<Dialog>,
    /// Early dialogs of the caller, one per fork that sent a To tag.
    pub(crate) early: Vec<Dialog>,
    pub(crate) negotiation: Negotiation,
    pub(crate) contact: String,
    pub(crate) auth: Option<Authenticator>,
    pub(crate) unacknowledged: Vec<Unacknowledged>,
    /// Our provisional responses to a caller that wants them reliably. In a box, because few calls have them.
    pub(crate) reliable: Option<Box<Reliable>>,
    pub(crate) reoffer: Option<Reoffer>,
    /// An unanswered re-INVITE or UPDATE of theirs.
    pub(crate) peer_reoffer: Option<TransactionId>,
    pub(crate) ack_owed: Option<AckOwed>,
    /// When [`super::Event::OfferDue`] is due.
    pub(crate) offer_due: Option<Duration>,
    /// 491s in a row to our offers.
    pub(crate) collisions: u8,
    /// A BYE that waits for the ACK of our 2xx (RFC 3261 §15).
    pub(crate) bye_after_ack: Option<Headers>,
    /// Headers of a CANCEL that waits for the first provisional response.
    pub(crate) cancel_headers: Headers,
    /// What to report when the BYE is through.
    pub(crate) ending: Option<EndCause>,
    /// Told in our 200 to the peer's BYE.
    pub(crate) lasting: Option<Lasting>,
    pub(crate) armed: Armed,
}

impl Session {
    /// A session of ours in which nothing has happened yet: as of a caller, without dialog, INVITE or credentials.
    pub(crate) fn new(
        id: SessionId,
        phase: Phase,
        (path, party): (Path, Party),
        contact: String,
        local_tag: String,
        call_id: String,
    ) -> Self {
        Self {
            id,
            phase,
            path,
            party,
            peer_requests: 0,
            local_tag,
            call_id,
            is_caller: true,
            invite: None,
            dialog: None,
            early: Vec::new(),
            negotiation: Negotiation::default(),
            contact,
            auth: None,
            unacknowledged: Vec::new(),
            reliable: None,
            reoffer: None,
            peer_reoffer: None,
            ack_owed: None,
            offer_due: None,
            collisions: 0,
            bye_after_ack: None,
            cancel_headers: Headers::new(),
            ending: None,
            lasting: None,
            armed: Armed::default(),
        }
    }

    /// When the session wants to be woken.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        let cancel = match self.phase {
            Phase::Cancelling { give_up, .. } => give_up,
            _ => None,
        };
        let acks = self.unacknowledged.iter().map(|wait| wait.again_at.min(wait.give_up)).min();
        let prack = self.reliable.as_ref().and_then(|reliable| reliable.deadline());
        [cancel, acks, prack, self.offer_due].into_iter().flatten().min()
    }
}

/// Most forks of one INVITE whose early dialogs are kept; further ones still get ACK and BYE for their 2xx.
pub(crate) const MAX_EARLY_DIALOGS: usize = 12;
