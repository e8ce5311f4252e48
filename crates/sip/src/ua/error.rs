//! Misuse of the user agent by its owner. What the network does wrong is never an error but an event or a response.

/// Why a command was not carried out. Races make the first three ordinary: the peer may end a call at any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The session is over.
    #[error("the session is over")]
    UnknownSession,
    /// The transaction is over.
    #[error("the transaction is over")]
    UnknownTransaction,
    /// A final answer was given before.
    #[error("the request has been answered already")]
    AlreadyAnswered,
    /// Not possible in this state, for instance BYE before an answer.
    #[error("not possible in this state of the session")]
    WrongState,
    /// An offer of either side is open.
    #[error("an offer is waiting for its answer")]
    OfferPending,
    /// The registration is over.
    #[error("the registration is over")]
    UnknownRegistration,
}
