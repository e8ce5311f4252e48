//! Offers in a call that stands: re-INVITE (RFC 3261 §14) and UPDATE (RFC 3311), in both directions, with glare.

use super::message::{Message, decimal};
use super::requests::{Purpose, response_to};
use super::sessions::Phase;
use super::{Event, Millis, Phone, SessionId, set_sdp};

/// 491s in a row before an offer of ours counts as refused: two peers that collide by chance are apart after one wait, one
/// that answers nothing else would be asked for ever.
const MAX_COLLISIONS: u8 = 5;
/// The owner of the Call-ID waits 2.1 to 4 s after a collision and the other side 0 to 2 s, in steps of 10 ms (§14.1), so that
/// they cannot collide again: number of steps before, and of those to choose from.
const GLARE_OWNER: (Millis, Millis) = (210, 191);
const GLARE_OTHER: (Millis, Millis) = (0, 201);
const GLARE_STEP: Millis = 10;
/// Seconds that a peer is told to wait when its offer comes before we have answered the last one: below this (§14.2).
const RETRY_AFTER: u64 = 11;

/// Why nothing can be offered now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotNow {
    /// The call does not stand.
    NotUp,
    /// Another offer is open, ours or theirs.
    Pending,
    /// The call is on a connection that is gone.
    Disconnected,
}

impl Phone {
    /// Offers anew with a re-INVITE; [`Event::OfferAccepted`] or another one of its kind tells what becomes of it.
    pub fn offer(&mut self, now: Millis, id: SessionId, sdp: String) -> Result<(), NotNow> {
        self.change(now, id, "INVITE", Some(sdp))
    }

    /// Says where we are with an UPDATE that offers nothing (RFC 3311 §5.1). Nothing follows but the end of a call that the other
    /// side does not know any more.
    pub fn update(&mut self, now: Millis, id: SessionId) -> Result<(), NotNow> {
        self.change(now, id, "UPDATE", None)
    }

    fn change(&mut self, now: Millis, id: SessionId, method: &str, sdp: Option<String>) -> Result<(), NotNow> {
        let contact = self.config.contact.clone();
        let session = self.session(id).filter(|session| session.phase == Phase::Confirmed).ok_or(NotNow::NotUp)?;
        if session.is_offering || session.asked.is_some() {
            return Err(NotNow::Pending);
        }
        if !session.is_bound {
            return Err(NotNow::Disconnected);
        }
        let token = session.token.clone();
        let mut request = session.dialog.as_mut().ok_or(NotNow::NotUp)?.request(method);
        session.is_offering = true;
        request.push("Contact", &["<", &contact, ">"]);
        Self::push_capabilities(&mut request);
        let purpose = if sdp.is_some() { Purpose::Reinvite(id) } else { Purpose::Update(id) };
        if let Some(sdp) = sdp {
            set_sdp(&mut request, sdp);
        }
        self.send_request(now, request, purpose, &token);
        Ok(())
    }

    pub(super) fn offer_answered(
        &mut self,
        now: Millis,
        id: SessionId,
        status: u16,
        purpose: Purpose,
        response: Message,
    ) {
        let is_offer = purpose == Purpose::Reinvite(id);
        if status >= 300 {
            return match is_offer {
                true if status == 491 => self.offer_collided(now, id),
                true => self.offer_failed(now, id, status),
                false => self.update_failed(now, id, status),
            };
        }
        let Some(session) = self.session(id) else { return };
        session.is_offering = false;
        session.collisions = 0;
        if let Some(dialog) = &mut session.dialog {
            dialog.refresh_target(&response);
        }
        if is_offer {
            self.acknowledge(id, &response);
            self.emit(Event::OfferAccepted { session: id, sdp: response.body });
        }
    }

    fn offer_collided(&mut self, now: Millis, id: SessionId) {
        let bits = (self.config.random)();
        let Some(session) = self.session(id) else { return };
        session.collisions += 1;
        if session.collisions > MAX_COLLISIONS {
            session.collisions = 0;
            return self.offer_failed(now, id, 491);
        }
        session.is_offering = false;
        let (before, steps) = if session.is_caller { GLARE_OWNER } else { GLARE_OTHER };
        self.emit(Event::OfferCollided { session: id, retry_in: (before + bits % steps) * GLARE_STEP });
    }

    pub(super) fn offer_failed(&mut self, now: Millis, id: SessionId, status: u16) {
        if let Some(session) = self.session(id) {
            session.is_offering = false;
            match status {
                408 | 481 => self.dialog_lost(now, id, status),
                // On a closed connection the call may well be alive: the owner rebinds and offers again.
                _ => self.emit(Event::OfferRefused { session: id, status }),
            }
        }
    }

    pub(super) fn update_failed(&mut self, now: Millis, id: SessionId, status: u16) {
        let Some(session) = self.session(id) else { return };
        session.is_offering = false;
        if matches!(status, 408 | 481) {
            self.dialog_lost(now, id, status);
        }
    }

    /// A re-INVITE or UPDATE of theirs: 491 while our offer is open, 500 while theirs is (§14.2, RFC 3311 §5.2).
    pub(super) fn on_offer(&mut self, id: SessionId, mut request: Message) {
        let retry_after = decimal(((self.config.random)() % RETRY_AFTER) as u32);
        let contact = self.config.contact.clone();
        let Some(session) = self.session(id) else { return };
        let is_update = request.method() == "UPDATE";
        let sdp = core::mem::take(&mut request.body);
        let is_open = session.is_offering || matches!(session.phase, Phase::Inviting | Phase::Cancelling);
        let status = match session.phase {
            Phase::Ending => 481,
            // It only refreshes the session.
            _ if is_update && sdp.is_empty() => 200,
            _ if session.asked.is_some() => 500,
            _ if is_open => 491,
            // A browser offers nothing in an answer.
            _ if sdp.is_empty() => 488,
            _ => 0,
        };
        if matches!(status, 0 | 200)
            && let Some(dialog) = &mut session.dialog
        {
            dialog.refresh_target(&request);
        }
        if status == 0 {
            session.asked = Some(request);
            return self.emit(Event::Offered { session: id, sdp });
        }
        let mut response = response_to(&request, status, "");
        match status {
            200 => {
                response.push("Contact", &["<", &contact, ">"]);
                Self::push_capabilities(&mut response);
            }
            500 => response.push("Retry-After", &[&retry_after]),
            _ => {}
        }
        self.respond(&mut response);
    }
}
