//! Offer/answer state of one session: RFC 3264 with the collision rules of RFC 3261 §14 and RFC 3311 §5.
//!
//! Knows who has an unanswered offer on the table and which `o=` version the next local description must carry.
//! Codec choice, directions and ports are policy and live with whoever builds the descriptions.
//!
//! ```text
//!             local_offer                      remote_offer
//!          ┌────────────► OfferSent ─┐   ┌─ OfferReceived ◄────────────┐
//!   Stable ┤                         ├─┬─┤                             ├ Stable
//!          └◄ remote_answer, rollback┘ │ └ local_answer, rollback ─────►
//!                                      │
//!              an offer in either of these states is refused: Glare or Pending
//! ```

/// Who owes an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// No offer is open.
    #[default]
    Stable,
    /// We have offered, the peer owes the answer.
    OfferSent,
    /// The peer has offered, we owe the answer.
    OfferReceived,
}

/// Why an offer or answer does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Our own offer is open: answer theirs with 491 Request Pending.
    #[error("both sides have offered at the same time")]
    Glare,
    /// Their earlier offer is still unanswered: answer a second one with 500 and Retry-After; do not send ours.
    #[error("the peer's earlier offer is not answered yet")]
    Pending,
    /// There is no offer to answer.
    #[error("an answer without an offer")]
    Unexpected,
}

/// The offer/answer state of one session.
#[derive(Debug, Clone, Default)]
pub struct Negotiation {
    state: State,
    /// `sess-version` of the last local description (RFC 3264 §5); 0 before the first.
    version: u64,
    /// Offer/answer exchanges completed.
    rounds: u32,
}

impl Negotiation {
    /// Who owes an answer.
    pub fn state(&self) -> State {
        self.state
    }

    /// True once one offer has been answered: media is agreed.
    pub fn is_agreed(&self) -> bool {
        self.rounds > 0
    }

    /// The `o=` version for the next local description: one more than the last whenever `changed` (RFC 3264 §8),
    /// the same again for an unchanged description (a session refresh).
    pub fn next_version(&mut self, changed: bool) -> u64 {
        if changed || self.version == 0 {
            self.version += 1;
        }
        self.version
    }

    /// We send an offer.
    pub fn local_offer(&mut self) -> Result<(), Refused> {
        match self.state {
            State::Stable => self.enter(State::OfferSent),
            State::OfferSent => Err(Refused::Glare),
            State::OfferReceived => Err(Refused::Pending),
        }
    }

    /// The peer offers.
    pub fn remote_offer(&mut self) -> Result<(), Refused> {
        match self.state {
            State::Stable => self.enter(State::OfferReceived),
            State::OfferSent => Err(Refused::Glare),
            State::OfferReceived => Err(Refused::Pending),
        }
    }

    /// We answer the peer's offer.
    pub fn local_answer(&mut self) -> Result<(), Refused> {
        self.answer(State::OfferReceived)
    }

    /// The peer answers our offer.
    pub fn remote_answer(&mut self) -> Result<(), Refused> {
        self.answer(State::OfferSent)
    }

    /// The request that carried the open offer failed or its transaction ended: what was agreed before stands.
    pub fn rollback(&mut self) {
        self.state = State::Stable;
    }

    fn answer(&mut self, owed: State) -> Result<(), Refused> {
        if self.state != owed {
            return Err(Refused::Unexpected);
        }
        self.rounds = self.rounds.saturating_add(1);
        self.enter(State::Stable)
    }

    fn enter(&mut self, state: State) -> Result<(), Refused> {
        self.state = state;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offer_and_answer_make_an_agreement() {
        let mut negotiation = Negotiation::default();
        assert_eq!(negotiation.local_offer(), Ok(()));
        assert!(!negotiation.is_agreed());
        assert_eq!(negotiation.remote_answer(), Ok(()));
        assert!(negotiation.is_agreed());
        assert_eq!(negotiation.state(), State::Stable);
    }

    #[test]
    fn crossing_offers_are_glare() {
        let mut negotiation = Negotiation::default();
        negotiation.local_offer().unwrap();
        assert_eq!(negotiation.remote_offer(), Err(Refused::Glare));
    }

    #[test]
    fn second_offer_waits_for_the_first_answer() {
        let mut negotiation = Negotiation::default();
        negotiation.remote_offer().unwrap();
        assert_eq!(negotiation.remote_offer(), Err(Refused::Pending));
        assert_eq!(negotiation.local_offer(), Err(Refused::Pending));
    }

    #[test]
    fn rollback_keeps_the_earlier_agreement() {
        let mut negotiation = Negotiation::default();
        negotiation.remote_offer().unwrap();
        negotiation.local_answer().unwrap();
        negotiation.local_offer().unwrap();
        negotiation.rollback();
        assert!(negotiation.is_agreed());
        assert_eq!(negotiation.remote_answer(), Err(Refused::Unexpected));
    }

    #[test]
    fn version_grows_only_with_a_change() {
        let mut negotiation = Negotiation::default();
        assert_eq!(negotiation.next_version(false), 1);
        assert_eq!(negotiation.next_version(false), 1);
        assert_eq!(negotiation.next_version(true), 2);
    }
}
